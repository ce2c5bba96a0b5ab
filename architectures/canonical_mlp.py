"""`canonical-mlp`: bring every weight vector into canonical form, then an MLP. Complete on all of V, and not continuous."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import nn

from ..harness.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.group import GroupElement, compose, identity, inverse
from ..harness.oracles.individualisation import MAX_WORK, next_neuron
from ..harness.oracles.orbit import MAX_EDGES, SECONDS, canonical_elements, equal, moved
from ..harness.oracles.refinement import refine, stacked
from ..harness.oracles.remainder import remainder
from ..harness.space import WeightSpace
from ..harness.weights import Arrays, Weights
from .flat_mlp import FlatMLP
from .heads import check_input
from .sorted_mlp import gather_neurons


class PastBudget(RuntimeError):
    """A weight vector whose canonical form or stabiliser is not found within the oracles' budget."""


@register(
    "canonical-mlp",
    symmetry="permutation",
    power="complete",
    continuous=False,
    modes=("eval", "train"),
    paper="control",
)
class CanonicalMLP(nn.Module):
    """`MLP(s v)` or `s^-1 mean_t t MLP(s v)`: `s v` is v's canonical form, and t runs through what leaves `s v` alone.

    `s v` is one and the same on the whole orbit, to the bit, and differs between orbits. `s` is not: `t s` does as well, for
    every t in the stabiliser of `s v` (twins exchanged, a cycle turned). An equivariant output is therefore averaged over
    the stabiliser: over each set of entries that it maps to one another.

    The form comes from exact refinement and canonical labelling of the parameter graph (harness/oracles/orbit.py), on
    float64 copies of the numbers that come in, whatever their dtype. This is done on the CPU in a loop over samples: no
    batched algorithm is known. Gradients flow through the permuted weights, not through the choice of s. One ulp of noise
    can change the order of neurons that were alike, and the output jumps.

    Args:
        space: an MLP's.
        output: invariant or equivariant.
        channels, depth: width and number of the hidden layers, at least 1 each.

    Raises:
        Unsupported: the space is no MLP's.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space, or not finite.
        PastBudget (when called): a weight vector that is too symmetric to be labelled in time.
    """

    def __init__(
        self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2
    ) -> None:
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"canonical labelling knows the parameter graph of an MLP, which {space} does not have")
        self.space = space
        self.network = FlatMLP(space, output, channels=channels, depth=depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        check_input(self.space, v)
        vectors = [v.arrays(index) for index in range(v.batch)]
        elements = canonical_batch(self.space, vectors)
        images = [np.array([g.permutations[axis][1] for g in elements]) for axis in range(len(self.space.permuted))]
        places = [torch.from_numpy(image).to(v.device) for image in images]
        answer = self.network(gather_neurons(v, [place.argsort(dim=1) for place in places]))
        if isinstance(answer, torch.Tensor):
            return answer
        forms = [moved(self.space, g, vector) for g, vector in zip(elements, vectors, strict=True)]
        labels = np.stack([entry_orbits(self.space, packed(self.space, form)) for form in forms])
        return gather_neurons(averaged(answer, torch.from_numpy(labels).to(v.device)), places)


def canonical_batch(space: WeightSpace, vectors: Sequence[Arrays]) -> list[GroupElement]:
    """For each vector an element that maps it to its canonical form; what it is depends on that vector alone.

    Refinement runs on all of them at once. It ranks rows of numbers, so the order that the joint colours give the neurons of
    one net is the one that the net's own colours give them.

    Raises:
        SpaceError: a NaN or infinity.
        PastBudget: the labelling of one of them takes too long.
    """
    joint = refine(space, vectors)
    return [
        _within_budget(canonical_elements(space, [v], joint.restricted(np.array([net]))))[0]
        for net, v in enumerate(vectors)
    ]


def _within_budget(elements: list[GroupElement] | None) -> list[GroupElement]:
    if elements is None:
        raise PastBudget(f"no canonical labelling within {SECONDS:g} s and {MAX_EDGES} edges")
    return elements


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
    sizes = [tensor[0, ..., 0].numel() for _, tensor in v.items()]
    parts = means.view(batch, parameters, v.channels).split(sizes, dim=1)
    return Weights(v.space, {name: part.view_as(t) for (name, t), part in zip(v.items(), parts, strict=True)})


def packed(space: WeightSpace, v: Arrays) -> bytes:
    """The entries as float64, tensors in the order of the space."""
    return np.concatenate([np.asarray(v[name], dtype=np.float64).ravel() for name in space.axes]).tobytes()


def unpacked(space: WeightSpace, content: bytes) -> dict[str, np.ndarray]:
    """The inverse of `packed`."""
    entries, start, v = np.frombuffer(content), 0, {}
    for name, shape in space.shapes.items():
        size = int(np.prod(shape))
        v[name] = entries[start : start + size].reshape(shape)
        start += size
    return v


@lru_cache(maxsize=1024)  # all copies of a net have one form
def entry_orbits(space: WeightSpace, content: bytes) -> np.ndarray:
    """`[parameters]`: two entries have one label iff an element that leaves the packed weight vector alone maps one to the other.

    Raises:
        PastBudget: the stabiliser takes too long to find.
    """
    places = unpacked(space, np.arange(space.parameters, dtype=np.float64).tobytes())
    start, end = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for g in stabiliser_generators(space, unpacked(space, content)):
        start.append(np.arange(space.parameters))
        end.append(np.frombuffer(packed(space, moved(space, g, places))).astype(np.int64))
    links = np.concatenate(start), np.concatenate(end)
    graph = coo_array((np.ones(len(links[0])), links), shape=(space.parameters, space.parameters))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def stabiliser_generators(space: WeightSpace, v: Arrays) -> list[GroupElement]:
    """Elements that generate the group of all g with `g v = v`.

    Interchangeable neurons are exchanged at once, and then told apart by marks. For what is left one neuron after the
    other is marked: for each of its images an element that leaves the neurons before it in place (Sims's transversals).

    Raises:
        PastBudget: the labelling takes too long.
    """
    v = {name: array[0] for name, array in stacked(space, [v]).items()}
    groups = remainder(space, v, [layer[0] for layer in refine(space, [v]).stable]).groups
    generators: list[GroupElement] = []
    marks = [np.zeros((1, width), dtype=np.int64) for width in space.widths]
    for layer, numbers in groups.items():
        for number in np.unique(numbers):
            members = np.flatnonzero(numbers == number)
            marks[layer][0, members] = np.arange(len(members))
            pairs = zip(members[:-1].tolist(), members[1:].tolist(), strict=True)
            generators += [_exchange(space, layer, a, b) for a, b in pairs]
    while True:
        refinement = refine(space, [v], marks=marks)
        neuron = next_neuron(refinement)
        if neuron is None:
            return generators
        layer, index = neuron
        colours = refinement.stable[layer][0]
        images = np.flatnonzero(colours == colours[index])
        images = np.concatenate([[index], images[images != index]])
        if len(images) * space.parameters > MAX_WORK:
            raise PastBudget(f"no stabiliser within {MAX_WORK} marked entries")
        marked = [np.repeat(layer_marks, len(images), axis=0) for layer_marks in marks]
        marked[layer][np.arange(len(images)), images] = int(marks[layer].max()) + 1
        joint = refine(space, [v] * len(images), marks=marked)
        alike = joint.classes() == joint.classes()[0]
        first, *others = _within_budget(canonical_elements(space, [v] * int(alike.sum()), joint.restricted(alike)))
        form = moved(space, first, v)
        generators += [compose(inverse(first), g) for g in others if equal(space, moved(space, g, v), form)]
        marks = [layer_marks[:1] for layer_marks in marked]


def _exchange(space: WeightSpace, layer: int, a: int, b: int) -> GroupElement:
    """The element that exchanges two neurons of one hidden layer."""
    permutations = dict(identity(space).permutations)
    images = list(permutations[f"n{layer}"])
    images[a], images[b] = images[b], images[a]
    return GroupElement(tuple({**permutations, f"n{layer}": tuple(images)}.items()))
