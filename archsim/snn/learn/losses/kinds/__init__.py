"""One loss in each file."""
