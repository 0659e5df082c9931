"""Random runs."""

from runs_support import evaluate, random_graphs  # noqa: F401  # fixtures
