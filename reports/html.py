"""Run -> one self-contained HTML file that opens from disk, reads without scripts and asks nothing of the network.

Everything that comes from a plug-in, a suite or the environment passes through jinja's autoescape; the content security
policy lets nothing run but the report's own script, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..harness.core.result import Run
from . import svg, values
from .approximation import approximation_rows, expressivity_map, fit_table
from .audit import MEASURES, audit_forms
from .conclusions import CONCLUSION_STATUSES, conclusions
from .controls import controls, planted
from .curves import approximation_curves, capacity_curves
from .depth import depth_curves
from .details import red_groups
from .drawing import GLYPHS, glyph_path
from .equivariance import error_table
from .exhaustive import bank_table
from .hasse import hasse
from .ladder import ladders, rungs
from .outcomes import STATUSES, headline, is_red, problems_of, tally
from .scatter import scatter
from .separation import pair_sections, pair_table, separation_rows
from .summary import (
    asides,
    check_rows,
    costs,
    declarations,
    environment,
    ledger,
    reference_batch,
    sections,
    subjects,
    verdicts,
)

TEMPLATES = Path(__file__).parent / "templates"
OPEN_AT_MOST = 12
"""Up to so many rows that need eyes are shown unfolded."""


def html(run: Run) -> str:
    """The report as one HTML document; the same run gives the same text."""
    script = _asset("report.js")
    groups = red_groups(run)
    figure = scatter(run)
    compared = {row.architecture for row in separation_rows(run)}
    banks = bank_table(run)
    fitted = {row.architecture for row in approximation_rows(run)}
    names = subjects(run)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            title=_title(run),
            style=Markup(_asset("report.css")),
            parts=Markup(svg.style()),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            red=is_red(run),
            headline=headline(run),
            whole=tally(run.results),
            statuses=tuple(STATUSES.values()),
            by_name=CONCLUSION_STATUSES,
            problems=problems_of(run),
            notes=tuple(map(values.one_line, run.notes)),
            environment=environment(run),
            verdicts=verdicts(run),
            names=names,
            declarations=declarations(run),
            checks=sections(check_rows(run)),
            anchors={(group.architecture, group.suite, group.check): group.anchor for group in groups},
            ledger=ledger(run),
            conclusions=conclusions(run),
            pairs=pair_sections(pair_table(run)),
            pair_names=tuple(name for name in names if name in compared),
            banks=banks,
            bank_names=tuple(name for name in names if any(name in row.cells for row in banks)),
            ladders=tuple(zip(rungs(run), ladders(run), strict=True)),
            by_depth=depth_curves(run),
            hasse=hasse(run),
            scatter=figure,
            marked={mark.part for mark in figure.drawing.marks} if figure else set(),
            map=expressivity_map(run),
            fits=fit_table(run),
            fit_names=tuple(name for name in names if name in fitted),
            curves=approximation_curves(run),
            capacity=capacity_curves(run),
            errors=error_table(run),
            groups=groups,
            unfolded=sum(group.tally.total for group in groups) <= OPEN_AT_MOST,
            expected=asides(run, "expected"),
            not_applicable=asides(run, "not-applicable"),
            controls=controls(run),
            planted=planted(run),
            audit=audit_forms(run),
            measures=MEASURES,
            costs=costs(run),
            reference=reference_batch(run),
        )
    )


def _title(run: Run) -> str:
    suites = dict.fromkeys(row.suite for row in run.results)
    return f"orbitcheck: {values.one_line(', '.join(suites), 80) or 'no rows'}"


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    filters: dict[str, Callable[..., str]] = {
        "compact": values.compact,
        "digits": values.digits_text,
        "seconds": values.seconds_text,
        "shown": values.shown,
        "one_line": values.one_line,
        "block": values.block,
        "plural": values.plural,
        "scaled": values.scaled,
        "drawn": svg.inline,
        "glyph": lambda name: glyph_path(GLYPHS[name]),
    }
    environment.filters.update(filters)
    return environment


def _finalize(value: object) -> object:
    """What a template prints: text without characters that deceive or that HTML forbids."""
    return values.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
