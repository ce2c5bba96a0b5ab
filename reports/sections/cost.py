"""What each architecture takes."""

from __future__ import annotations

from typing import Any

from ...harness.core.result import Run
from ..reading.subjects import declarations, grouped
from ..reading.values import finite, one_line
from . import kinds
from .section import Column, report_section


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
def costs(run: Run) -> list[dict[str, Any]]:
    """One row for each architecture that has rows: a forward pass of the reference batch, where the run tells of it; then the
    time of its rows and, of that, in the network's own calls; `forwards` are weight vectors that went through it."""
    whole = sum(finite(row.seconds) or 0.0 for row in run.results)
    declared = declarations(run)
    table = []
    for name, rows in grouped(run.results, lambda row: row.architecture).items():
        batch = declared[name].get("cost") if name in declared else None
        seconds, inside = (
            sum(finite(getattr(row, key)) or 0.0 for row in rows) for key in ("seconds", "model_seconds")
        )
        forwards = sum(row.forwards for row in rows) or None
        table.append(
            {
                "architecture": name,
                "parameters": batch and batch["parameters"],
                "operations": batch and batch["operations"],
                "memory": batch and batch["bytes"],
                "batch": batch and batch["seconds"],
                "rows": len(rows),
                "seconds": seconds,
                "share": seconds / whole if whole > 0 else 0.0,
                "model_seconds": inside,
                "overhead": seconds / inside if inside > 0 else None,
                "forwards": forwards,
                "per_forward": inside / forwards if forwards else None,
            }
        )
    return table


def reference_batch(run: Run) -> str:
    """What the counted costs are of, in words; empty if the run has none."""
    return next((one_line(cost["of"], 120) for entry in run.architectures if (cost := entry.get("cost"))), "")
