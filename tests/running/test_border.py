"""The border: what is damaged, foreign or of another version is one line; what passes it trips nothing over afterwards."""

from __future__ import annotations

import copy
import json
import random

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.core.cleaning import BorderError, cleaned, cleaned_text, parsed
from orbitcheck.harness.core.outcomes import Trouble
from orbitcheck.harness.core.result import SCHEMA_VERSION, digest
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.judging.baseline import baseline_of, baseline_text, compare, parse_baseline
from orbitcheck.harness.judging.controls import controls, round_ladder
from orbitcheck.harness.judging.gate import exit_code
from orbitcheck.harness.judging.order import separation_order
from orbitcheck.harness.running.border import read_row, read_run, results_schema
from orbitcheck.harness.running.store import render, results_text
from orbitcheck.harness.running.verifying.verified import verified

pytestmark = pytest.mark.usefixtures("few_plants")

SUITE = """\
suite: every-kind
version: 1
title: One row of each kind
spaces:
  tiny: {mlp: [1, 4, 4, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic]}
  - {id: twins, kind: separation, space: tiny, pairs: {family: bipartite-cycles, cycles: [[4], [2, 2]], count: 1}}
  - {id: direction, kind: separation, pairs: {family: direction, count: 1}}
  - {id: bank, kind: exhaustive, sizes: [2]}
  - {id: limit, kind: detection, spaces: [tiny]}
  - {id: entries, kind: resolution, spaces: [tiny]}
  - {id: span, kind: completeness, spaces: [tiny]}
  - id: norms
    kind: approximation
    space: tiny
    target: {name: weight-norms}
    regime: {name: general-position}
    parameters: [500]
    steps: 3
    sizes: {train: 16, validation: 4, test: 8}
  - id: position
    kind: general-position
    space: tiny
    regime: {name: general-position}
    samples: 4
    forms: {float: {general-position: [1, 1]}}
  - id: floors
    kind: floor
    regime: {name: prop-6.2-twins}
    samples: 8
    target: {name: middle-rank}
    forms: {float: {1-wl: [1, 1], function: [1, 1]}, 8-bit: {orbit: [0, 0]}}
conclusions:
  - {claim: thm-6.3, checks: [norms], allow: three steps, killers: [norms-of-biases]}
allow:
  - {architecture: "*", check: norms, reason: three steps}
expected_failures:
  - {architecture: flat-mlp, check: law, outcome: fail, reason: not equivariant}
"""


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> str:
    """`results.json` of a small real run with every kind and outcome."""
    folder = tmp_path_factory.mktemp("border")
    (folder / "suite.yaml").write_text(SUITE)
    chosen = ["-a", "stats", "-a", "flat-mlp", "-a", "nfn-hnp"]
    answer = CliRunner().invoke(
        main, ["run", str(folder / "suite.yaml"), *chosen, "-j", "1", "-o", str(folder / "out")]
    )
    assert answer.exit_code in (0, 1), answer.output
    return (folder / "out" / "results.json").read_text()


def sealed(data: dict) -> str:
    """The text of a run with the digest that its content has."""
    content = {key: value for key, value in data.items() if key != "sha256"}
    return json.dumps({**content, "sha256": digest(content)})


def use(run) -> None:
    """Whatever reads a run, on one that passed the border."""
    for form in ("html", "markdown", "junit", "json"):
        render(run, form)
    compare(run, parse_baseline(baseline_text(baseline_of(run))))
    exit_code(run)
    controls(run.results, run.architectures)
    round_ladder(run.results, run.architectures)
    separation_order(run.results)
    verified(run)


def test_a_run_reads_back_as_it_was_written_and_fits_its_schema(text):
    run = read_run(text)
    assert results_text(run) == text
    assert {row.kind for row in run.results} == {
        *(
            "equivariance",
            "separation",
            "exhaustive",
            "detection",
            "resolution",
            "completeness",
            "approximation",
            "general-position",
            "floor",
        )
    }
    assert {row.outcome for row in run.results} >= {"pass", "fail", "not-applicable", "undecided"}
    jsonschema.Draft202012Validator(results_schema()).validate(json.loads(text))
    use(run)


