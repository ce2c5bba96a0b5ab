"""Proofs by colour refinement: a stable colouring, the round that parts, equal functions of what no round parts in time."""

from __future__ import annotations

from ...core.certificates import Part
from ...core.certificates.colours import EquivalentByColouring, PartedByFixedTensor, PartedByRound
from ...weights.networks.forms import has_function
from ..exact.refuted import demand
from ..exact.structure import Node, Structure
from ..exact.subject import Subject


def colouring(subject: Subject, said: EquivalentByColouring) -> None:
    """The stated colours are those of the stable colouring, up to their numbers, and its histograms are equal."""
    structure = subject.structure
    demand(not structure.parted(), "1-WL-equivalent: equal histograms")
    mine = structure.colours()
    shape = [[len(colours) for colours in layers] for layers in said["colours"]]
    demand(shape == [structure.sizes] * 2, "a colour for each neuron of each layer")
    stated = {(net, layer, i): (layer, said["colours"][net][layer][i]) for net, layer, i in mine}
    pairs = {(mine[node], stated[node]) for node in mine}
    demand(len({*mine.values()}) == len({*stated.values()}) == len(pairs), "the stated colouring is the stable one")


def parting_round(subject: Subject, said: PartedByRound) -> None:
    """Not parted before the round; in it the colour of the neuron has these counts, and they differ."""
    structure, last = subject.structure, said["round"]
    demand(type(last) is int and 0 <= last <= len(structure.nodes), "the round is one that refinement can need")
    demand(last == 0 or not structure.parted(last - 1), f"not parted before round {last}")
    colours = structure.colours(last)
    net, layer, i = said["neuron"]
    own: Node = structure.node(net, layer, i)
    same = [node for node in colours if colours[node] == colours[own]]
    counts = [sum(node[0] == side for node in same) for side in (0, 1)]
    demand(counts == said["counts"] and counts[0] != counts[1], f"the counts of a colour in round {last}")


def fixed_tensor(subject: Subject, said: PartedByFixedTensor) -> None:
    """A tensor without a permuted axis differs, and nothing parts the two before it counts."""
    space, name, last = subject.space, said["tensor"], said["round"]
    demand(not space.is_mlp, "of an MLP, outputs are neurons")
    axes = space.axes.get(name)
    demand(axes is not None and not {*axes} & {*space.permuted}, "a tensor without a permuted axis")
    assert axes is not None
    demand(last == (len(axes) > 1), "tensors with one axis at most count from round 0, others from round 1")
    demand(last == 0 or not subject.structure.parted(0), "not parted before round 1")
    v, w = (net[name] for net in subject.nets)
    demand((v != w).any(), f"{name} differs")


def late_round(subject: Subject, said: object) -> None:
    """Round L parts nets of L layers that have different functions.

    In other spaces whose function is known, indices of one stable colour have one activation on every input, by induction over the
    layers (and steps) of the computation: it sees incoming entries and the activations there alone.
    """
    if not subject.space.is_mlp:
        demand(has_function(subject.space), "a space whose function is known")
        demand(not subject.structure.parted(), "the same function, since never parted")
        return
    last = len(subject.space.widths) - 1
    demand(not subject.structure.parted(last), "the same function, since not parted by round L")


def forward(subject: Subject, said: object) -> None:
    """Outputs that look the same from their inputs on compute the same."""
    demand(subject.space.is_mlp, "outputs are neurons of MLPs")
    last = len(subject.space.widths) - 1
    colours = Structure(subject.space, subject.nets).colours(last, back=False)
    demand(
        all(colours[0, last, i] == colours[1, last, i] for i in range(subject.space.widths[last])),
        "equal colours of the outputs where incoming edges alone count",
    )


CHECKS = {
    (Part.REFINEMENT, "equivalent", "colouring"): colouring,
    (Part.REFINEMENT, "different", "round"): parting_round,
    (Part.REFINEMENT, "different", "fixed-tensor"): fixed_tensor,
    (Part.FUNCTION, "equal", "refinement"): late_round,
    (Part.FUNCTION, "equal", "forward-refinement"): forward,
}
