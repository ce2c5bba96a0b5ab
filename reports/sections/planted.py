"""The planted defects as people read them: what `harness/running/planted.py` puts into a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Run
from ..reading.values import mapping, one_line
from . import kinds
from .kinds import Badge
from .section import Column, report_section


@dataclass(frozen=True)
class Planted:
    """What became of one planted defect.

    Args:
        defect: its name.
        rule: what it breaks, in words.
        kind: the check kind that had to say so.
        wanted, outcome: the outcome that it had to get, and got.
        caught: whether it got that outcome, for the reason wanted; of a sound network, that it was not accused.
        words: what the tool said of it.
    """

    defect: str
    rule: str
    kind: str
    wanted: str
    outcome: str
    caught: bool
    words: str

    @property
    def verdict(self) -> Badge:
        """`caught` or `not caught`; of a network that has to pass, `not accused` or `accused`."""
        if self.wanted == "pass":
            word = "not accused" if self.caught else "accused"
        else:
            word = "caught" if self.caught else "not caught"
        return Badge("pass" if self.caught else "fail", word)


@report_section(
    "planted-defects",
    "Planted defects",
    (
        Column("defect", "planted defect", kinds.CODE),
        Column("rule", "rule that it breaks", place=kinds.BENEATH),
        Column("kind", "check", kinds.CODE),
        Column("wanted", forms=kinds.ALL_BUT_MARKDOWN),
        Column("outcome", "got", forms=kinds.ALL_BUT_MARKDOWN),
        Column("verdict", kind=kinds.BADGE),
        Column("words", "the tool's words"),
    ),
    note="Small networks that break one rule each, and a sound one, went through the same checks in this run: a tool that lets "
    "a defect pass is blind to it, and one that accuses the sound network is no judge.",
    part_of="controls",
    fold=True,
    share=3_500,
)
def planted(run: Run) -> tuple[Planted, ...]:
    """The planted defects, in the order of the run: a tool that lets one pass is blind to that defect."""
    return tuple(map(_planted, map(mapping, run.planted)))


def _planted(entry: Mapping[str, Any]) -> Planted:
    defect, rule, kind, wanted, outcome = (
        one_line(entry.get(key, "?")) for key in ("name", "rule", "kind", "wanted", "outcome")
    )
    return Planted(
        defect, rule, kind, wanted, outcome, entry.get("caught") is True, one_line(entry.get("reason") or "")
    )
