"""One kind of neuron in each file."""
