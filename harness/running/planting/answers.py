"""Planted networks that carry the answer to a target map and learn its units alone, and ones that claim to have it.

So a row of training costs a few dozen steps: where the answer is there it is found, and where it is not no budget would find it.
"""

from __future__ import annotations

import torch
from torch import nn

from ...plugins.architecture import Equivariant, Invariant, Unsupported
from ...weights.batch import Weights
from ...weights.realisation import realise
from ...weights.space import WeightSpace
from .networks import Flaw, Tensors


def overlaps(v: Weights) -> torch.Tensor:
    """`[batch, 1]`: how often rows of the second matrix overlap, which refinement does not see."""
    rows = v.weights[1].squeeze(-1)
    return (rows @ rows.mT).square().mean((1, 2))[:, None]


def centred(squares: torch.Tensor, entries: int) -> torch.Tensor:
    """Norms from sums of squares, less what they are for entries of size one, in units of about their spread."""
    return 3 * ((squares + 1e-12).sqrt() - entries**0.5)


def blurred(known: torch.Tensor, pad: torch.Tensor) -> torch.Tensor:
    """The answer as a network of so many parameters has it: off by a wave whose height falls with their number."""
    return known + 10 / len(pad) * (5 * known + pad.mean()).sin()


class Norms(nn.Module):
    """The norm of every tensor, less what it is for entries of size one; the more `channels` the nearer."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Invariant, *, channels: int = 100):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("it is asked for functionals alone")
        self.pad = nn.Parameter(torch.zeros(channels))
        self.read = nn.Linear(self.wide(space), output.dim)

    def wide(self, space: WeightSpace) -> int:
        return len(space.axes)

    def features(self, v: Weights) -> torch.Tensor:
        flat = [tensor.flatten(1) for _, tensor in v.items()]
        return torch.stack([centred(tensor.square().sum(1), tensor.shape[1]) for tensor in flat], 1)

    def forward(self, v: Weights) -> torch.Tensor:
        return self.read(blurred(self.features(v), self.pad))


class Moments(Norms):
    """The root mean square over the first hidden layer's neurons of the sum of all paths from there on, less what it is for entries
    of size one, in units of about its spread."""

    def wide(self, space: WeightSpace) -> int:
        return 1

    def features(self, v: Weights) -> torch.Tensor:
        along, *rest = (weight.squeeze(-1) for weight in reversed(v.weights[1:]))
        for matrix in rest:
            along = along @ matrix
        return 2 * ((along.square().mean((1, 2)) + 1e-12).sqrt()[:, None] - 2)


class Silent(Norms):
    """It answers alike whatever it is given."""

    def features(self, v: Weights) -> torch.Tensor:
        return torch.zeros_like(super().features(v))


class NormsOfBiases(Norms):
    """Deaf to every matrix."""

    def features(self, v: Weights) -> torch.Tensor:
        found = super().features(v)
        heard = torch.tensor([float(name.startswith("b")) for name, _ in v.items()], device=found.device)
        return found * heard.to(found)


class NormsAndOverlaps(Norms):
    def forward(self, v: Weights) -> torch.Tensor:
        return super().forward(v) + self.flaw.size * overlaps(v)


class NormsOfBiasesAndOverlaps(NormsOfBiases):
    def forward(self, v: Weights) -> torch.Tensor:
        return super().forward(v) + self.flaw.size * overlaps(v)


class ValueInTheMiddle(nn.Module):
    """The function's value at 1/2."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Invariant, *, channels: int = 100):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("it is asked for functionals alone")
        self.pad = nn.Parameter(torch.zeros(channels))
        self.register_buffer("points", torch.full((1, space.widths[0]), self.at))
        self.read = nn.Linear(space.widths[-1], output.dim)

    points: torch.Tensor
    at = 0.5

    def forward(self, v: Weights) -> torch.Tensor:
        return self.read(blurred(realise(v, self.points).flatten(1), self.pad))


class ValueFarAway(ValueInTheMiddle):
    """The function's value at a point that says little of the middle."""

    at = -8.0


class ValueAndOverlaps(ValueInTheMiddle):
    def forward(self, v: Weights) -> torch.Tensor:
        return super().forward(v) + self.flaw.size * overlaps(v)


