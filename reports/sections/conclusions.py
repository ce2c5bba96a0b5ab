"""The claims that only several rows together decide, as the run concluded them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.core.records import ConclusionRecord
from ...harness.core.result import Run
from ...harness.judging.judgements.finding import Concluded
from ..reading.outcomes import CONCLUSION_STATUSES, SEVERITY
from ..reading.values import facts, one_line
from . import kinds
from .section import Column, report_section


@report_section(
    "conclusions",
    "Conclusions",
    (
        Column("claim", kind=kinds.CODE),
        Column("title", "statement"),
        Column("suite", kind=kinds.CODE, forms=kinds.DATA),
        Column("checks", kind=kinds.CODE, forms=kinds.DATA),
        Column("evidence", kind=kinds.FACTS, forms=(kinds.CSV,), optional=True),
        Column("predicted", brief=60),
        Column("observed"),
        Column("refuted_by", "would have been refuted by", brief=120, optional=True),
        Column("killers", "false claims killed", optional=True),
        Column("status", "outcome", kinds.BADGE),
        Column("reason", brief=120),
    ),
    forms=kinds.ALL_BUT_HTML,
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
    """What the conclusions of one claim come to: the gravest and why, all false claims that went through its checks, and what each says.

    Args:
        seen: what each predicted and observed.
        facts: all that each says, one after the other.
    """

    status: str | None
    killers: str
    seen: tuple[tuple[str, str], ...]
    title: str = ""
    reason: str = ""
    facts: tuple[tuple[str, str], ...] | None = None


def concluded(entries: Sequence[Mapping[str, Any]]) -> Together:
    """Of the rows that `conclusions` gives for one claim; none is no status."""
    if not entries:
        return Together(None, "", ())
    gravest = min(entries, key=lambda entry: _gravity(str(entry["status"])))
    rates = "; ".join(dict.fromkeys(str(entry["killers"]) for entry in entries if entry["killers"]))
    return Together(
        str(gravest["status"]),
        rates,
        tuple((str(each["predicted"]), str(each["observed"])) for each in entries),
        str(entries[0]["title"]),
        str(gravest["reason"] or ""),
        tuple(fact for each in entries for fact in _told(each)),
    )


def _told(entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A conclusion as facts, its outcome first; what it has not is left out."""
    said = {
        "outcome": f"{CONCLUSION_STATUSES[entry['status']].word}: {entry['reason']}" if entry["reason"]
        else CONCLUSION_STATUSES[entry["status"]].word,
        "predicted": entry["predicted"],
        "observed": entry["observed"],
        "would have been refuted by": entry.get("refuted_by"),
        "false claims killed": entry["killers"],
        "checks": f"{entry['suite']} / {entry['checks']}",
    }  # fmt: skip
    return (*((name, one_line(value)) for name, value in said.items() if value), *entry["evidence"])


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
