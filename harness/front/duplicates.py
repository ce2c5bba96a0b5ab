"""Duplicates among networks: of files, of batches or of named weights; and leaks from one set into another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.cleaning import one_line
from ..oracles.duplicates.groups import groups
from ..oracles.duplicates.links import Groups, Likeness, Link, Scale, to_json
from ..oracles.duplicates.near import SHARE
from ..weights.batch import Weights
from ..weights.readers.loading import Reading
from ..weights.readers.records import CERTAIN, Network, rests_on
from ..weights.space import SpaceError, WeightSpace
from ..zoo.imported import networks_at

Networks = Weights | Mapping[str, Weights] | Sequence[str | Path]
"""A batch, whose networks are called 0, 1, ...; networks by name, each a batch of one; or paths of files, folders and manifests."""


@dataclass(frozen=True, repr=False)
class Duplicates:
    """The networks that are alike.

    Args:
        names: of all networks that were compared, in order.
        groups: names of those that belong together, each group as a tuple; with a second set, those that hold networks of both.
        links: what connects the members of these groups, each with its witness; numbers are places in `names`.
        second: how many of the last names are of the second set.
        scales: what "near" means, one for each space.
        nearest: name -> distance to the nearest network that is no copy, as a share of the median; empty unless it was asked for.
        unread: files that gave no network, one line each; nothing is known of what they hold.
        notes: what was assumed, and what was not asked.

    As a condition it is true if anything was found.
    """

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    links: tuple[Link, ...]
    second: int = 0
    scales: tuple[Scale, ...] = ()
    nearest: tuple[tuple[str, float], ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def counts(self) -> Counter[Likeness]:
        """Likeness -> number of links."""
        return Counter(link.likeness for link in self.links)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count} {likeness}" for likeness in Likeness if (count := self.counts[likeness]))
        lost = f"; {len(self.unread)} file{'s' * (len(self.unread) != 1)} not read" if self.unread else ""
        count = len(self.groups)
        return f"Duplicates({len(self.names)} networks, {count} group{'s' * (count != 1)}{f': {kinds}' if kinds else ''}{lost})"

    @property
    def lines(self) -> Iterable[str]:
        """Group by group, a line each link: `likeness  first = second  witness`."""
        by_group: dict[str, list[Link]] = {}
        place = {name: number for number, group in enumerate(self.groups) for name in group}
        for link in self.links:
            by_group.setdefault(str(place[self.names[link.first]]), []).append(link)
        for number, group in enumerate(self.groups):
            yield f"group {number + 1}: {len(group)} networks"
            for link in by_group[str(number)]:
                names = f"{self.names[link.first]} = {self.names[link.second]}"
                yield f"  {link.likeness:9}  {names}  {one_line(link.told, 300)}"

    @property
    def summary(self) -> str:
        """All in one line."""
        within = sum(map(len, self.groups))
        first = len(self.names) - self.second
        sets = f"{first} networks against {self.second}" if self.second else f"{first} network{'s' * (first != 1)}"
        kinds = ", ".join(f"{count} {likeness}" for likeness in Likeness if (count := self.counts[likeness]))
        if not self.groups:
            return f"{sets}: no two are one{' of both sets' if self.second else ''}"
        return f"{sets}: {len(self.groups)} group{'s' * (len(self.groups) != 1)} of {within}{f' ({kinds})' if kinds else ''}"

    def to_json(self) -> dict[str, Any]:
        """Plain data: groups with their members and links, scales, files that were not read."""
        place = {name: number for number, group in enumerate(self.groups) for name in group}
        links: list[list[dict[str, Any]]] = [[] for _ in self.groups]
        for link in self.links:
            ends = {"first": self.names[link.first], "second": self.names[link.second]}
            links[place[ends["first"]]].append(ends | to_json(link))
        return {
            "networks": len(self.names),
            "against": self.second,
            "counts": {likeness.value: self.counts[likeness] for likeness in Likeness},
            "groups": [{"members": list(group), "links": own} for group, own in zip(self.groups, links, strict=True)],
            "scales": [
                {
                    "space": str(scale.space),
                    "networks": scale.nets,
                    "median": scale.median,
                    "pairs": scale.pairs,
                    "drawn": scale.drawn,
                }
                for scale in self.scales
            ],
            "nearest": dict(self.nearest),
            "unread": list(self.unread),
            "notes": list(self.notes),
        }


def duplicates(
    networks: Networks,
    against: Networks | None = None,
    *,
    activation: str | None = None,
    near: float = SHARE,
    spread: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Duplicates:
    """The networks of a set that are one and the same: identical, permuted, of one function, or near copies.

    No answer is given where nothing was read; what else could not be read is in `unread`.

    | likeness | law | witness |
    |---|---|---|
    | `identical` | equal entry by entry | |
    | `permuted` | `g v = w` | the permutation, applied and compared |
    | `function` | `f_v = f_w` on all inputs | factors and signs, applied and compared; or which neurons correspond, are dead or doubled, by equal normal forms in rationals |
    | `rounded` | equal outputs at tested inputs, up to 1e-5 of their spread | the gap |
    | `near` | `|g v - w|` at most `near` times the median of the population | the permutation of weight matching |

    Args:
        networks: a batch, weights by name, or paths.
        against: a second set: then groups that hold networks of both are told alone, as leaks of one into the other.
        activation: of networks in files that do not say theirs; relu by default. It bears on functions alone.
        near: a share; 0 looks for no near copies.
        spread: measure for each network how near the nearest other one is.
        say: is told what is going on.

    Raises:
        ValueError: no network could be read, in the set or in the second one; the message is one line.
        SpaceError: something that is no set of networks, weights that are not finite, a batch of several under one name, an unknown activation.
    """
    found = compared(networks, against, Reading(activation), near=near, spread=spread, say=say)
    if not found.names or (against is not None and not found.second) or found.second == len(found.names):
        first, *others = found.unread or ("no network: nothing was given",)
        raise ValueError(f"{first}{f' (and {len(others)} more files)' if others else ''}")
    return found


def compared(
    networks: Networks,
    against: Networks | None = None,
    reading: Reading | None = None,
    *,
    near: float = SHARE,
    spread: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Duplicates:
    """As `duplicates`, also where nothing could be read."""
    first, second = _Taken(reading), _Taken(reading)
    first.take(networks)
    if against is not None:
        second.take(against)
    nets = [*first.nets, *second.nets]
    names = _distinct([*first.names, *second.names])
    found = groups(nets, share=near, spread=spread, say=say) if nets else Groups(0, ())
    border = len(first.nets)
    kept = [g for g in found.members if against is None or (g[0] < border <= g[-1])]
    inside = {net for group in kept for net in group}
    return Duplicates(
        tuple(names),
        tuple(tuple(names[net] for net in group) for group in kept),
        tuple(link for link in found.links if link.first in inside),
        len(second.nets),
        found.scales,
        tuple((names[net], share) for net, share in found.nearest),
        (*first.unread, *second.unread),
        (*dict.fromkeys((*first.notes, *second.notes)), *found.unasked),
    )


class _Taken:
    """Networks with their names, from what the user gave."""

    def __init__(self, reading: Reading | None):
        self.reading = reading
        self.nets: list[tuple[WeightSpace, Mapping[str, np.ndarray]]] = []
        self.names: list[str] = []
        self.unread: list[str] = []
        self.notes: list[str] = []

    def take(self, given: Networks) -> None:
        if isinstance(given, Weights):
            self.nets += [(given.space, given.arrays(number)) for number in range(given.batch)]
            self.names += map(str, range(given.batch))
        elif isinstance(given, Mapping):
            for name, weights in given.items():
                if not isinstance(weights, Weights):
                    raise SpaceError(f"{name}: got {_shown(weights)}; allowed: Weights with one network")
                if weights.batch != 1:
                    raise SpaceError(f"{name}: a batch of {weights.batch} weight vectors; give one a name")
                self.nets.append((weights.space, weights.arrays()))
                self.names.append(str(name))
        else:
            given = [given] if isinstance(given, str | Path) else given
            if not isinstance(given, Iterable) or not all(isinstance(one, str | Path) for one in given):
                raise SpaceError(f"got {_shown(given)}; allowed: Weights, weights by name, or paths")
            assumed: Counter[str] = Counter()
            uncertain = 0
            for one in networks_at(list(map(str, given)), self.reading):
                if not isinstance(one, Network):
                    self.unread.append(one.line)
                elif not all(np.isfinite(array).all() for array in one.arrays.values()):
                    self.unread.append(f"{one.name}: holds numbers that are NaN or infinite")
                else:
                    self.nets.append((one.space, one.arrays))
                    self.names.append(one.name)
                    assumed.update(one.assumed)
                    uncertain += one.proof not in CERTAIN
            self.notes += rests_on(assumed, uncertain)


def _shown(given: Any) -> str:
    """What was given, in a few words."""
    if isinstance(given, list | tuple):
        other = next(one for one in given if not isinstance(one, str | Path))
        return f"a {type(given).__name__} with {_shown(other) if not isinstance(other, list | tuple) else 'a ' + type(other).__name__}"
    return "None" if given is None else f"a {type(given).__name__}"


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, those of the second set that are there already with a mark."""
    seen: set[str] = set()
    found = []
    for name in names:
        while name in seen:
            name = f"{name}'"
        seen.add(name)
        found.append(name)
    return found
