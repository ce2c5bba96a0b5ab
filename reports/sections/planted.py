"""The planted defects and false claims as people read them: what `harness/running/planted.py` and `killing.py` put into a run."""

from __future__ import annotations

from typing import Any

from ...harness.core.outcomes import Outcome
from ...harness.core.records import KillerRecord, PlantRecord
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


@report_section(
    "false-claims",
    "False claims",
    (
        Column("name", "false claim", kinds.CODE),
        Column("rule", "what is false in it", place=kinds.BENEATH),
        Column("kind", "check", kinds.CODE),
        Column("wanted", forms=kinds.ALL_BUT_MARKDOWN),
        Column("outcome", "got", forms=kinds.ALL_BUT_MARKDOWN),
        Column("verdict", kind=kinds.BADGE),
        Column("reason", "the judgement's words"),
        Column("twin", "mended", kinds.BADGE),
        Column("mended_reason", "its words", forms=kinds.ALL_BUT_MARKDOWN, optional=True),
    ),
    note="Networks that keep the law and claim falsely what a conclusion speaks of: the same judgement, on rows of the same kind of "
    "check, must not come to a pass, and must on their mended twins.",
    part_of="controls",
    fold=True,
    share=2_000,
)
def false_claims(run: Run) -> list[dict[str, Any]]:
    """The killers of the run's conclusions, in its own order."""
    return [{**entry, "verdict": _killed(entry), "twin": _kept(entry)} for entry in run.killers]


def _killed(entry: KillerRecord) -> Badge:
    return Badge("pass", "killed") if entry["killed"] else Badge("fail", "survived")


def _kept(entry: KillerRecord) -> Badge:
    return Badge("pass", "kept") if entry["kept"] else Badge("fail", "accused")
