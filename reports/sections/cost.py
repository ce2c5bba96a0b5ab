"""What each architecture takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...harness.core.result import Run
from ..reading.subjects import declarations, grouped
from ..reading.values import finite, mapping, one_line
from . import kinds
from .section import Column, report_section


@dataclass(frozen=True)
class Cost:
    """What one architecture takes.

    Args:
        parameters, operations, memory, batch: of one forward pass on the reference batch, where the run's
            description has them; memory is the most bytes of tensors alive at once.
        seconds, model_seconds: of its rows, and of these inside the network's own calls.
        forwards: weight vectors that went through it in the rows.
        share: its part of the run's seconds.
    """

    architecture: str
    parameters: int | None
    operations: int | None
    memory: int | None
    batch: float | None
    rows: int
    seconds: float
    model_seconds: float
    forwards: int | None
    share: float

    @property
    def per_forward(self) -> float | None:
        """Seconds inside the network for one weight vector of the rows."""
        return self.model_seconds / self.forwards if self.forwards else None

    @property
    def overhead(self) -> float | None:
        """Wall time over the time inside the network's own calls."""
        return self.seconds / self.model_seconds if self.model_seconds > 0 else None


def _note(run: Run) -> str:
    batch = reference_batch(run)
    first = (
        f"First, one forward pass of {batch}: operations (multiplications and additions of its matrix products) and memory "
        "(the most bytes of tensors alive at once) are counted and the same on every machine; times are not. "
    )
    return (first if batch else "") + (
        "Then the wall time of the rows, and the part spent inside the networks' own calls. "
        "On shared machines read times as ratios."
    )


@report_section(
    "cost",
    "Cost",
    (
        Column("architecture", kind=kinds.CODE),
        Column("parameters", kind=kinds.INTEGER, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("operations", kind=kinds.SCALED, forms=kinds.ALL_BUT_MARKDOWN, optional=True),
        Column("memory", kind=kinds.BYTES, forms=kinds.ALL_BUT_MARKDOWN, optional=True, unit="bytes"),
        Column("batch", "a pass", kinds.MILLISECONDS, forms=kinds.ALL_BUT_MARKDOWN, optional=True, unit="s"),
        Column("rows", kind=kinds.INTEGER),
        Column("seconds", kind=kinds.SECONDS),
        Column("share", kind=kinds.SHARE, forms=kinds.ALL_BUT_MARKDOWN),
        Column("model_seconds", "in the network", kinds.SECONDS, unit="s"),
        Column("overhead", kind=kinds.NUMBER),
        Column("forwards", kind=kinds.INTEGER, forms=kinds.ALL_BUT_MARKDOWN),
        Column("per_forward", "a forward", kinds.NUMBER, unit="s", forms=kinds.DATA),
    ),
    note=_note,
    place=800,
    fold=True,
    share=2_500,
)
def costs(run: Run) -> tuple[Cost, ...]:
    """Seconds and model seconds for each architecture that has rows."""
    whole = sum(finite(row.seconds) or 0.0 for row in run.results)
    declared = declarations(run)
    table = []
    for name, rows in grouped(run.results, lambda row: row.architecture).items():
        seconds = sum(finite(row.seconds) or 0.0 for row in rows)
        measured = mapping(declared.get(name, {}).get("cost"))
        table.append(
            Cost(
                architecture=name,
                parameters=_count(measured.get("parameters", declared.get(name, {}).get("parameters"))),
                operations=_count(measured.get("operations")),
                memory=_count(measured.get("bytes")),
                batch=finite(measured.get("seconds")),
                rows=len(rows),
                seconds=seconds,
                model_seconds=sum(finite(row.model_seconds) or 0.0 for row in rows),
                forwards=sum(row.forwards for row in rows) or None,
                share=seconds / whole if whole > 0 else 0.0,
            )
        )
    return tuple(table)


def reference_batch(run: Run) -> str:
    """What the counted costs are of, in words; empty if the run has none."""
    measured = (mapping(entry.get("cost")) for entry in run.architectures)
    return next((one_line(cost.get("of") or "a reference batch", 120) for cost in measured if cost), "")


def _count(value: Any) -> int | None:
    read = finite(value)
    return None if read is None or read < 0 else round(read)
