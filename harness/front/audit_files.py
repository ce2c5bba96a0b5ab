"""Auditing networks on disk: whether each is in general position, in each form, and how it relates to others of its space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from ..oracles.audit import formed
from ..oracles.tuples.audit import audit
from ..weights.batch import Weights
from ..weights.readers.loading import Reading, load
from ..weights.readers.records import CERTAIN, Network, Unread
from ..weights.space import WeightSpace
from ..zoo.imported import networks_at

CHUNK = 256
"""Networks in memory at a time; beside them those alone stay that refinement does not make discrete."""
LISTED = 8
"""Groups of tied neurons that one line names."""


@dataclass(frozen=True)
class FileAudit:
    """One network in one form: one line of `orbitcheck audit`.

    Args:
        file: as given, with the entry where the file holds several.
        form: as `oracles.audit.formed`.
        space: in words; widths, input to output, where it is that of an MLP.
        general_position: whether the biases of each hidden layer are pairwise distinct; on another space, on every permuted axis the
            vectors of the tensors that have it alone (an axis without such a tensor has none).
        discrete, one_orbit: as `oracles.audit.Audit`, the latter within the files of one space; None where no refinement is known.
        rounds: of refinement until the net is discrete, None if it never is: the order of its general position.
        ties: permuted axis (of an MLP `b1`, `b2`, ...) -> groups of neurons (from 0) that one-axis tensors do not tell apart.
    """

    file: str
    form: str
    space: str
    widths: tuple[int, ...] | None
    general_position: bool
    discrete: bool | None
    one_orbit: bool | None
    rounds: int | None
    ties: dict[str, list[list[int]]]

    @property
    def where(self) -> str:
        """The ties in one line, as in `b1: 0=3, 4=7=9`."""
        listed = [(axis, "=".join(map(str, group))) for axis, groups in self.ties.items() for group in groups]
        parts = [
            f"{axis}: " + ", ".join(group for own, group in listed[:LISTED] if own == axis)
            for axis in dict.fromkeys(axis for axis, _ in listed[:LISTED])
        ]
        more = [f"and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
        return "; ".join(parts + more)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "widths": None if self.widths is None else list(self.widths)}


@dataclass(frozen=True)
class Audited:
    """What `orbitcheck audit` found.

    Args:
        found: a line for each network and form, networks in the order given.
        unread: what gave no network.
        assumed: what no file says and was taken to be so -> for how many networks.
        uncertain: networks whose wiring rests on names or on what was said on the command line.
    """

    found: tuple[FileAudit, ...]
    unread: tuple[Unread, ...]
    assumed: dict[str, int]
    uncertain: int

    def counts(self) -> dict[tuple[str, str], Counter[str]]:
        """(space, form) -> how many networks, and of how many what holds."""
        counted: dict[tuple[str, str], Counter[str]] = {}
        for one in self.found:
            held = counted.setdefault((one.space, one.form), Counter())
            held["networks"] += 1
            for key in ("general_position", "discrete", "one_orbit"):
                held[key] += bool(getattr(one, key))
            held["refined"] += one.discrete is not None
        return counted

    def to_json(self) -> dict[str, Any]:
        return {
            "networks": [one.to_json() for one in self.found],
            "unread": [asdict(one) for one in self.unread],
            "assumed": self.assumed,
            "uncertain": self.uncertain,
        }


def audit_files(paths: Iterable[str], forms: Sequence[str] = ("float",), reading: Reading | None = None) -> Audited:
    """The audits of all networks that the paths lead to, manifests among them, and a record of each file that gave none.

    A chunk of networks is in memory at a time, and those that are not discrete: a discrete one is alone with its orbit in its class, so
    only the others need each other.

    Raises:
        ValueError: a name that is no form; or as `networks_at`.
    """
    lines: dict[tuple[int, str], FileAudit] = {}
    waiting: dict[tuple[WeightSpace, str], list[tuple[int, dict[str, np.ndarray]]]] = {}
    unread: list[Unread] = []
    assumed: Counter[str] = Counter()
    uncertain = count = 0
    for chunk in _chunks(networks_at(paths, reading)):
        networks = [one for one in chunk if isinstance(one, Network)]
        unread += [one for one in chunk if isinstance(one, Unread)]
        numbered = list(enumerate(networks, count))
        count += len(networks)
        for _, network in numbered:
            assumed.update(network.assumed)
            uncertain += network.proof not in CERTAIN
        for space in dict.fromkeys(network.space for network in networks):
            own = [(number, network) for number, network in numbered if network.space == space]
            stack = {name: np.stack([network.arrays[name] for _, network in own]) for name in space.axes}
            for form in forms:
                arrays = formed(stack, form)
                for place, line in enumerate(_audited(space, form, arrays, [network.name for _, network in own])):
                    lines[own[place][0], form] = line
                    if line.discrete is False:
                        vector = {name: array[place] for name, array in arrays.items()}
                        waiting.setdefault((space, form), []).append((own[place][0], vector))
    for (space, form), held in waiting.items():
        together = {name: np.stack([vector[name] for _, vector in held]) for name in space.axes}
        for (number, _), alone in zip(held, audit(space, together).one_orbit.tolist(), strict=True):
            lines[number, form] = replace(lines[number, form], one_orbit=alone)
    found = tuple(lines[number, form] for number in range(count) for form in forms)
    return Audited(found, tuple(unread), dict(assumed), uncertain)


def _chunks(stream: Iterator[Network | Unread]) -> Iterator[list[Network | Unread]]:
    while chunk := list(islice(stream, CHUNK)):
        yield chunk


def _audited(space: WeightSpace, form: str, arrays: dict[str, np.ndarray], names: list[str]) -> Iterator[FileAudit]:
    """A line for each network of a chunk; `one_orbit` is open for those that are not discrete."""
    widths = space.widths if space.is_mlp else None
    found = audit(space, arrays)
    for net, name in enumerate(names):
        ties = _ties(space, arrays, net)
        discrete = bool(found.discrete[net])
        yield FileAudit(
            name,
            form,
            str(space),
            widths,
            bool(found.general_position[net]),
            discrete,
            discrete or None,
            int(found.rounds[net]) if discrete else None,
            ties,
        )


def _ties(space: WeightSpace, arrays: dict[str, np.ndarray], net: int) -> dict[str, list[list[int]]]:
    """Permuted axis -> groups of indices whose entries of all one-axis tensors are equal; axes without such a tensor have none."""
    ties = {}
    for axis in space.permuted:
        own = [name for name, axes in space.tensors if axes == (axis,)]
        if not own:
            continue
        _, codes, counts = np.unique(
            np.stack([arrays[name][net] for name in own], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        groups = sorted(np.flatnonzero(codes.ravel() == code).tolist() for code in np.flatnonzero(counts > 1))
        if groups:
            ties[f"b{axis.removeprefix('n')}" if space.is_mlp else axis] = groups
    return ties


def read_network(file: str) -> Weights:
    """The network of a file that holds one, in float64.

    Raises:
        ValueError: a file that gives none, or several; one line.
    """
    loaded = load(file)
    if loaded.unread or len(loaded.networks) != 1:
        raise ValueError(loaded.unread[0].line if loaded.unread else f"{file}: holds {len(loaded.networks)} networks")
    return loaded.networks[0].weights()