def places(value, path=()) -> list[tuple]:
    """The path of every value inside plain data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, entry in inner for deeper in places(entry, (*path, key)))]


STRANGE = (
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    0.5,
    "",
    "x",
    "inf",
    "nan",
    "\ud800",
    "\x1b[31m\u202e",
    [],
    {},
    [[]],
    [1],
    {"a": 1},
)


def mutant(data: dict, dice: random.Random) -> dict:
    """The data with one value changed, dropped or added somewhere; deep places are as likely as shallow ones."""
    changed = copy.deepcopy(data)
    row = changed["results"][dice.randrange(len(changed["results"]))]
    inside = dice.choice([changed, row, row["evidence"] or row, row])
    *path, last = dice.choice([place for place in places(inside) if place])
    for key in path:
        inside = inside[key]
    action = dice.randrange(3)
    if action == 0 and isinstance(inside, dict):
        del inside[last]
    elif action == 1 and isinstance(inside, dict):
        inside[dice.choice(["unheard_of", "digits", "error"])] = dice.choice(STRANGE)
    else:
        inside[last] = dice.choice(STRANGE)
    return changed


@pytest.mark.parametrize(
    "seed", [seed if seed < 100 else pytest.param(seed, marks=pytest.mark.long) for seed in range(300)]
)
def test_a_sealed_mutant_is_refused_in_one_line_or_trips_nothing(text, seed):
    data = mutant(parsed(text), random.Random(seed))
    if "\\ud800" in json.dumps(data):
        with pytest.raises(UnicodeEncodeError):  # a surrogate has no digest, so no such file can be sealed
            sealed(data)
        return
    try:
        run = read_run(sealed(data))
    except BorderError as refused:
        (_,) = str(refused).splitlines()
    else:
        use(run)


def test_a_row_without_what_its_kind_declares_is_refused_by_name(text):
    data = json.loads(text)
    row = next(row for row in data["results"] if row["check"] == "direction" and row["architecture"] == "nfn-hnp")
    assert read_row(row).evidence.digits > 3
    for key in ("family", "orbit", "round"):
        broken = copy.deepcopy(row)
        del broken["evidence"][key]
        with pytest.raises(BorderError, match=rf"evidence\.{key}: field required"):
            read_row(broken)
    with pytest.raises(BorderError, match="kind 'unheard-of'"):
        read_row({**row, "kind": "unheard-of"})
    with pytest.raises(BorderError, match="outcome 'maybe'; allowed: pass"):
        read_row({**row, "outcome": "maybe"})
    for wrong in (True, "3", 3.5, None):
        with pytest.raises(BorderError, match=r"row\.seed"):
            read_row({**row, "seed": wrong})


def in_old_keys(suite: dict) -> dict:
    """A suite as versions 1 and 2 wrote it."""
    conclusions = [
        {("allow_undecided" if key == "allow" else key): value for key, value in entry.items()}
        for entry in suite["conclusions"]
    ]
    kept = {("allow_undecided" if key == "allow" else key): value for key, value in suite.items()}
    return {**kept, "min_decided": 3, "conclusions": conclusions}


def test_the_second_version_is_read_and_what_predicted_nothing_is_observed(text):
    data = json.loads(text)
    rows = [
        {key: value for key, value in row.items() if key not in ("asked", "origin", "root", "changed")}
        for row in data["results"]
    ]
    passing = next(row for row in rows if row["outcome"] == "pass")
    passing["predicted"] = "any"
    problem = {"kind": "min-decided", "about": "a", "text": "too few"}
    suites = [in_old_keys(suite) for suite in data["suites"]]
    run = read_run(sealed({**data, "schema_version": 2, "results": rows, "problems": [problem], "suites": suites}))
    assert [row.outcome for row in run.results if row.id == passing["id"]] == ["observed"]
    assert [each.kind for each in run.problems] == [Trouble.UNSORTED]
    assert all("min_decided" not in suite for suite in run.suites)
    use(run)


def test_earlier_versions_are_read_and_no_others(text):
    """Version 1 kept forwards and printing in the evidence, and said causes in words."""
    data = json.loads(text)
    rows = []
    for row in data["results"]:
        evidence = {key: value for key, value in row["evidence"].items() if key not in ("broken", "ground")}
        if row["kind"] == "separation":
            evidence["measured"] = [{k: v for k, v in draw.items() if k != "fault"} for draw in evidence["measured"]]
        if "cause" in evidence:
            evidence["cause"] = "a violation: the error is as large in float64 as in float32"
        new = ("refusal", "fault", "forwards", "printed", "asked", "origin", "root", "changed")
        old = {key: value for key, value in row.items() if key not in new}
        if old["outcome"] == "observed":
            old["outcome"] = "pass"
        rows.append({**old, "evidence": {**evidence, "forwards": row["forwards"]}})
    old = {key: value for key, value in data.items() if key != "notes"} | {"schema_version": 1, "results": rows}
    old["problems"] = ["3 of 5 rows are missing"]
    old["suites"] = [in_old_keys(suite) for suite in data["suites"]]
    run, now = read_run(sealed(old)), read_run(text)
    assert [(each.kind, each.about, each.text) for each in run.problems] == [
        (Trouble.UNSORTED, "# of # rows are missing", "3 of 5 rows are missing")
    ]
    assert [(row.id, row.outcome, row.forwards) for row in run.results] == [
        (r.id, "observed" if (r.outcome, r.predicted) == ("pass", "any") else r.outcome, r.forwards)
        for r in now.results
    ]
    assert all(row.refusal for row in run.results if row.outcome == "not-applicable")
    use(run)
    for version in (0, 4, "2", None, True):
        with pytest.raises(BorderError, match="schema_version"):
            read_run(sealed({**data, "schema_version": version}))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no JSON"),
        ("[]", "a run is an object, not list"),
        ("{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": ' + "9" * 5000 + "}", "more than 400 digits"),
        ("[" * 100_000, "nested"),
        ("[" * 200 + "]" * 200, "nested more than 64 levels deep"),
    ],
)
def test_a_foreign_file_is_one_line_and_exit_code_2(tmp_path, content, words):
    path = tmp_path / "results.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    baseline = tmp_path / "baseline.json"
    baseline.write_bytes(path.read_bytes())
    for command in (["report"], ["verify"], ["gate", "--baseline", str(baseline)]):
        answer = CliRunner().invoke(main, [command[0], str(tmp_path), *command[1:]])
        assert answer.exit_code == 2
        assert isinstance(answer.exception, SystemExit)
        (line,) = answer.stderr.splitlines()
        assert words in line


def test_a_baseline_that_is_foreign_or_of_another_version_is_one_line(text, tmp_path):
    (tmp_path / "results.json").write_text(text)
    good = baseline_text(baseline_of(read_run(text)))
    path = tmp_path / "baseline.json"
    for content in (
        good.replace('"schema_version": 2', '"schema_version": 7'),
        good.replace('"rows"', '"lines"'),
        good.replace('"pass"', "7"),
        "[" * 100_000,
        "",
        '{"a": 1, "a": 2}',
    ):
        assert content != good
        path.write_text(content)
        answer = CliRunner().invoke(main, ["gate", str(tmp_path), "--baseline", str(path)])
        assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1), answer.output


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(plain)
@settings(deadline=None, derandomize=True)
def test_cleaning_is_idempotent_and_keeps_what_is_clean(value):
    once = cleaned(value)
    assert cleaned(once) == once
    json.dumps(once, allow_nan=False, ensure_ascii=False).encode()


@given(st.text())
@settings(deadline=None, derandomize=True)
def test_clean_text_has_nothing_that_moves_a_cursor_or_a_reading_direction(text):
    result = cleaned_text(text)
    assert len(result) == len(text)
    for letter, kept in zip(text, result, strict=True):
        assert kept == letter or kept == "\N{REPLACEMENT CHARACTER}"
        assert kept.isprintable() or kept in "\n\t" or not kept.isascii()
    result.encode()


def test_parsed_text_is_as_clean_as_cleaned_data():
    for value in ("\u202e", "\x7f", "\x1b", "plain", "zwei\nZeilen", "–"):
        for ascii_only in (True, False):
            assert parsed(json.dumps([value], ensure_ascii=ascii_only)) == cleaned([value])


def test_the_schema_has_a_version_that_a_run_states(text):
    assert json.loads(text)["schema_version"] == SCHEMA_VERSION
    assert results_schema()["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda data: data["suites"][0]["checks"][2].update(kind="parameter-budget"),
            'unknown check kind "parameter-budget"',
        ),
        (lambda data: data["results"][0].update(architecture=""), "does not read as NAME"),
    ],
)
def test_a_row_that_cannot_be_reproduced_is_one_line(text, tmp_path, change, words):
    data = json.loads(text)
    change(data)
    (tmp_path / "results.json").write_text(sealed(data))
    answer = CliRunner().invoke(main, ["reproduce", str(tmp_path), data["results"][0]["id"]])
    assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1), answer.output
    assert words in answer.stderr
