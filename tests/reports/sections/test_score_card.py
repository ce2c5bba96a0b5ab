"""The score card counts each row as the rest of the report does, and the most able stand first."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from html import escape

import pytest

from orbitcheck.harness.checks.prediction import NO_GAP, NOT_SEPARATED, SEPARATED
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports.html import ROOTS_AT_HEAD, html
from orbitcheck.reports.reading.outcomes import STATUSES, status_of, tally
from orbitcheck.reports.sections.roots import red_lines
from orbitcheck.reports.sections.score_card import score_card
from orbitcheck.reports.sections.verdicts import verdicts

Row = Callable[..., Result]
TWO = {"orbit": "different"}


def run_of(*rows: Result) -> Run:
    return Run("0", {}, [], [], list(rows))


def test_every_architecture_has_one_line_with_its_verdict_s_outcome(any_run: Run) -> None:
    scores = {score.architecture: score for score in score_card(any_run)}
    told = {entry["architecture"]: entry for entry in verdicts(any_run)}
    assert scores.keys() == told.keys() and len(scores) == len(score_card(any_run))
    for name, score in scores.items():
        assert score.rows.counts == told[name]["rows"].counts
        for bar in filter(None, (score.law, score.apart)):
            assert all(part.size >= 0 for part in bar.parts)
            assert math.isclose(sum(width for _, width in bar.widths), 100, abs_tol=0.1) or not bar.widths


def test_the_law_is_told_by_its_worst_row_in_decimal_digits(make_row: Row) -> None:
    rows = [
        make_row(case=str(n), evidence={"error64": error, "floor64": 1e-15})
        for n, error in enumerate((0.0, 1e-13, 1e-15))
    ]
    (score,) = score_card(run_of(*rows))
    assert score.law and score.law.words == "13.0 digits" and not score.law.broken
    assert score.floors == pytest.approx(100)
    (exact,) = score_card(run_of(rows[0]))
    assert exact.law and exact.law.words == "to the bit"
    (broken,) = score_card(run_of(*rows, make_row(case="x", outcome="fail")))
    assert broken.law and broken.law.broken and broken.law.words == "broken in 1 of 4"


def test_the_most_able_stand_first_and_the_red_last(make_row: Row) -> None:
    def named(name: str, apart: int, red: bool = False) -> list[Result]:
        law = make_row(architecture=name, outcome="fail" if red else "pass")
        pairs = [
            make_row("separation", TWO, architecture=name, case=str(n), observed=SEPARATED if n < apart else NO_GAP)
            for n in range(4)
        ]
        return [law, *pairs]

    scores = score_card(
        run_of(*named("weak", 1), *named("broken", 4, red=True), *named("strong", 3), *named("middle", 2))
    )
    assert [score.architecture for score in scores] == ["strong", "middle", "weak", "broken"]
    assert [score.apart and score.apart.words for score in scores] == ["3 of 4", "2 of 4", "1 of 4", "4 of 4"]


def test_a_network_that_was_asked_less_is_seen_to_have_been_asked_less(make_row: Row) -> None:
    """The whole of the bar is all pairs of two orbits; the number is of those that this network was asked."""
    asked = [make_row("separation", TWO, architecture="a", case=str(n), observed=SEPARATED) for n in range(6)]
    fewer = [make_row("separation", TWO, architecture="b", case="0", observed=SEPARATED)]
    fewer += [make_row("separation", TWO, architecture="b", case=str(n), outcome="not-applicable") for n in range(1, 4)]
    found = [score.apart for score in score_card(run_of(*asked, *fewer))]
    assert [bar and bar.words for bar in found] == ["6 of 6", "1 of 1"]
    assert [bar and {part.look: part.size for part in bar.parts} for bar in found] == [
        {"seen": 6, "unclear": 0, "rest": 0, "absent": 0},
        {"seen": 1, "unclear": 0, "rest": 0, "absent": 5},
    ]


def test_two_copies_of_one_network_are_no_pair_to_tell_apart(make_row: Row) -> None:
    """Where anybody certifies one orbit: what is complete tells all pairs apart that count."""
    apart = make_row("separation", TWO, architecture="a", case="0", observed=SEPARATED)
    copies = make_row("separation", {"orbit": "same"}, architecture="a", case="1", observed=NOT_SEPARATED)
    error = make_row("separation", Evidence(), architecture="b", case="1", outcome="error")
    whole, nothing = score_card(run_of(apart, copies, error))
    assert whole.apart and whole.apart.words == "1 of 1" and nothing.apart is None
    (told,) = (entry["sentence"] for entry in verdicts(run_of(apart, copies)))
    assert "tells apart 1 of 1 pair that it was asked" in told


def test_nothing_is_ruled_out_of_a_law_that_is_broken(make_row: Row) -> None:
    kept, broken = (make_row(case=outcome, outcome=outcome, evidence={"bound": 0.046}) for outcome in ("pass", "fail"))
    assert [score_card(run_of(*rows))[0].bound for rows in ((kept,), (kept, broken))] == [0.046, None]


def test_each_red_architecture_has_a_line_below_the_headline_that_leads_to_its_roots(small_run: Run) -> None:
    lines = red_lines(small_run)
    assert [line.architecture for line in lines] == list(
        dict.fromkeys(row.architecture for row in small_run.results if STATUSES[status_of(row)].red)
    )
    page = html(small_run)
    head, _, rest = page.partition('<section id="score-card">')
    for number, line in enumerate(lines):
        assert line.architecture in (head if number < ROOTS_AT_HEAD else rest)
        if number < ROOTS_AT_HEAD:  # a click unfolds the very row
            (line_of,) = re.findall(
                rf'<li><a href="#([^"]+)">(?:(?!</li>).)*?<b>{re.escape(escape(line.architecture))}</b>', head
            )
            assert line.id in rest.split(f'id="{line_of}"', 1)[1].split("</details>", 1)[0]
        assert tally(row for row in small_run.results if row.architecture == line.architecture).red
    assert re.search(r'<table class="[^"]*sortable stack" data-filter="score-card">', rest)