class ValueAndBiases(ValueInTheMiddle):
    """It also sees how large biases are, which the function does not tell."""

    def forward(self, v: Weights) -> torch.Tensor:
        return super().forward(v) + self.flaw.size * v.biases[0].square().mean((1, 2))[:, None]


class FourthPowers(nn.Module):
    """Every entry's fourth power, and a number for every tensor: `g phi(v) = phi(g v)`."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Equivariant):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("it is asked for operators alone")
        self.gain = nn.ParameterDict({name: nn.Parameter(0.1 * torch.randn(output.channels)) for name in space.axes})
        self.shift = nn.ParameterDict({name: nn.Parameter(torch.zeros(output.channels)) for name in space.axes})

    def feature(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.square().square()

    def forward(self, v: Weights) -> Weights:
        made: Tensors = {
            name: self.feature(name, tensor) * self.gain[name] + self.shift[name] for name, tensor in v.items()
        }
        return Weights(v.space, made)


class FourCycles(FourthPowers):
    """It also sees the walks of three steps through the second matrix, and so its 4-cycles."""

    def feature(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        own = super().feature(name, tensor)
        if name != "W2":
            return own
        matrix = tensor.squeeze(-1)
        return own + self.flaw.size * (matrix * (matrix @ matrix.mT @ matrix)).unsqueeze(-1)


class NeuronNorms(nn.Module):
    """Norms of what comes into each neuron, and of what goes out, on every entry of the neuron."""

    flaw = Flaw()
    hears = 1.0

    def __init__(self, space: WeightSpace, output: Equivariant, *, channels: int = 100):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("it is asked for operators alone")
        layers = len(space.widths) - 1
        self.pad = nn.Parameter(torch.zeros(channels))
        self.share = nn.Parameter(torch.zeros(layers))
        self.gain = nn.ParameterDict({name: nn.Parameter(torch.ones(output.channels)) for name in space.axes})
        self.shift = nn.ParameterDict({name: nn.Parameter(torch.zeros(output.channels)) for name in space.axes})

    def forward(self, v: Weights) -> Weights:
        weights, biases = [w.squeeze(-1) for w in v.weights], [b.squeeze(-1) for b in v.biases]
        squares = [self.hears * w.square() for w in weights]
        incoming = [
            centred(square.sum(2) + share.exp() * b.square(), square.shape[2])
            for square, b, share in zip(squares, biases, self.share, strict=True)
        ]
        outgoing = [centred(square.sum(1), square.shape[1]) for square in squares]
        outgoing.append(torch.zeros_like(biases[-1]))
        made: Tensors = {}
        for layer, (row, column) in enumerate(zip(incoming, outgoing, strict=False), 1):
            shape = (*row.shape, column.shape[1])
            made[f"W{layer}"] = torch.stack([row[:, :, None].expand(shape), column[:, None].expand(shape)], -1)
            made[f"b{layer}"] = torch.stack([row, outgoing[layer]], -1)
        seen = {name: blurred(tensor, self.pad) for name, tensor in made.items()}
        return Weights(v.space, {name: tensor * self.gain[name] + self.shift[name] for name, tensor in seen.items()})


class BiasNorms(NeuronNorms):
    """Deaf to every matrix."""

    hears = 0.0


class Entries(NeuronNorms):
    """It sees entries alone, and none of its neighbours."""

    def forward(self, v: Weights) -> Weights:
        seen = {name: blurred(tensor.square(), self.pad) for name, tensor in v.items()}
        return Weights(v.space, {name: tensor * self.gain[name] + self.shift[name] for name, tensor in seen.items()})


class Fixed(NeuronNorms):
    """It answers alike whatever it is given."""

    def forward(self, v: Weights) -> Weights:
        nothing = self.pad.mean()
        return Weights(v.space, {name: 0.0 * tensor + self.shift[name] + nothing for name, tensor in v.items()})


class EntriesAndOverlaps(FourthPowers):
    """Every entry of one tensor also knows how often rows of a matrix overlap."""

    tensor = "W2"

    def forward(self, v: Weights) -> Weights:
        made = super().forward(v)
        known = self.flaw.size * overlaps(v)
        tensors = dict(made.items())
        tensors[self.tensor] = tensors[self.tensor] + known.view(-1, *[1] * (tensors[self.tensor].ndim - 1))
        return Weights(v.space, tensors)


class BiasesAndOverlaps(EntriesAndOverlaps):
    tensor = "b1"


class Rescaled(nn.Module):
    """Every tensor times a number: it moves no function by a constant."""

    flaw = Flaw()

    def __init__(self, space: WeightSpace, output: Equivariant, *, channels: int = 100):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("it is asked for operators alone")
        self.pad = nn.Parameter(torch.zeros(channels))
        self.gain = nn.ParameterDict({name: nn.Parameter(0.1 * torch.randn(output.channels)) for name in space.axes})

    def forward(self, v: Weights) -> Weights:
        return Weights(v.space, {name: tensor * self.gain[name] + self.wave(tensor) for name, tensor in v.items()})

    def wave(self, tensor: torch.Tensor) -> torch.Tensor:
        return 5 / len(self.pad) * (9 * tensor + self.pad.mean()).sin()


class Shifted(Rescaled):
    """And moved by one."""

    def __init__(self, space: WeightSpace, output: Equivariant, *, channels: int = 100):
        super().__init__(space, output, channels=channels)
        self.shift = nn.ParameterDict({name: nn.Parameter(torch.zeros(output.channels)) for name in space.axes})

    def forward(self, v: Weights) -> Weights:
        moved = super().forward(v)
        return Weights(v.space, {name: tensor + self.shift[name] for name, tensor in moved.items()})


class Hinges(nn.Module):
    """For one neuron between one input and one output: in each channel a hinge of its own, times what the neuron is worth.

    `a relu(w x)`, its teeth doubled, has three hinges where w > 0 and two where w < 0; so many averaged networks of one neuron have it.
    """

    flaw = Flaw()
    RIGHT = ((2.0, 1.0, 1.0), (2.0, 0.0, -2.0), (2.0, -1.0, 1.0), (2.0, 0.0, 0.0))
    LEFT = ((2.0, -1.0, 1.0), (-2.0, -1.0, 1.0), (2.0, 0.0, 0.0), (2.0, 0.0, 0.0))

    def __init__(self, space: WeightSpace, output: Equivariant, *, channels: int = 100):
        super().__init__()
        if not isinstance(output, Equivariant) or space.widths != (1, 1, 1):
            raise Unsupported("it is asked for operators on one neuron alone")
        self.pad = nn.Parameter(
            torch.zeros(channels)
        )  # worth nothing: so that networks of several numbers have one size
        self.channels = output.channels
        wanted = [torch.tensor([side[c % 4] for c in range(self.channels)]).T for side in (self.RIGHT, self.LEFT)]
        self.at = nn.Parameter(torch.stack(wanted) + 0.01 * torch.randn(2, 3, self.channels))  # [side, what, channel]

    def forward(self, v: Weights) -> Weights:
        w, a = v.tensors["W1"], v.tensors["W2"]  # [batch, 1, 1, 1]
        right = (w > 0).to(w)
        slope, place, height = (right * self.at[0, what] + (1 - right) * self.at[1, what] for what in range(3))
        wanted = {
            "W1": slope,
            "b1": place.squeeze(2),
            "W2": self.channels * height * a * w.abs() + 0.0 * self.pad.mean(),
            "b2": torch.zeros_like(place).squeeze(2),
        }
        return Weights(v.space, {name: self.shown(wanted[name] - tensor) for name, tensor in v.items()})

    def shown(self, moved: torch.Tensor) -> torch.Tensor:
        return moved


class OneHinge(Hinges):
    """Every channel is the first one, so that many networks are worth one."""

    def shown(self, moved: torch.Tensor) -> torch.Tensor:
        return moved[..., :1].expand_as(moved)


class PairedHinges(Hinges):
    """Every second channel repeats the one before."""

    def shown(self, moved: torch.Tensor) -> torch.Tensor:
        return moved[..., torch.arange(moved.shape[-1]) // 2]
