"""Editing networks whose edits come in a frame of their own: sound under the law of functions, and the ways to get the frame wrong."""

from __future__ import annotations

from math import pi

import torch
from stranger_editors import Editor, numbered

from orbitcheck import Weights, register
from orbitcheck.architectures.factors.gl_net import GLNet
from orbitcheck.architectures.magep import ScaleMAGEP
from orbitcheck.architectures.sine_lift import SineLift


class Rescaled(ScaleMAGEP):
    """Hidden neurons of the edit multiplied, in and out, by numbers that factors move."""

    uneven = 0.0

    def __init__(self, space, output):
        super().__init__(space, output, channels=4)

    def forward(self, v):
        found = super().forward(v)
        if not isinstance(found, Weights):
            return found
        made = dict(found.tensors)
        for layer in range(1, len(v.space.widths) - 1):
            read = (v.biases[layer - 1].abs() + v.weights[layer - 1].abs().mean(2)).tanh()
            made[f"W{layer}"] = made[f"W{layer}"] * read.exp().unsqueeze(2)
            made[f"b{layer}"] = made[f"b{layer}"] * read.exp()
            made[f"W{layer + 1}"] = made[f"W{layer + 1}"] * ((self.uneven - 1) * read).exp().unsqueeze(1)
        return Weights(v.space, made)


class Listed(Editor):
    """Hidden neurons of the edit listed by their biases, whatever their order in v."""

    with_weights = True

    def say(self, made, v):
        made = dict(made)
        for layer in range(1, len(v.space.widths) - 1):
            order = made[f"b{layer}"].argsort(1)
            made[f"b{layer}"] = made[f"b{layer}"].take_along_dim(order, 1)
            if self.with_weights:
                made[f"W{layer}"] = made[f"W{layer}"].take_along_dim(order.unsqueeze(2), 1)
                made[f"W{layer + 1}"] = made[f"W{layer + 1}"].take_along_dim(order.unsqueeze(1), 2)
        return made


class Turned(SineLift):
    """Hidden neurons of the edited network whose bias is positive moved by a half turn, so that none is past a quarter."""

    outgoing = True

    def __init__(self, space, output):
        super().__init__(space, output, network="magep-sign", channels=4)

    def forward(self, v):
        found = super().forward(v)
        if not isinstance(found, Weights):
            return found
        made = dict(found.tensors)
        layers = len(v.space.widths) - 1
        for layer in range(1, layers):
            turns = (made[f"b{layer}"] / pi).round()
            made[f"b{layer}"] = made[f"b{layer}"] - pi * turns
            if self.outgoing:
                made[f"W{layer + 1}"] = made[f"W{layer + 1}"] * (1 - 2 * turns.remainder(2)).unsqueeze(1)
        return Weights(v.space, made)


class Orthonormal(GLNet):
    """Factors of the edit as `(Q, V R^T)` where `U = Q R`."""

    transposed = True

    def __init__(self, space, output):
        super().__init__(space, output, channels=4)

    def forward(self, v):
        found = super().forward(v)
        if not isinstance(found, Weights):
            return found
        made = dict(found.tensors)
        for up, down in self.names(v.space):
            Q, R = torch.linalg.qr(made[up].movedim(-1, 1))
            V = made[down].movedim(-1, 1).mT
            made[up], made[down] = Q.movedim(1, -1), (V @ (R.mT if self.transposed else R)).mT.movedim(1, -1)
        return Weights(v.space, made)

    @staticmethod
    def names(space):
        """Up and down projections of each pair: `[n, r]` and `[r, m]`."""
        ranks = list(space.permuted)
        return [
            (
                next(name for name, axes in space.tensors if axes[-1] == rank),
                next(name for name, axes in space.tensors if axes[0] == rank),
            )
            for rank in ranks
        ]


class Asleep(Editor):
    """Hidden neurons that no input wakes, and that know their number: functions cannot show it, tensors do."""

    def say(self, made, v):
        W1 = made["W1"].tanh() + numbered(made["W1"])
        return {**made, "W1": W1, "b1": made["b1"].tanh() - 1e3 - numbered(made["b1"])}


SCALE, SINE, FACTORS = {"symmetry": "permutation+scale"}, {"symmetry": "permutation+sign+phase"}, {"symmetry": "gl"}
SOUND = {"Rescaled": (Rescaled, SCALE), "Listed": (Listed, {}), "Turned": (Turned, SINE), "Orthonormal": (Orthonormal, FACTORS)}  # fmt: skip


class Unevenly(Rescaled):
    uneven = 1e-3


class BiasesAlone(Listed):
    with_weights = False


class WithoutOutgoing(Turned):
    outgoing = False


class Untransposed(Orthonormal):
    transposed = False


class KnowsNumbers(Listed):
    def see(self, v):
        return Weights(v.space, {**v.tensors, "b1": v.tensors["b1"] + 1e-3 * torch.cos(numbered(v.tensors["b1"]))})


BROKEN = {
    "Unevenly": (Unevenly, SCALE),
    "BiasesAlone": (BiasesAlone, {}),
    "WithoutOutgoing": (WithoutOutgoing, SINE),
    "Untransposed": (Untransposed, FACTORS),
    "KnowsNumbers": (KnowsNumbers, {}),
}


@register("file-of-a-broken-frame", law="functional")
class BrokenFrame(BiasesAlone):
    """As a user's file has it: for counter-examples."""
