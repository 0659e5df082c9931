"""One law of drift in each file."""
