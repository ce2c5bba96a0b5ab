"""SANE: a transformer over tokens of weights, with learned positions. A control without symmetry.

Schuerholt, Mahoney, Borth, *Towards Scalable and Versatile Weight Space Learning*, ICML 2024, arXiv 2406.09997.

Row j of `[W_l | b_l]`, a kernel flattened, is cut into tokens of a fixed length, zeros behind, layer after layer. A linear map of each
token and a learned vector of its place go through a transformer; a linear map gives a latent for each token. The embedding of a
model is the mean of its latents, and a decoder that mirrors all this gives weights.

Positions name every row, so nothing is a symmetry; augmentation by permutations makes it so on the training set at best. Without
positions it would be invariant to rows alone, columns of the next layer left where they are, which is no symmetry either.
"""

from __future__ import annotations

from math import prod

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size, mlp_head


class Block(nn.Module):
    """Pre-norm attention over all tokens with one head, then an MLP on each."""

    def __init__(self, channels: int):
        super().__init__()
        self.before, self.between = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.keys = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.rest = mlp_head(channels, 2 * channels, channels, depth=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[B, tokens, C]` -> `[B, tokens, C]`."""
        q, k, value = self.keys(self.before(x)).chunk(3, -1)
        pattern = (q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).softmax(-1)
        x = x + self.out(pattern @ value)
        return x + self.rest(self.between(x))


@register(
    "sane",
    symmetry="none",
    power="unknown",
    modes=("eval", "train"),
    spaces="any",
    paper="Schuerholt et al. 2024, arXiv 2406.09997",
)
class SANE(nn.Module):
    """A network of the weights as they stand: no law, in any space.

    Args:
        space: any weight space; the rows of a layer are those of all tensors with one first axis, joined.
        output: `Invariant(dim)`: a linear map of the mean latent; `Equivariant(channels)`: tokens decoded.
        token: numbers in a token.
        channels: C, of every token inside.
        depth: blocks of the encoder, and of the decoder.

    Raises:
        ValueError: an option out of range.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        token: int = 8,
        channels: int = 32,
        depth: int = 2,
    ):
        super().__init__()
        for option, value in (("token", token), ("channels", channels), ("depth", depth)):
            check_size(option, value)
        self.space, self.token = space, token
        self.layers: dict[str, list[str]] = {}
        for name, axes in space.tensors:
            self.layers.setdefault(axes[0] if axes else "", []).append(name)
        outputs = output.channels if isinstance(output, Equivariant) else 1
        self.rows = {axis: space.size.get(axis, 1) for axis in self.layers}
        self.lengths = {
            axis: [prod(space.shapes[name]) // self.rows[axis] for name in names] for axis, names in self.layers.items()
        }
        tokens = sum(self.rows[axis] * -(-sum(sizes) // token) for axis, sizes in self.lengths.items())
        self.places = nn.Parameter(torch.randn(tokens, channels) * channels**-0.5)
        self.embed = nn.Linear(token, channels)
        self.encoder = nn.Sequential(*(Block(channels) for _ in range(depth)))
        self.latent = nn.Linear(channels, channels)
        self.invariant = isinstance(output, Invariant)
        if isinstance(output, Invariant):
            self.read = nn.Linear(channels, output.dim)
        else:
            self.decoder = nn.Sequential(*(Block(channels) for _ in range(depth)))
            self.read = nn.Linear(channels, token * outputs)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        tokens = torch.cat([self._cut(v, axis) for axis in self.layers], 1)
        latents = self.latent(self.encoder(self.embed(tokens) + self.places))
        if self.invariant:
            return self.read(latents.mean(1))
        return self._joined(self.read(self.decoder(latents + self.places)))

    def _cut(self, v: Weights, axis: str) -> torch.Tensor:
        """`[B, tokens, token]` of one layer."""
        rows = torch.cat([v.tensors[name].reshape(v.batch, self.rows[axis], -1) for name in self.layers[axis]], -1)
        return functional.pad(rows, (0, -rows.shape[-1] % self.token)).reshape(v.batch, -1, self.token)

    def _joined(self, tokens: torch.Tensor) -> Weights:
        """The inverse of cutting, `[B, tokens, token * channels]` -> Weights."""
        found: dict[str, torch.Tensor] = {}
        counts = [self.rows[axis] * -(-sum(sizes) // self.token) for axis, sizes in self.lengths.items()]
        for (axis, names), part in zip(self.layers.items(), tokens.split(counts, 1), strict=True):
            channels = part.shape[-1] // self.token
            rows = part.reshape(len(part), self.rows[axis], -1, channels)[:, :, : sum(self.lengths[axis])]
            for name, values in zip(names, rows.split(self.lengths[axis], 2), strict=True):
                found[name] = values.reshape(len(part), *self.space.shapes[name], channels)
        return Weights(self.space, {name: found[name] for name in self.space.axes})
