"""One surrogate derivative in each file."""
