"""What reading gives: networks, and a record of each file that holds none that could be told for sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ..space import WeightSpace

if TYPE_CHECKING:
    import numpy as np

    from ..batch import Weights


class Cause(StrEnum):
    """Why a file gave no network."""

    MISSING = "missing"
    SUFFIX = "suffix"
    DAMAGED = "damaged"
    TOO_LARGE = "too-large"
    PACKAGE = "package"
    CONTENT = "content"
    NUMBERS = "numbers"
    AMBIGUOUS = "ambiguous"
    SHAPES = "shapes"


class Proof(StrEnum):
    """What says how the tensors of a network are wired."""

    MODULE = "module"
    GRAPH = "graph"
    MANIFEST = "manifest"
    GIVEN = "given"
    NUMBERS = "numbers"
    NAMES = "names"


CERTAIN = (Proof.MODULE, Proof.GRAPH, Proof.MANIFEST)
"""What does not rest on names."""


class ReadError(ValueError):
    """A file that gave no network; one line, without the file's name.

    Args:
        cause: for programs.
        words: for people; the option that would help is in it.
        candidates: the networks that it could be, where it could be several.
    """

    def __init__(self, cause: Cause, words: str, candidates: tuple[str, ...] = ()):
        super().__init__(words)
        self.cause, self.candidates = cause, candidates


@dataclass(frozen=True)
class Unread:
    """A file that gave no network, or one of several that it holds.

    Args:
        file: as given.
        cause, candidates: as `ReadError`.
        line: `file: words`.
    """

    file: str
    cause: Cause
    line: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """One network out of a file.

    Args:
        file: as given, or as a folder or a pattern led to it.
        entry: which of the file's networks, empty where it holds one.
        space: its weight space.
        arrays: tensor name -> float64 array of the space's shape, the very numbers of the file.
        proof: what says how the tensors are wired.
        assumed: what the file does not say and was taken to be so, one line each.
    """

    file: str
    entry: str
    space: WeightSpace
    arrays: Mapping[str, np.ndarray] = field(repr=False)
    proof: Proof
    assumed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file, with the entry in brackets where it holds several networks."""
        return f"{self.file}[{self.entry}]" if self.entry else self.file

    def weights(self) -> Weights:
        """As a batch of one, float64."""
        from ..batch import Weights

        return Weights.from_arrays(self.space, [self.arrays])


@dataclass(frozen=True)
class Loaded:
    """All that some paths gave, in their order."""

    networks: tuple[Network, ...]
    unread: tuple[Unread, ...]

    @property
    def spaces(self) -> dict[WeightSpace, tuple[Network, ...]]:
        """Space -> its networks, spaces in the order in which they came."""
        grouped: dict[WeightSpace, list[Network]] = {}
        for network in self.networks:
            grouped.setdefault(network.space, []).append(network)
        return {space: tuple(networks) for space, networks in grouped.items()}

    @property
    def assumed(self) -> dict[str, int]:
        """What was taken to be so -> for how many networks."""
        counted: dict[str, int] = {}
        for network in self.networks:
            for line in network.assumed:
                counted[line] = counted.get(line, 0) + 1
        return counted


def rests_on(assumed: Mapping[str, int], uncertain: int) -> Iterator[str]:
    """What answers about networks rest on, in lines: first that their wiring is not proved.

    Args:
        assumed: what was taken to be so -> for how many networks.
        uncertain: networks whose wiring rests on names, or on what the user said.
    """
    if uncertain:
        yield f"not proved by a module, a graph or a manifest: how {networks_of(uncertain)} {'is' if uncertain == 1 else 'are'} wired"
    for line, count in assumed.items():
        yield f"assumed for {networks_of(count)}: {line}"


def shortened(lines: Iterable[str]) -> list[str]:
    """The lines `file: words` of what was not read, where the words are those of a file before with that file's name in their place."""
    first: dict[str, str] = {}
    told = []
    for line in lines:
        file, parting, words = line.partition(": ")
        before = first.setdefault(words, file)
        told.append(f"{file}: as {before}" if parting and before != file else line)
    return told


def networks_of(count: int) -> str:
    """So many networks, in words."""
    return f"{count} network{'s' * (count != 1)}"


State = dict[str, "np.ndarray"]
"""Entry name -> float64 array: what a format's reader gives for one network, before anything is known of its wiring."""
