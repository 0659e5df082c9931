"""One law of the number of pulses in each file."""
