"""A whole study: what DFA saves against BP around a base, by which mechanism, and what noise does to both.

The command ``archsim study dfa-vs-bp``; :mod:`archsim.study.dfa_vs_bp.run` is the first file to read.
"""

from archsim.study.dfa_vs_bp.page import page, read_study, summary_text, write_study
from archsim.study.dfa_vs_bp.run import Question, dfa_vs_bp

__all__ = ["Question", "dfa_vs_bp", "page", "read_study", "summary_text", "write_study"]
