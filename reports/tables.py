"""Every table of a run as data, and as the files that spreadsheets and papers read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..harness.core.result import Run
from ..harness.judging.order import separation_order
from .approximation import approximation_rows, expressivity_map, fit_of
from .audit import MEASURES, audit_forms
from .conclusions import conclusions
from .controls import controls, planted
from .depth import depths
from .equivariance import error_table
from .exhaustive import bank_table
from .ladder import rungs
from .outcomes import STATUSES, Tally, status_of
from .separation import pair_table
from .summary import (
    architecture_names,
    asides,
    check_rows,
    costs,
    declarations,
    environment,
    ledger,
    reference_batch,
    subjects,
    verdicts,
)
from .table_text import csv, latex
from .values import finite, number, shown

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """A table: a name for its files, what it shows, the header, and rows as wide as the header.

    `data` is for tables that are data rather than reading matter: they have no LaTeX form.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    data: bool = False


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """`(name, content)` of every table as CSV, and as LaTeX where people read it."""
    for table in tables(run):
        yield f"{table.name}.csv", csv(table.header, table.rows).encode()
        if not table.data:
            yield f"{table.name}.tex", latex(table.title, table.header, table.rows).encode()


def tables(run: Run) -> tuple[Table, ...]:
    """The tables that have a row."""
    made = (
        _environment(run), _verdicts(run), _checks(run), _claims(run), _conclusions(run), _expressivity(run),
        _approximation(run), _audit(run), _separation(run), _banks(run), _order(run), _ladder(run), _depths(run),
        _equivariance(run), _controls(run), _planted(run),
        _costs(run), _failures(run), _asides(run, "expected"), _asides(run, "not-applicable"), _rows(run),
    )  # fmt: skip
    return tuple(table for table in made if table.rows)


def _environment(run: Run) -> Table:
    return Table("environment", "What the numbers depend on", ("setting", "value"), environment(run))


COUNTS = tuple(STATUSES)


def _counts(tally: Tally) -> tuple[int, ...]:
    return tuple(tally.counts[name] for name in COUNTS)


def _verdicts(run: Run) -> Table:
    declared = declarations(run)
    header = ("architecture", "symmetry", "power", "domain", "parameters", "verdict", "sentence", *COUNTS)
    rows = []
    for entry in verdicts(run):
        traits = declared.get(entry.architecture, {})
        told = (traits.get("symmetry"), traits.get("power"), traits.get("domain"), traits.get("parameters"))
        rows.append((entry.architecture, *map(_plain, told), entry.status, entry.sentence, *_counts(entry.tally)))
    return Table("verdicts", "Verdict of each architecture", header, tuple(rows))


def _checks(run: Run) -> Table:
    names = subjects(run)
    rows = tuple(
        (
            row.suite, row.check, row.kind, row.claim,
            *(row.cells[name].tally.words if name in row.cells else None for name in names),
        )
        for row in check_rows(run)
    )  # fmt: skip
    return Table("checks", "Rows by outcome", ("suite", "check", "kind", "claim", *names), rows)


def _claims(run: Run) -> Table:
    rows = tuple(
        (entry.claim, entry.statement, entry.regime, finding.predicted, finding.observed, *_counts(finding.tally))
        for entry in ledger(run)
        for finding in entry.findings
    )
    header = ("claim", "statement", "regime", "predicted", "observed", *COUNTS)
    return Table("claims", "Claims ledger: predicted and observed", header, rows)


def _conclusions(run: Run) -> Table:
    rows = tuple(
        (
            entry.suite,
            entry.claim,
            entry.title,
            entry.checks,
            entry.predicted,
            entry.observed,
            entry.status,
            entry.reason,
        )
        for entry in conclusions(run)
    )
    header = ("suite", "claim", "title", "checks", "predicted", "observed", "outcome", "reason")
    return Table("conclusions", "Claims that several rows together decide", header, rows)


