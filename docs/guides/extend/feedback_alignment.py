"""Feedback alignment: back-propagation through fixed random matrices (Lillicrap 2016, doi:10.1038/ncomms13276)."""

from dataclasses import dataclass, replace

from archsim import register
from archsim.mapping import copy_blocks, error_rows, most_copy_blocks
from archsim.rules.bp import BP
from archsim.snn.learn.chip import whose_inputs_learn
from archsim.snn.learn.products import matrices
from archsim.snn.weights import stream


@dataclass
class Fixed:  # products that carry errors back through fixed matrices: on a chip its arrays, else plain numbers
    recipe: object

    def backward(self, key, error):
        return self.recipe.project(key, error) if self.recipe.project else error @ self.recipe.feedback[key].T


@register
class FeedbackAlignment(BP):
    kind, title, colour, reads_transposed = "fa", "FA", 3, False

    def blocks(self, chip, network, plan):  # laid out like BP's second copy, but never written
        rows = error_rows(plan.layer, plan.n_rows, network)
        return [replace(block, role="feedback") for block in copy_blocks(plan.layer, plan.n_rows, rows, chip)]

    def most_blocks(self, chip, network, layer, n_rows):
        return most_copy_blocks(layer, n_rows, chip)

    def error_arrays(self, plan):
        return plan.feedback

    def feedback(self, work, network, seed, draw):  # (inputs, outputs), as large as the weights that it stands for
        own = {key: weights for key, weights in matrices(network).items() if key in whose_inputs_learn(network)}
        return {key: stream(seed, 7, i).normal(size=w.T.shape) * w.std() for i, (key, w) in enumerate(own.items())}

    def gradients(self, network, tape, error, products, recipe):
        return super().gradients(network, tape, error, Fixed(recipe), recipe)
