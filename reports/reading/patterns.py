"""Where the law breaks: the one fact of the cases, if there is one, that parts those that keep it from those that break it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...harness.checks.equivariance.evidence import EquivarianceEvidence
from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result
from .subjects import measured
from .values import one_line, plural

WIDTHS = re.compile(r"mlp\(((?:\d+, )+\d+)")
LEAST = 2
"""Cases that each side has at least."""


@dataclass(frozen=True)
class Facet:
    """A fact of a case: its value, and how the cases of a value, and all others, are called."""

    value: Callable[[EquivarianceEvidence], str]
    cases: Callable[[str], str]
    others: Callable[[str], str]


def _layers(law: EquivarianceEvidence) -> str:
    """`one` or `more`, by hidden layers; nothing of what is no MLP."""
    found = WIDTHS.match(law.space)
    hidden = found[1].count(",") - 1 if found else 0
    return "" if hidden < 1 else "one" if hidden == 1 else "more"


FACETS = (
    Facet(_layers, lambda value: "of one hidden layer" if value == "one" else "of more hidden layers",
          lambda value: "of more" if value == "one" else "of one"),
    Facet(lambda law: law.output, lambda value: f"with an {value} output", lambda _: "with the other output"),
    Facet(lambda law: law.mode, lambda value: f"in {value} mode", lambda _: "in the other mode"),
    Facet(lambda law: law.input, lambda value: f"on the input '{one_line(value, 40)}'", lambda _: "on any other"),
)  # fmt: skip


def breaks_where(rows: Sequence[Result]) -> str:
    """`every case of one hidden layer keeps the law (28), every case of more breaks it (24)`; "" where no single fact parts them.

    The cases that keep the law are all of one side, and the side that breaks it does so in at least half of its cases, which are
    counted where it is not in all.
    """
    law = [(row.outcome == Outcome.FAIL, found) for row in rows if row.kind == "equivariance"
           and row.outcome in (Outcome.PASS, Outcome.FAIL) and (found := measured(row, EquivarianceEvidence)) is not None]  # fmt: skip
    best: tuple[float, str] = (0.0, "")
    for facet in FACETS:
        told = [(broken, value) for broken, found in law if (value := facet.value(found))]
        for value in dict.fromkeys(value for _, value in told):
            inside = [broken for broken, each in told if each == value]
            outside = [broken for broken, each in told if each != value]
            if len(told) < len(law) or min(len(inside), len(outside)) < LEAST or any(outside):
                continue
            share = sum(inside) / len(inside)
            if share >= 0.5 and share > best[0]:
                best = share, _sentence(facet, value, sum(inside), len(inside), len(outside))
    return best[1]


def _sentence(facet: Facet, value: str, broken: int, asked: int, kept: int) -> str:
    kept_by = f"every case {facet.others(value)} keeps it ({kept:,})"
    if broken == asked:
        return f"every case {facet.cases(value)} breaks the law ({broken:,}), {kept_by}"
    return f"{broken:,} of {plural(asked, 'case')} {facet.cases(value)} {'breaks' if broken == 1 else 'break'} the law, {kept_by}"
