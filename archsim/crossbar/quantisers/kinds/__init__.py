"""One quantiser of errors in each file."""
