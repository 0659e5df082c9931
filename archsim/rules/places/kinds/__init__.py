"""Places of fixed matrices, one in each file."""
