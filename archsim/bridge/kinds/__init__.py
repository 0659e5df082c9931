"""One library of spiking modules in each file."""
