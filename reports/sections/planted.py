"""The planted defects as people read them: what `harness/running/planted.py` puts into a run."""

from __future__ import annotations

from typing import Any

from ...harness.core.outcomes import Outcome
from ...harness.core.records import PlantRecord
from ...harness.core.result import Run
from . import kinds
from .kinds import Badge
from .section import Column, report_section


@report_section(
    "planted-defects",
    "Planted defects",
    (
        Column("name", "planted defect", kinds.CODE),
        Column("rule", "rule that it breaks", place=kinds.BENEATH),
        Column("kind", "check", kinds.CODE),
        Column("wanted", forms=kinds.ALL_BUT_MARKDOWN),
        Column("outcome", "got", forms=kinds.ALL_BUT_MARKDOWN),
        Column("verdict", kind=kinds.BADGE),
        Column("reason", "the tool's words"),
    ),
    note="Small networks that break one rule each, and a sound one, went through the same checks in this run: a tool that lets "
    "a defect pass is blind to it, and one that accuses the sound network is no judge.",
    part_of="controls",
    fold=True,
    share=3_500,
)
def planted(run: Run) -> list[dict[str, Any]]:
    """The planted defects, in the order of the run."""
    return [{**entry, "verdict": _verdict(entry)} for entry in run.planted]


def _verdict(entry: PlantRecord) -> Badge:
    """A defect is `caught` or `not caught`; a network that has to pass is `not accused` or `accused`."""
    bad, good = ("accused", "not accused") if entry["wanted"] == Outcome.PASS else ("not caught", "caught")
    return Badge("pass", good) if entry["caught"] else Badge("fail", bad)
