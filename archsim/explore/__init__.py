"""Which chip: how sure an answer is, sweeps and searches."""
