"""One kind of ADC in each file."""
