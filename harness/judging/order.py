"""Measured expressive power: the partial order of separation over the architectures of a run.

A stands above B when A separates every pair that B separates. The oracles stand among them as references: refinement separates a pair if
some round does, or round t and those before it; folklore 2-WL, where a network of its power was asked, alike; the orbit oracle if the
two are certified to lie in two orbits, the function oracle if their functions are certified to differ. A pure function of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..checks.prediction import SEPARATED
from ..checks.separation.evidence import SeparationEvidence
from ..core.records import OrderRecord
from ..core.result import Result

REFERENCES = ("oracle: orbit", "oracle: refinement", "oracle: function")
TWO_FWL = "oracle: 2-FWL"


@dataclass(frozen=True)
class Member:
    """Architectures and oracles that separate the same pairs; `parted` says how many."""

    names: tuple[str, ...]
    parted: int


@dataclass(frozen=True)
class Order:
    """The order on the pairs that every member was shown.

    Args:
        members: by falling number of separated pairs.
        covers: `(upper, lower)` indices of members, with nothing between them.
        pairs: how many pairs were compared.
        left_out: architectures to which some pair did not apply, with the number of pairs that did.
    """

    members: tuple[Member, ...]
    covers: tuple[tuple[int, int], ...]
    pairs: int
    left_out: tuple[tuple[str, int], ...]

    def to_json(self) -> OrderRecord:
        return {
            "pairs": self.pairs,
            "members": [{"names": list(member.names), "parted": member.parted} for member in self.members],
            "covers": list(self.covers),
            "left_out": [{"name": name, "pairs": count} for name, count in self.left_out],
        }


class _Facts(NamedTuple):
    """By which oracles a pair is told apart: what is held of it where thousands are compared."""

    orbits: bool
    refined: bool
    functions: bool

    @staticmethod
    def of(pair: SeparationEvidence) -> _Facts:
        return _Facts(pair.orbit == "different", pair.round is not None, pair.function == "different")


def two_fwl_of(rows: Sequence[Result]) -> dict[tuple[str, str], str | None]:
    """What folklore 2-WL says of each pair; None where no network of its power was asked."""
    found: dict[tuple[str, str], str | None] = {}
    for row in rows:
        if (pair := row.measured(SeparationEvidence)) is not None:
            key = row.check, row.case
            found[key] = found.get(key) or pair.two_fwl
    return found


def separation_order(rows: Sequence[Result]) -> Order | None:
    """The order over the separation rows of a run; None where no architecture was shown every pair."""
    measured: dict[str, dict[tuple[str, str], Result]] = {}
    for row in rows:
        if row.kind == "separation" and row.outcome not in ("not-applicable", "error"):
            measured.setdefault(row.architecture, {})[row.check, row.case] = row
    pairs = sorted({(row.check, row.case) for row in rows if row.kind == "separation"})
    whole = {name: own for name, own in measured.items() if len(own) == len(pairs)}
    if not whole:
        return None
    parts = {name: frozenset(key for key in pairs if own[key].observed == SEPARATED) for name, own in whole.items()}
    shown = next(iter(whole.values()))
    facts = {key: _Facts.of(pair) for key, row in shown.items() if (pair := row.measured(SeparationEvidence))}
    parts[REFERENCES[0]] = frozenset(key for key, pair in facts.items() if pair.orbits)
    parts[REFERENCES[1]] = frozenset(key for key, pair in facts.items() if pair.refined)
    by_pairs = two_fwl_of(rows)
    if any(pairs is not None for pairs in by_pairs.values()):
        parts[TWO_FWL] = frozenset(
            key for key, pair in facts.items() if pair.refined or by_pairs.get(key) == "different"
        )
    parts[REFERENCES[2]] = frozenset(key for key, pair in facts.items() if pair.functions)
    sets = sorted(set(parts.values()), key=lambda parted: (-len(parted), sorted(parted)))
    below = [(i, j) for i, upper in enumerate(sets) for j, lower in enumerate(sets) if lower < upper]
    covers = tuple((i, j) for i, j in below if not any((i, k) in below and (k, j) in below for k in range(len(sets))))
    return Order(
        members=tuple(Member(tuple(name for name in parts if parts[name] == parted), len(parted)) for parted in sets),
        covers=covers,
        pairs=len(pairs),
        left_out=tuple((name, len(own)) for name, own in measured.items() if name not in whole),
    )
