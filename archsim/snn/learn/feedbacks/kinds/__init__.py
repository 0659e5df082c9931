"""Kinds of fixed matrices, one in each file."""
