"""One format in each file."""
