"""What a suite asks of whom, and entries that speak of nobody: wrong ones beside right ones, each at its place."""

from __future__ import annotations

import pytest

from orbitcheck.harness.core.patterns import RowPattern
from orbitcheck.harness.language.reading import SuiteError, load_expectations, load_suite
from orbitcheck.harness.language.rows import all_asked, unmet
from orbitcheck.harness.plugins.discovery import installed, parse_name
from orbitcheck.harness.running.plan import plan

SUITE = """\
suite: example
version: 1
title: An example
architectures: [dws, gmn]
spaces:
  tiny: {mlp: [1, 4, 4, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny]}
  - {id: gates, kind: equivariance, spaces: [tiny], samples: 3, architectures: [gmn]}
  - {id: forms, kind: general-position, regime: {name: digits-inr}, forms: {float: {discrete: [1, 1]}}}
expected_failures:
  - {architecture: ARCHITECTURE, check: CHECK, case: "CASE", outcome: fail, reason: known}
conclusions:
  - {claim: equivariance, checks: [READ], architectures: [OF], killers: ["*"]}
"""
FINE = {"ARCHITECTURE": "dws", "CHECK": "law", "CASE": "*", "READ": "law", "OF": "dws"}


def written(tmp_path, **parts: str):
    text = SUITE
    for key, value in {**FINE, **parts}.items():
        text = text.replace(key, value)
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return path


def lines(path, given=()) -> list[str]:
    """What is wrong with a suite, without its folder."""
    try:
        load_suite(path, [parse_name(text) for text in given])
    except SuiteError as error:
        return [line.removeprefix(f"{path.parent}/") for line in error.errors]
    return []


NOBODY = "matches no architecture that is installed, named by the suite or given to the run"
DEPTH = '"dws[depth=5]"'
ENTRIES = [
    ({}, (), None),
    ({"ARCHITECTURE": "flat-mlp"}, ("dws",), None),
    ({"ARCHITECTURE": "dsw"}, (), f'12:20: expected_failures.0.architecture: "dsw" {NOBODY}; did you mean "dws"?'),
    ({"ARCHITECTURE": "DWS"}, (), f'12:20: expected_failures.0.architecture: "DWS" {NOBODY}; available: '),
    ({"ARCHITECTURE": '"d?s"'}, (), None),
    ({"ARCHITECTURE": '"x*"'}, (), f'12:20: expected_failures.0.architecture: "x*" {NOBODY}; available: '),
    ({"ARCHITECTURE": DEPTH}, (), f'{DEPTH} {NOBODY}; "dws" is there without these options'),
    ({"ARCHITECTURE": DEPTH}, ("dws[depth=6]",), f'{DEPTH} {NOBODY}; "dws" is there without these options'),
    ({"ARCHITECTURE": DEPTH}, ("dws[depth=5]",), None),
    ({"ARCHITECTURE": '"dws[depth=?]"'}, ("dws[depth=5]",), None),
    ({"ARCHITECTURE": "dws"}, ("dws[depth=5]",), None),
    ({"ARCHITECTURE": "gates"}, (), f'"gates" {NOBODY}; it is a check: as a pattern of rows "* / gates"'),
    (
        {"ARCHITECTURE": "dws/gates"},
        (),
        f'"dws/gates" {NOBODY}; parts of a pattern of rows stand apart by spaces: "dws / gates"',
    ),
    ({"ARCHITECTURE": "mine:Net"}, (), f'"mine:Net" {NOBODY}; available: '),
    ({"ARCHITECTURE": "mine:Net"}, ("mine:Net[depth=5]",), None),
    ({"CHECK": "lwa"}, (), '12:32: expected_failures.0.check: "lwa" matches no check; did you mean "law"?'),
    ({"CHECK": "Law"}, (), '"Law" matches no check; did you mean "law"?'),
    ({"CHECK": '"l[a]w"'}, (), '"l[a]w" matches no check; did you mean "law"?'),
    ({"CHECK": '"l*"'}, (), None),
    ({"CHECK": "gates"}, (), '12:32: expected_failures.0.check: "gates" matches no check that is asked of "dws"'),
    ({"CHECK": "gates", "ARCHITECTURE": "gmn"}, (), None),
    ({"CHECK": "gates", "ARCHITECTURE": "stats"}, (), None),
    ({"CHECK": "forms"}, (), '"forms" matches no check that is asked of "dws"'),
    ({"CHECK": "forms", "ARCHITECTURE": "weights"}, (), None),
    ({"CASE": "tiny/invariant/generic/eval"}, (), None),
    (
        {"CASE": "tiny/invariant/Generic/eval"},
        (),
        '12:43: expected_failures.0.case: "tiny/invariant/Generic/eval" matches no case of "law"; '
        'did you mean "tiny/invariant/generic/eval"?',
    ),
    ({"CASE": "inr/*"}, (), 'matches no case of "law"; available: '),
    ({"READ": "lew"}, (), '14:36: conclusions.0.checks.0: "lew" matches no check; did you mean "law"?'),
    ({"READ": '"*"'}, (), None),
    ({"OF": "dsw"}, (), f'14:58: conclusions.0.architectures.0: "dsw" {NOBODY}; did you mean "dws"?'),
    ({"OF": DEPTH}, (), f"conclusions.0.architectures.0: {DEPTH} {NOBODY}"),
    ({"OF": DEPTH}, ("dws[depth=5]",), None),
    ({"READ": "law, gates"}, (), 'checks.1: "gates" is asked of none of the architectures of this conclusion'),
    ({"READ": "gates", "OF": "dws, gmn"}, (), '"dws" is asked none of the checks of this conclusion'),
    ({"READ": "law, gates", "OF": "dws, gmn"}, (), None),
]


