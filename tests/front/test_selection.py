"""What a run is asked, the same through every door: an error of one line, or a note where only this run leaves rows out."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from orbitcheck.architectures.deep_sets import DeepSets
from orbitcheck.harness.front.assertions import checks_for
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.front.selection import SelectionError, select
from orbitcheck.harness.language.reading import SuiteError
from orbitcheck.harness.running.store import read_run
from orbitcheck.reports.sections.conclusions import conclusions

pytestmark = pytest.mark.usefixtures("few_plants")

SUITE = """\
suite: small
version: 1
title: Small
spaces:
  tiny: {mlp: [1, 3, 1], activation: relu}
checks:
  - {id: law, kind: equivariance, spaces: [tiny], outputs: [invariant], inputs: [generic]}
expected_failures:
  - {architecture: WHO, check: law, outcome: fail, reason: by design}
conclusions:
  - {claim: equivariance, checks: [law], architectures: [READ], killers: [index-leak, entry-leak, cumulated-rows]}
"""


class Mine(DeepSets):
    """A user's own network, not installed."""


def write(folder, who: str = "flat-mlp", read: str = "gmn") -> str:
    path = folder / "small.yaml"
    path.write_text(SUITE.replace("WHO", who).replace("READ", read))
    return str(path)


def test_what_is_named_is_read_once_in_its_order(tmp_path):
    path = write(tmp_path)
    chosen = select([path, "quick", path], ["stats", "dws[depth=2]"])
    assert list(chosen.suites) == [path, "quick"]
    assert list(map(str, chosen.architectures)) == ["stats", "dws[depth=2]"]


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    path = write(tmp_path, who="dsw", read='"gmn[depth=9]"')
    with pytest.raises(SelectionError) as caught:
        select([path, "qick"], ["dwss"], "none.yaml")
    said = caught.value.errors
    assert len(said) == 5
    for line, words in zip(said, ("dsw", "gmn[depth=9]", "qick", "dwss", "none.yaml"), strict=True):
        assert words in line


@pytest.mark.parametrize(("who", "place"), [("dsw", "9:20"), ('"stats[width=8]"', "9:20")])
def test_an_entry_about_nobody_stops_every_door_with_its_line(tmp_path, who, place):
    path = write(tmp_path, who=who)
    done = CliRunner().invoke(main, ["run", path, "-a", "stats", "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    (line,) = done.output.splitlines()
    assert f"{path}:{place}: expected_failures.0.architecture: " in line
    assert not (tmp_path / "out").exists()
    with pytest.raises(SuiteError, match=place):
        checks_for(DeepSets, path)


def test_a_network_that_is_given_as_a_class_counts_as_given(tmp_path):
    (check,) = checks_for(Mine, write(tmp_path, who="Mine"))
    assert check.suite.expected_failures[0].matches(check.cell)


def test_what_this_run_leaves_out_is_a_note_and_its_conclusion_not_asked(tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["run", write(tmp_path), "-a", "deep-sets", "-o", str(out), "-j", "1"])
    assert done.exit_code == 0, done.output
    said = 'expected failure "flat-mlp / law / *" is not asked in this run'
    also = 'conclusion "equivariance" is not asked in this run'
    assert [done.output.count(f"note: {line}") for line in (said, also)] == [1, 1]
    kept = json.loads((out / "results.json").read_text())
    assert (kept["notes"], kept["problems"], [each["outcome"] for each in kept["conclusions"]]) == (
        [said, also],
        [],
        ["not-asked"],
    )
    (shown,) = conclusions(read_run(out))
    assert shown["status"] == "not-asked"
    for name in ("report.html", "report.md"):
        text = (out / name).read_text()
        assert "· not asked" in text or '<span aria-hidden="true">·</span> not asked' in text, name
        assert "is not asked in this run" in text, name
