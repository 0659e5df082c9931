"""Compiled loops of the engines, which need numba; each has a plain twin outside that it equals.

- `single`: graphs whose tasks hold one unit of at most one resource, and policy static; the wheel and the heap.
- `general`: all rules.
- `long`: a window of blocks that rolls over any number of timesteps.
- `bounds`: earliest starts and least times to the end.
"""
