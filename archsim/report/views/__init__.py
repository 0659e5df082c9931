"""Views of a result for notebooks, one kind in a file."""
