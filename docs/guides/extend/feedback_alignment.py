"""Feedback alignment: back-propagation through fixed random matrices (Lillicrap 2016, doi:10.1038/ncomms13276)."""

from dataclasses import replace
from types import SimpleNamespace

from archsim import register
from archsim.mapping import copy_blocks, error_rows, most_copy_blocks
from archsim.rules.bp import BP
from archsim.rules.settings import BPSettings
from archsim.snn.learn.chip import whose_inputs_learn
from archsim.snn.learn.products import matrices
from archsim.snn.weights import stream


@register
class FeedbackAlignment(BP):
    kind, title, colour, reads_transposed = "fa", "FA", 3, False

    class Settings(BPSettings):  # what a workload may say in learning.rules.fa
        scale: float = 1.0

    def blocks(self, chip, work, plan):  # laid out like BP's second copy, but never written
        rows = error_rows(plan.layer, plan.n_rows, work.network)
        return [replace(block, role="feedback") for block in copy_blocks(plan.layer, plan.n_rows, rows, chip)]

    def most_blocks(self, chip, work, layer, n_rows):
        return most_copy_blocks(layer, n_rows, chip)

    def error_arrays(self, plan):
        return plan.feedback

    def feedback(self, work, network, seed, draw):  # (inputs, outputs), as large as the weights that it stands for
        own = {key: weights for key, weights in matrices(network).items() if key in whose_inputs_learn(network)}
        sizes = {key: self.settings(work).scale * weights.std() for key, weights in own.items()}
        return {key: stream(seed, 7, i).normal(0.0, sizes[key], own[key].T.shape) for i, key in enumerate(own)}

    def gradients(self, network, tape, error, products, recipe):
        product = recipe.project or (lambda key, error: error @ recipe.feedback[key].T)  # arrays, or plain numbers
        return super().gradients(network, tape, error, SimpleNamespace(backward=product), recipe)
