"""The commands, one in a file of its name; a file's docstring is the help of its command."""
