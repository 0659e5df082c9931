"""One encoder in each file."""
