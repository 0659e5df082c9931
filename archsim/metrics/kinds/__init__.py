"""Figures of a run that a study can ask for."""
