"""Design moves, one kind in a file."""
