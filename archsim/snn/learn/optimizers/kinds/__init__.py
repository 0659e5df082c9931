"""One optimizer in each file."""
