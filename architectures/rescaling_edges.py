"""What neurons gather along the edges and against them, in networks that keep rescalings: gates, and messages of a batch.

The edges of a small batch are one tensor; those of a large one are taken in parts that stay in the cache. The formulas are in the
docstring of `scale_gmn.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch

from ..harness.weights.batch import Weights

Vectors = tuple[torch.Tensor, ...]


def mean_square(z: torch.Tensor) -> torch.Tensor:
    """Over channels, `[..., 1]`."""
    return z.square().mean(-1, keepdim=True)


def above_zero(square: torch.Tensor, signs: bool) -> torch.Tensor:
    """What ||z|| is the root of; for signs 1 + ||z||^2, for positive factors a number even at z = 0, where F vanishes whatever g is."""
    if signs:
        return square + 1
    least = torch.finfo(square.dtype).tiny ** (2 / 3)  # whose power -3/2, in the gradient, is a number too
    return square.clamp(min=least)


def gate(constant: torch.Tensor, along: torch.Tensor, unit: torch.Tensor, signs: bool) -> torch.Tensor:
    """`act(u + c)` of u = along * unit; for signs made even in u."""
    # In place where no gradient needs what was there: fresh memory costs as much as the sum.
    if not signs:
        return torch.addcmul(constant, along, unit).sigmoid_()
    u = along * unit
    return (constant + u).sigmoid_() + (constant - u).sigmoid_()


def taken_at_once(device: torch.device) -> int:
    """How many numbers an operation on edges takes: what stays in the cache of a core, or what keeps a GPU busy."""
    return 2**18 if device.type == "cpu" else 2**24


def numbers(widths: Sequence[int]) -> int:
    """2 E: how many edges there are along the edges and against them."""
    return 2 * sum(before * after for before, after in pairwise(widths))


def ends_of_edges(widths: Sequence[int], channels: int) -> torch.Tensor | None:
    """`[2, 2 E]`: receiver and sender of every edge as rows of `[2 N]`; along the edges, then against them, receivers in order.

    None where no batch is so small that its edges are taken at once.
    """
    if numbers(widths) * channels > max(taken_at_once(torch.device(kind)) for kind in ("cpu", "cuda")):
        return None
    neurons = torch.arange(2 * sum(widths)).split([*widths] * 2)
    L = len(widths) - 1
    along = [(neurons[i + 1], neurons[i]) for i in range(L)]
    against = [(neurons[L + 1 + i], neurons[L + 2 + i]) for i in range(L)]
    return torch.cat([torch.cartesian_prod(*pair).T for pair in (*along, *against)], 1)


class Edges(ABC):
    """The weights of a batch as edges, along them and against them.

    A message to neuron j is `F([x_j; m_jk])` with `m_jk = w_jk sent_k`. All its products are taken on neurons, since
    `A [x_j; m_jk] = A x_j + m_jk`, `G [x_j; m_jk] = G_1 x_j + w_jk G_2 sent_k` and `||m_jk||^2 = w_jk^2 ||sent_k||^2`.

    Args:
        v: the weights.
        signs: whether the factors are signs.
    """

    def __init__(self, v: Weights, signs: bool):
        self.widths, self.signs = v.space.widths, signs
        along = [w.permute(1, 2, 0, 3) for w in v.weights]
        self.matrices = [*along, *(w.transpose(0, 1) for w in along)]
        """`[n, m, B, 1]` of each layer along the edges, and `[m, n, B, 1]` against them."""

    def gathered(self, constant: torch.Tensor, receivers: Vectors, senders: Vectors) -> torch.Tensor:
        """What each neuron gathers along the edges and against them, `[2 N, B, C]`; zeros where nobody sends.

        Args:
            constant: c, `[2, C]`.
            receivers: `||x_j||^2 / 2`, above zero, and `[A x_j; G_1 x_j]`, of x and y and all neurons, `[2 N, B, .]`.
            senders: `||sent_k||^2 / 2` and `[sent_k; G_2 sent_k]`.
        """
        layers = self.layers(constant, receivers, senders)
        first, last = self.widths[0], self.widths[-1]
        none = layers[0].new_zeros(max(first, last), *layers[0].shape[1:])
        return torch.cat([none[:first], *layers, none[:last]])

    @abstractmethod
    def layers(self, constant: torch.Tensor, receivers: Vectors, senders: Vectors) -> list[torch.Tensor]:
        """The sums over k, in the order of the receivers j, `[., B, C]`."""


class AtOnce(Edges):
    """Of a small batch: all in one tensor, with neurons copied to their edges, since operations are what takes time.

    Args:
        ends: of each edge the receiver and the sender, rows of `[2 N]`, `[2, 2 E]`.
    """

    def __init__(self, v: Weights, signs: bool, ends: torch.Tensor):
        super().__init__(v, signs)
        self.to, self.start = ends
        self.shapes = [w.shape[:2] for w in self.matrices]
        self.w = torch.cat([w.flatten(0, 1) for w in self.matrices])
        self.square = self.w * self.w

    def layers(self, constant: torch.Tensor, receivers: Vectors, senders: Vectors) -> list[torch.Tensor]:
        """As `Edges` says."""
        (size, receiving), (of_size, sending) = (
            tuple(each.index_select(0, ends) for each in some)
            for some, ends in ((receivers, self.to), (senders, self.start))
        )
        unit = torch.addcmul(size, of_size, self.square).rsqrt_().unflatten(0, (2, -1))
        message, along = torch.addcmul(receiving, sending, self.w).unflatten(0, (2, -1)).chunk(2, -1)
        messages = (gate(constant.view(2, 1, 1, -1), along, unit, self.signs) * message).flatten(0, 1)
        layers = messages.split([n * m for n, m in self.shapes])
        return [each.unflatten(0, shape).sum(1) for each, shape in zip(layers, self.shapes, strict=True)]


class InParts(Edges):
    """Of a large batch: part by part of the receivers of one layer; neurons find their edges by broadcasting.

    Args:
        channels: C.
    """

    def __init__(self, v: Weights, signs: bool, channels: int):
        super().__init__(v, signs)
        limit, L = taken_at_once(v.weights[0].device), len(v.weights)
        self.parts: list[tuple[int, int, torch.Tensor, torch.Tensor]] = []
        """Of each part 0 along the edges and 1 against them, the layer that sends, of x and then of y, and its weights and their squares."""
        for number, w in enumerate(self.matrices):
            for part in w.split(max(1, limit // (w[0].numel() * channels))):
                part = part.contiguous()
                self.parts.append((number // L, number + number // L * 2, part, part * part))

    def layers(self, constant: torch.Tensor, receivers: Vectors, senders: Vectors) -> list[torch.Tensor]:
        """As `Edges` says."""
        (size, receiving), (of_size, sending) = receivers, senders
        rows = [self.widths[0], *(len(part[2]) for part in self.parts), self.widths[-1]]
        to = zip(*(each.unsqueeze(1).split(rows)[1:-1] for each in (size, *receiving.chunk(2, -1))), strict=True)
        start = list(
            zip(
                *(each.unsqueeze(0).split(self.widths * 2, 1) for each in (of_size, *sending.chunk(2, -1))), strict=True
            )
        )
        constants, found = constant.unbind(), []
        for (size, own, turned), (way, layer, w, square) in zip(to, self.parts, strict=True):
            of_size, sent, of_turned = start[layer]
            unit = torch.addcmul(size, of_size, square).rsqrt_()
            g = gate(constants[way], torch.addcmul(turned, of_turned, w), unit, self.signs)
            found.append((g * torch.addcmul(own, sent, w)).sum(1))
        return found


def edges_of(v: Weights, signs: bool, ends: torch.Tensor | None, channels: int) -> Edges:
    """The edges of a batch, in the form that suits its size: of `ends` as `ends_of_edges` gives them, and C channels."""
    few = numbers(v.space.widths) * v.batch * channels <= taken_at_once(v.weights[0].device)
    return AtOnce(v, signs, ends) if few and ends is not None else InParts(v, signs, channels)
