"""As much of torch as a bridge sees of it, on numpy: tensors, modules, hooks. For tests without torch."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np


class Tensor:
    """An array with the few methods that are asked for."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float64)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values

    def narrow(self, axis, first, n):
        return Tensor(np.take(self.values, range(first, first + n), axis))

    def untyped_storage(self):
        return self

    def data_ptr(self):
        array = self.values
        while array.base is not None:
            array = array.base
        return id(array)

    def __getitem__(self, at):
        return Tensor(self.values[at])


def as_tensor(x):
    return x if isinstance(x, Tensor) else Tensor(x)


no_grad = nullcontext


class _Handle:
    def __init__(self, hooks, hook):
        self.hooks, self.hook = hooks, hook
        hooks.append(hook)

    def remove(self):
        self.hooks.remove(self.hook)


class Module:
    """Calls `forward`, then its hooks."""

    training = True

    def __init__(self, **children):
        self.children, self.hooks = children, []

    def named_children(self):
        return list(self.children.items())

    def register_forward_hook(self, hook):
        return _Handle(self.hooks, hook)

    def modules(self):
        return [self, *(inner for child in self.children.values() for inner in child.modules())]

    def eval(self):
        for module in self.modules():
            module.training = False

    def __call__(self, *given):
        returned = self.forward(*given)
        for hook in self.hooks:
            hook(self, given, returned)
        return returned


class Sequential(Module):
    """One after the other, by their places."""

    def __init__(self, *modules):
        super().__init__(**{str(i): module for i, module in enumerate(modules)})

    def forward(self, x):
        for module in self.children.values():
            x = module(x)
        return x


class Linear(Module):
    """A product."""

    __module__ = "torch.nn"

    def __init__(self, weight, bias=None):
        super().__init__()
        self.weight, self.bias = Tensor(weight), None if bias is None else Tensor(bias)

    def forward(self, x):
        y = x.values @ self.weight.values.T
        return Tensor(y if self.bias is None else y + self.bias.values)


class BatchNorm1d(Module):
    """A normalisation with running statistics."""

    __module__ = "torch.nn"
    eps = 1e-5

    def __init__(self, mean, var, weight, bias):
        super().__init__()
        self.running_mean, self.running_var = Tensor(mean), Tensor(var)
        self.weight, self.bias = Tensor(weight), Tensor(bias)

    def forward(self, x):
        assert not self.training, "it must run as after training"
        centred = (x.values - self.running_mean.values) / np.sqrt(self.running_var.values + self.eps)
        return Tensor(centred * self.weight.values + self.bias.values)


class GRU(Module):
    """Something that is not supported."""

    __module__ = "torch.nn"


class Leaky(Module):
    """snnTorch's, with its equation: a reset one timestep later."""

    __module__ = "snntorch"
    graded_spikes_factor, state_quant, reset_delay, reset_mechanism = 1.0, False, True, "subtract"

    def __init__(self, beta, threshold=1.0, inhibition=False):
        super().__init__()
        self.beta, self.threshold, self.inhibition = beta, threshold, inhibition
        self.mem = 0.0

    def reset_mem(self):
        self.mem = 0.0

    def forward(self, x):
        reset = self.mem > self.threshold
        self.mem = self.beta * self.mem + x.values - reset * self.threshold
        return Tensor(self.mem > self.threshold)


class IFNode(Module):
    """SpikingJelly's, which fires at its threshold."""

    __module__ = "spikingjelly.activation_based.neuron"
    v_reset = None

    def __init__(self, v_threshold=1.0):
        super().__init__()
        self.v_threshold, self.v = v_threshold, 0.0

    def reset(self):
        self.v = 0.0

    def forward(self, x):
        self.v = self.v + x.values
        fired = self.v >= self.v_threshold
        self.v = self.v - fired * self.v_threshold
        return Tensor(fired)
