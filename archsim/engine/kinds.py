"""Names of the engines and of the policies."""

from __future__ import annotations

ENGINES = ("simpy", "heap", "compiled")
"""`simpy` is the meaning; the others give the same trace, faster."""

POLICIES = ("fifo", "static")
"""Who goes first at a resource: who came first, or who has the smaller task id."""
