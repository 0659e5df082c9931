"""A loss, a surrogate derivative and an encoder of one's own."""

import numpy as np

import archsim
from archsim.snn import Encoding, encode
from archsim.snn.encoders import Encoder
from archsim.snn.learn.losses import Loss, score
from archsim.snn.learn.surrogates import Surrogate, SurrogateKind


@archsim.register
class AbsoluteError(Loss):  # learning.loss: absolute_error
    kind = "absolute_error"

    def value_and_error(self, outputs, wanted):
        off = outputs - wanted
        return np.abs(off).mean(), np.sign(off) / off.size


@archsim.register
class Box(SurrogateKind):  # learning.surrogate: {kind: box, width: 2}
    kind = "box"

    def slope(self, x, width):
        return (np.abs(x) < width / 2) / width


@archsim.register
class Sign(Encoder):  # learning.data.encoding: sign
    kind = "sign"

    def encode(self, windows, encoding, seed, key):
        return (np.swapaxes(windows, 0, 1) > 0).astype(np.uint8)


print(score("absolute_error", np.ones((2, 1, 2)), np.array([1])).value)
print(Surrogate("box", 2.0)(np.array([-3.0, 0.5])).tolist())
print(encode(np.array([[[0.5], [-0.5]]]), Encoding("sign")).ravel().tolist())
