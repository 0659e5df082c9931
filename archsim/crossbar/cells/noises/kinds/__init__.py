"""One law of the spread in each file."""
