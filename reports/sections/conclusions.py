"""The claims that only several rows together decide, as the run concluded them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.core.records import ConclusionRecord
from ...harness.core.result import Run
from ...harness.judging.judgements.finding import Concluded
from ..reading.outcomes import CONCLUSION_STATUSES, SEVERITY
from ..reading.values import facts
from . import kinds
from .section import Column, report_section


@report_section(
    "conclusions",
    "Conclusions",
    (
        Column("claim", kind=kinds.CODE),
        Column("title", "statement"),
        Column("suite", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("checks", kind=kinds.CODE, place=kinds.BENEATH, forms=kinds.ALL_BUT_MARKDOWN),
        Column("evidence", kind=kinds.FACTS, forms=(kinds.HTML, kinds.CSV), optional=True),
        Column("predicted", brief=60),
        Column("observed"),
        Column("refuted_by", "would have been refuted by", place=kinds.BENEATH, brief=120, optional=True),
        Column("killers", "false claims killed", optional=True),
        Column("status", "outcome", kinds.BADGE),
        Column("reason", place=kinds.BENEATH, brief=120),
    ),
    note="Claims that no row decides alone: what follows from several rows together. Of the false claims that went through the same "
    "checks so many were turned red, their mended twins staying green: what could not have been refuted is not supported.",
    part_of="claims",
)
def conclusions(run: Run) -> list[dict[str, Any]]:
    """The run's conclusions in its own order; `expected` is one that the suite allows to stay undecided, for its own reason."""
    return [
        {
            **entry,
            "checks": ", ".join(entry["checks"]),
            "evidence": facts(entry["evidence"]),
            "killers": _killers(entry),
            "status": _status(entry),
            "reason": entry["declared"] if _status(entry) == "expected" else entry["reason"],
        }
        for entry in run.conclusions
    ]


@dataclass(frozen=True)
class Together:
    """What the conclusions of one claim come to: the gravest, all false claims that went through its checks, and what each says."""

    status: str | None
    killers: str
    seen: tuple[tuple[str, str], ...]


def concluded(entries: Sequence[Mapping[str, Any]]) -> Together:
    """Of the rows that `conclusions` gives for one claim; none is no status."""
    if not entries:
        return Together(None, "", ())
    status = min((str(entry["status"]) for entry in entries), key=_gravity)
    rates = "; ".join(dict.fromkeys(str(entry["killers"]) for entry in entries if entry["killers"]))
    return Together(status, rates, tuple((str(each["predicted"]), str(each["observed"])) for each in entries))


def _gravity(status: str) -> int:
    return SEVERITY.index(status) if status in SEVERITY else len(SEVERITY)


def _killers(entry: ConclusionRecord) -> str | None:
    """`3 of 3`; nothing in runs of earlier versions."""
    rate = entry.get("killers")
    if not isinstance(rate, Mapping) or not {"killed", "planted"} <= rate.keys():
        return None
    return f"{rate['killed']} of {rate['planted']}"


def _status(entry: ConclusionRecord) -> str:
    """An outcome that nobody knows counts as an error."""
    if entry["outcome"] == Concluded.UNDECIDED and entry["declared"] is not None:
        return "expected"
    return entry["outcome"] if entry["outcome"] in CONCLUSION_STATUSES else "error"
