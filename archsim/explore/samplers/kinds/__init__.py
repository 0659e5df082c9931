"""One sampler in each file."""