@pytest.mark.parametrize(("parts", "given", "wrong"), ENTRIES)
def test_an_entry_that_speaks_of_nobody_is_an_error_at_its_place(tmp_path, parts, given, wrong):
    found = lines(written(tmp_path, **parts), given)
    if wrong is None:
        assert found == []
    else:
        (line,) = dict.fromkeys(line for line in found if wrong in line)
        assert line.startswith("x.yaml:")
        assert "\n" not in line
        assert len(line) < 600


def test_a_users_own_file_is_held_against_the_suites_of_the_run(tmp_path):
    suite = load_suite(written(tmp_path))
    path = tmp_path / "mine.yaml"

    def entry(architecture: str, check: str) -> str:
        return f'  - {{architecture: "{architecture}", check: {check}, outcome: fail, reason: known}}\n'

    path.write_text("expected_failures:\n" + entry("dws", "law") + entry("dws[depth=5]", "law") + entry("dws", "statz"))
    with pytest.raises(SuiteError) as caught:
        load_expectations(path, [suite])
    depth, statz = caught.value.errors
    assert depth.startswith(f'{path}:3:20: expected_failures.1.architecture: "dws[depth=5]" {NOBODY}')
    assert statz.startswith(f'{path}:4:34: expected_failures.2.check: "statz" matches no check; available: ')
    path.write_text("expected_failures:\n" + entry("dws[depth=5]", "law"))
    assert len(load_expectations(path, [suite], [parse_name("dws[depth=5]")])) == 1


def test_what_speaks_of_no_row_is_what_matches_no_cell_of_the_plan(tmp_path):
    """The shortcut by check, case and architecture, beside every cell of the plan."""
    suite = load_suite(written(tmp_path))
    given = [parse_name("dws[depth=5]")]
    everybody = [*map(parse_name, [*installed(), *suite.architectures]), *given]
    cells, asked = plan([suite], everybody), all_asked(suite, given)
    cases = ["*", "tiny/*", "tiny/invariant/generic/eval", "nothing"]
    found = set()
    for architecture in ["*", "dws", "dws[depth=5]", "dws[depth=6]", "gmn", "g?n", "stats", "weights", "dsw"]:
        for check in ["*", "law", "gates", "forms", "f*", "statz"]:
            for case in cases:
                pattern = RowPattern(architecture, check, case)
                assert (unmet(pattern, asked) is None) == any(map(pattern.matches, cells)), pattern
                found.add(unmet(pattern, asked) is None)
    assert found == {True, False}
