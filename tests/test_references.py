"""The published runs, `reports/reference`: complete rows that every command reads as any run, and baselines that are theirs."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.judging.baseline import baseline_of, compare, parse_baseline, part_asked
from orbitcheck.harness.judging.gate import is_red
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.store import read_run
from orbitcheck.harness.running.verifying.verified import verified

REFERENCES = Path(__file__).parents[1] / "reports" / "reference"
SUITES = ("quick", "equivariance", "separation", "symmetries", "beyond-mlps", "paper", "paper-full")


def test_every_suite_with_a_baseline_has_its_run() -> None:
    files = {file.name for file in REFERENCES.iterdir()}
    assert {f"{name}{end}" for name in SUITES for end in (".zip", ".json")} == {
        name for name in files if name.endswith((".zip", ".json"))
    }


@pytest.mark.parametrize("name", SUITES)
def test_a_published_run_is_whole_green_derived_again_and_its_baseline_is_of_it(name: str) -> None:
    file = REFERENCES / f"{name}.zip"
    run = read_run(file)
    kept = parse_baseline((REFERENCES / f"{name}.json").read_text(encoding="utf-8"))
    assert compare(*part_asked(run, kept)) == []
    assert kept == baseline_of(run) and run.selection is None
    suite = load_suite(name)
    cells = plan([suite], [parse_name(str(entry["name"])) for entry in run.architectures])
    assert [row.id for row in run.results] == [cell.id for cell in cells], (
        "the rows that the suite asks today, under their ids"
    )
    assert not any(map(is_red, run.results))
    found = verified(run)
    assert not found.problems and not found.refuted
    assert sum(found.count().values()) >= len(run.results)


@pytest.mark.parametrize("name", SUITES)
def test_commands_read_a_published_run_without_extras(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nfn-official` stands in some, whose package is an extra."""
    monkeypatch.setitem(sys.modules, "nfn", None)
    with pytest.raises(ImportError):
        importlib.import_module("nfn")
    file, baseline = REFERENCES / f"{name}.zip", REFERENCES / f"{name}.json"
    gated = CliRunner().invoke(main, ["gate", str(file), "--baseline", str(baseline)])
    assert gated.exit_code == 0 and gated.output.startswith("0 differences in "), gated.output
    made = CliRunner().invoke(main, ["report", str(file), "-o", str(tmp_path / "out")])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "out" / "report.html").stat().st_size < 1 << 20
    assert (
        json.loads((tmp_path / "out" / "results.json").read_text())["sha256"]
        == json.loads("".join(read_run(file).to_text()))["sha256"]
    )
