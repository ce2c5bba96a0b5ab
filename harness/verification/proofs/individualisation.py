"""Two orbits: neurons of v are marked, and no choice of neurons of w looks like them."""

from __future__ import annotations

from ...core.certificates import Part
from ...core.certificates.individualisation import Unmatched
from ..exact.refuted import demand
from ..exact.structure import Node
from ..exact.subject import Subject

WORK = 20_000_000
"""Marked pairs times parameters; beyond this the proof is not followed."""


def unmatched(subject: Subject, said: Unmatched) -> None:
    """No choice of neurons of w survives; choices grow one by one, and those that are parted already are dropped."""
    structure, space = subject.structure, subject.space
    marked = [structure.node(0, layer, i) for layer, i in said["neurons"]]
    demand(len({*marked}) == len(marked) > 0, "the marked neurons are distinct")
    choices: list[list[set[Node]]] = [[]]
    work = 0
    for neuron in marked:
        sizes = structure.sizes[neuron[1]]
        work += len(choices) * sizes * space.parameters
        demand(work <= WORK, "few enough choices of neurons of w to follow")
        longer = [[*choice, {neuron, (1, neuron[1], i)}] for choice in choices for i in range(sizes)]
        choices = [choice for choice in longer if not structure.parted(marks=choice)]
    demand(not choices, "no choice of neurons of w matches the marked ones of v")


CHECKS = {(Part.ORBIT, "different", "individualisation"): unmatched}