def _expressivity(run: Run) -> Table:
    found = expressivity_map(run)
    header = ("target", "kind", "regime", "theory", "measured", "errors", "floors", "claims", *COUNTS)
    rows = [
        (row.target, row.kind, regime, cell.theory, cell.measured, cell.errors, cell.floors, ", ".join(cell.claims),
         *_counts(cell.tally))
        for row in (found.rows if found else ())
        for regime, cell in row.cells.items()
    ]  # fmt: skip
    return Table("expressivity-map", "Expressivity map: theory and measurement", header, tuple(rows))


def _approximation(run: Run) -> Table:
    header = (
        "suite", "check", "target", "regime", "architecture", "networks", "parameters", "error", "error low", "error high",
        "floor", "floor kind", "threshold", "predicted", "observed", "outcome",
    )  # fmt: skip
    rows = []
    for row in approximation_rows(run):
        fit = fit_of(row)
        if fit is not None:
            rows.append(
                (
                    row.suite, row.check, fit.target, fit.regime, row.architecture, fit.networks, int(fit.parameters),
                    fit.error, fit.low, fit.high, fit.floor, fit.floor_kind, fit.threshold, row.predicted, row.observed,
                    fit.status,
                )
            )  # fmt: skip
    return Table("approximation", "Approximation error over variance", header, tuple(rows))


def _audit(run: Run) -> Table:
    rows = tuple(
        (entry.row.suite, entry.row.check, entry.form, _plain(entry.row.evidence.get("nets")),
         *(entry.shares[measure] for measure in MEASURES), entry.status)
        for entry in audit_forms(run)
    )  # fmt: skip
    return Table("audit", "Audit of weights", ("suite", "check", "form", "networks", *MEASURES, "outcome"), rows)


def _separation(run: Run) -> Table:
    table = pair_table(run)
    seen = {name for row in table for name in row.cells}
    names = tuple(name for name in architecture_names(run) if name in seen)
    rows = tuple(
        (
            row.suite, row.check, row.family, row.relation, row.round, row.pairs,
            *(_digits(row.cells[name]) if name in row.cells else None for name in names),
        )
        for row in table
    )  # fmt: skip
    header = ("suite", "check", "family", "relation", "round", "pairs", *names)
    return Table("separation", "Digits of separation", header, rows)


def _digits(cell: Any) -> str:
    if cell.tally.worst == "not-applicable":
        return "n/a"
    return f"{cell.digits} ({cell.word})" if cell.digits else cell.word


def _banks(run: Run) -> Table:
    rows = tuple(
        (row.suite, row.check, row.bank, row.nets, row.classes, row.pairs, row.refined, name, cell.parted, cell.draws,
         cell.tally.worst)
        for row in bank_table(run)
        for name, cell in row.cells.items()
    )  # fmt: skip
    header = (
        "suite", "check", "bank", "networks", "1-WL classes", "pairs", "refinement parts", "architecture", "parted", "draws",
        "outcome",
    )  # fmt: skip
    return Table("exhaustive", "Every pair of all small networks", header, rows)


def _order(run: Run) -> Table:
    order = separation_order(run.results)
    below: dict[int, list[str]] = {}
    for upper, lower in order.covers if order else ():
        below.setdefault(upper, []).append(" = ".join(order.members[lower].names) if order else "")
    rows = tuple(
        (" = ".join(member.names), member.parted, order.pairs if order else 0, "; ".join(below.get(place, ())))
        for place, member in enumerate(order.members if order else ())
    )
    return Table("separation-order", "Order of separation", ("architectures", "parted", "pairs", "covers"), rows)


def _ladder(run: Run) -> Table:
    rows = tuple(
        (name, rung.round, rung.digits, rung.separated, rung.words) for name, own in rungs(run).items() for rung in own
    )
    header = ("architecture", "round", "digits", "separated", "observed")
    return Table("round-ladder", "Digits of separation by refinement round", header, rows)


def _depths(run: Run) -> Table:
    rows = tuple(
        (point.family, point.architecture, point.depth, point.seen, point.sure, point.resolved)
        for own in depths(run).values()
        for point in own
    )
    header = ("family", "architecture", "depth", "rounds seen", "rounds declared", "t_res")
    return Table("rounds-by-depth", "Refinement rounds seen, by depth", header, rows)


