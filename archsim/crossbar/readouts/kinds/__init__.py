"""One read-out in each file."""
