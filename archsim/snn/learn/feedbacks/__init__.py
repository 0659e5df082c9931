"""Fixed matrices of learning rules, one kind in each file of `kinds`: (neurons of the layer, outputs)."""

from archsim.snn.learn.feedbacks.kind import Draw, FeedbackKind, Wanted

__all__ = ["Draw", "FeedbackKind", "Wanted"]