def _equivariance(run: Run) -> Table:
    rows = tuple(
        (entry.architecture, entry.error64, entry.floor64, entry.error32, entry.ratio, entry.cause, entry.case,
         *_counts(entry.tally))
        for entry in error_table(run)
    )  # fmt: skip
    header = ("architecture", "worst e64", "floor", "e32", "e32 / e64", "cause", "case", *COUNTS)
    return Table("equivariance", "Equivariance error", header, rows)


def _controls(run: Run) -> Table:
    rows = tuple(
        (entry.architecture, entry.nulls, entry.false_positives, entry.bound, entry.separated, entry.lowest, entry.median,
         entry.reach, entry.resolution, entry.change, entry.effect)
        for entry in controls(run)
    )  # fmt: skip
    header = (
        "architecture", "null pairs", "told apart", "rate at most", "pairs separated", "lowest digits", "median digits",
        "ladder seen to round", "t_res", "smallest change seen", "smallest effect seen",
    )  # fmt: skip
    return Table("controls", "Controls: false positives and limit of detection", header, rows)


def _planted(run: Run) -> Table:
    rows = tuple(
        (entry.defect, entry.rule, entry.kind, entry.wanted, entry.outcome, entry.verdict, entry.words)
        for entry in planted(run)
    )
    header = ("defect", "rule that it breaks", "check kind", "wanted", "got", "verdict", "reason")
    return Table("planted-defects", "Planted defects", header, rows)


def _costs(run: Run) -> Table:
    batch = reference_batch(run)
    header = (
        "architecture", "parameters", "operations", "bytes", "seconds a batch", "rows", "seconds", "seconds in the network",
        "overhead", "forwards", "seconds a forward",
    )  # fmt: skip
    rows = tuple(
        (entry.architecture, entry.parameters, entry.operations, entry.memory, entry.reference_seconds, entry.rows,
         entry.seconds, entry.model_seconds, entry.overhead, entry.forwards, entry.per_forward)
        for entry in costs(run)
    )  # fmt: skip
    return Table("cost", f"Cost; the first columns of {batch}" if batch else "Cost", header, rows)


def _failures(run: Run) -> Table:
    rows = tuple(
        (row.architecture, row.suite, row.check, row.case, status_of(row), row.reason,
         shown(row.evidence.get("counterexample")), row.id, row.reproduce)
        for row in run.results
        if STATUSES[status_of(row)].red
    )  # fmt: skip
    header = ("architecture", "suite", "check", "case", "outcome", "reason", "counter-example", "id", "reproduce")
    return Table("failures", "Rows that are not as predicted", header, rows)


def _asides(run: Run, status: str) -> Table:
    rows = tuple((entry.architecture, entry.reason, entry.checks, entry.count) for entry in asides(run, status))
    title = {"expected": "Expected failures", "not-applicable": "Not applicable"}[status]
    return Table(status, title, ("architecture", "reason", "checks", "rows"), rows)


EVIDENCE = (
    "error64", "error32", "floor64", "digits", "ratio", "p", "effect", "round", "family", "relation", "t_res",
    "smallest_change", "rank", "dimension", "target", "regime", "networks", "parameters", "error", "floor", "forwards",
)  # fmt: skip
"""Evidence that the table of all rows has columns for."""


def _rows(run: Run) -> Table:
    header = (
        "id", "suite", "check", "kind", "case", "claim", "architecture", "outcome", "declared", "predicted", "observed",
        "reason", "seed", "dtype", "seconds", "model_seconds", *EVIDENCE,
    )  # fmt: skip
    rows = tuple(
        (
            row.id, row.suite, row.check, row.kind, row.case, row.claim, row.architecture, row.outcome, row.declared,
            row.predicted, row.observed, row.reason, str(row.seed), row.dtype, finite(row.seconds), finite(row.model_seconds),
            *(_plain(row.evidence.get(key)) for key in EVIDENCE),
        )
        for row in run.results
    )  # fmt: skip
    return Table("rows", "All rows", header, rows, data=True)


def _plain(value: Any) -> Cell:
    """A JSON value as a cell: numbers stay numbers, the rest is text."""
    if value is None or isinstance(value, bool | int):
        return value
    read = number(value)
    return read if read is not None else shown(value)
