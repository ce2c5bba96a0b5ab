"""`canonical`: bring every weight vector into canonical form, then an MLP. Complete on all of V, on every space, and not continuous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from ..harness.oracles.orbit import MAX_EDGES, SECONDS, moved
from ..harness.oracles.stabiliser import entry_orbits
from ..harness.oracles.tuples.colouring import colour
from ..harness.oracles.tuples.orbits import elements_alone
from ..harness.oracles.tuples.stabiliser import stabiliser
from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Arrays, Weights
from ..harness.weights.space import WeightSpace
from ..harness.weights.symmetry import GroupElement
from .flat_mlp import FlatMLP
from .heads import check_input


class PastBudget(RuntimeError):
    """A weight vector whose canonical form or stabiliser is not found within the oracles' budget."""


@register(
    "canonical",
    symmetry="permutation",
    power="complete",
    continuous=False,
    modes=("eval", "train"),
    spaces="any",
    paper="control",
)
class Canonical(nn.Module):
    """`MLP(s v)` or `s^-1 mean_t t MLP(s v)`: `s v` is v's canonical form, and t runs through what leaves `s v` alone.

    `s v` is one and the same on the whole orbit, to the bit, and differs between orbits. `s` is not: `t s` does as well, for
    every t in the stabiliser of `s v` (twins exchanged, a cycle turned). An equivariant output is therefore averaged over
    the stabiliser: over each set of entries that it maps to one another.

    The form comes from exact refinement and canonical labelling (harness/oracles/tuples/orbits.py), on
    float64 copies of the numbers that come in, whatever their dtype. This is done on the CPU in a loop over samples: no
    batched algorithm is known. Gradients flow through the permuted weights, not through the choice of s. One ulp of noise
    can change the order of neurons that were alike, and the output jumps.

    Args:
        space: any weight space.
        output: invariant or equivariant.
        channels, depth: width and number of the hidden layers, at least 1 each.

    Raises:
        ValueError: an option out of range.
        SpaceError (when called): weights of another space, or not finite.
        PastBudget (when called): a weight vector that is too symmetric to be labelled in time.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        super().__init__()
        self.space = space
        self.network = FlatMLP(space, output, channels=channels, depth=depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        vectors = [v.arrays(index) for index in range(v.batch)]
        elements = canonical_batch(self.space, vectors)
        sources = {
            axis: torch.tensor([np.argsort(dict(g.permutations)[axis]).tolist() for g in elements], device=v.device)
            for axis in self.space.permuted
        }
        answer = self.network(gathered(v, sources))
        if isinstance(answer, torch.Tensor):
            return answer
        forms = [moved(self.space, g, vector) for g, vector in zip(elements, vectors, strict=True)]
        labels = torch.from_numpy(stabiliser_orbits(self.space, forms)).to(v.device)
        return gathered(averaged(answer, labels), {axis: source.argsort(dim=1) for axis, source in sources.items()})


def gathered(v: Weights, sources: Mapping[str, torch.Tensor]) -> Weights:
    """The weights in which index `i` of an axis is what index `sources[axis][:, i]` was; bits are kept.

    The action of `symmetry.act` for elements that are tensors already: one gather a place, no loop over samples.

    Args:
        sources: axis -> a batch of permutations `[batch, n]`.
    """
    moved_tensors = dict(v.tensors)
    for name, axes in v.space.tensors:
        for place, axis in enumerate(axes, 1):
            if axis in sources:
                shape = [v.batch, *[1] * (len(axes) + 1)]
                shape[place] = -1
                moved_tensors[name] = torch.take_along_dim(moved_tensors[name], sources[axis].view(shape), dim=place)
    return Weights(v.space, moved_tensors)


def canonical_batch(space: WeightSpace, vectors: Sequence[Arrays]) -> list[GroupElement]:
    """For each vector an element that maps it to its canonical form; what it is depends on that vector alone.

    Raises:
        SpaceError: a NaN or infinity.
        PastBudget: the labelling of one of them takes too long.
    """
    elements = []
    for found in elements_alone(space, vectors):
        if found is None:
            raise PastBudget(f"no canonical labelling within {SECONDS:g} s and {MAX_EDGES} edges")
        elements.append(found)
    return elements


def stabiliser_orbits(space: WeightSpace, forms: Sequence[Arrays]) -> np.ndarray:
    """`[forms, parameters]`: entries of a form have one label iff an element that leaves the form alone maps one to the other.

    Raises:
        PastBudget: the stabiliser takes too long to find.
    """
    known: dict[bytes, np.ndarray] = {}  # all copies of a net have one form
    keys = []
    alone = np.arange(space.parameters)
    for form, discrete in zip(forms, np.all(colour(space, forms).is_discrete, axis=1), strict=True):
        if discrete:  # nothing but the identity leaves it alone
            keys.append(b"")
            known[b""] = alone
            continue
        keys.append(b"".join(form[name].tobytes() for name in space.axes))
        if keys[-1] not in known:
            found = stabiliser(space, form)
            if found is None:
                raise PastBudget(f"no stabiliser within {SECONDS:g} s")
            flat, labels = 0, []
            for label in entry_orbits(space, found.generators).values():
                labels.append(flat + label.reshape(-1))
                flat += label.size
            known[keys[-1]] = np.concatenate(labels)
    return np.stack([known[key] for key in keys])


def averaged(v: Weights, labels: torch.Tensor) -> Weights:
    """Every entry replaced by the mean over the entries of its sample with the same label.

    Args:
        labels: `[batch, parameters]`, integers below `parameters`, entries in the order of `Weights.flat`.
    """
    batch, parameters = labels.shape
    places = (labels + torch.arange(batch, device=labels.device).unsqueeze(1) * parameters).flatten()
    rows = v.flat().reshape(batch * parameters, v.channels)
    counts = torch.bincount(places, minlength=len(rows)).clamp(min=1).unsqueeze(1).to(rows.dtype)
    means = (torch.zeros_like(rows).index_add(0, places, rows) / counts)[places]
    return Weights.from_flat(v.space, means.view(batch, -1))
