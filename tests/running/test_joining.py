"""A run and later runs of rows of it are one run, row by row as the latest has them, that `verify` derives again; anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orbitcheck.harness.core.patterns import parse_pattern
from orbitcheck.harness.core.result import Run, digest
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.suite import Suite
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running import run as running
from orbitcheck.harness.running.dealing.chosen import only
from orbitcheck.harness.running.keeping.files import StoreError
from orbitcheck.harness.running.killing import own_lost
from orbitcheck.harness.running.parts.false_claims import killers
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.running.planted import wanted_by
from orbitcheck.harness.running.planting.own import own_killers_of
from orbitcheck.harness.running.provenance import VERSION
from orbitcheck.harness.running.store import read_run

from .test_shards import NAMES, ROWS, SUITE, Here, call, untimed

CONCLUDED = SUITE + "conclusions:\n  - {claim: equivariance, checks: [law], killers: [index-leak]}\n"
MORE = SUITE + SUITE.splitlines()[-1].replace("deeper", "deepest").replace("[generic]", "[ties]") + "\n"
ASKED = [word for name in NAMES for word in ("-a", name)]


def planted(cells, descriptions, *_: object) -> list[dict[str, object]]:
    """Stands for the planted defects, all of which are caught."""
    own = {"rule": "", "reason": "", "caught": True}
    wanted = wanted_by({cell.kind for cell in cells}, descriptions)
    return [
        {"name": each.name, "kind": each.red.kind, "wanted": each.wanted, "outcome": each.wanted, **own}
        for each in wanted
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A whole run, and runs of its two checks; and of one check by a suite that concludes something since."""
    place = tmp_path_factory.mktemp("joining")
    (place / "small.yaml").write_text(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "open_executor", Here)
        patch.setattr(running, "_planted", planted)
        for out, only in (("whole", ()), ("law", ("--only", "* / law")), ("deeper", ("--only", "* / deeper"))):
            done = call("run", place / "small.yaml", *ASKED, "-j", 1, "-o", place / out, *only)
            assert done.exit_code == 1, done.output
        call("run", place / "small.yaml", *ASKED, "-j", 1, "-o", place / "fast", "--only", "* / law", "--fail-fast")
        for out, suite in (("since", CONCLUDED), ("more", MORE)):
            (place / f"of-{out}").mkdir()
            (place / f"of-{out}" / "small.yaml").write_text(suite)
            call("run", place / f"of-{out}" / "small.yaml", *ASKED, "-j", 1, "-o", place / out, "--only", "stats / law")
        call(
            "run",
            place / "small.yaml",
            "-a",
            "stats",
            "-j",
            1,
            "-o",
            place / "alone",
            "--only",
            "stats / law",
            "--require-power",
            "1-wl",
        )
        yield place


def changed(folder: Path, target: Path, change) -> Path:
    """A copy of a run whose content is another one, sealed anew."""
    data = json.loads((folder / "results.json").read_text())
    change(data)
    data["sha256"] = digest({key: value for key, value in data.items() if key != "sha256"})
    target.mkdir()
    (target / "results.json").write_text(json.dumps(data))
    return target


def bare(path: Path) -> dict[str, object]:
    return untimed(path)


def test_the_parts_of_a_run_are_the_run(home, tmp_path):
    done = call("merge", home / "law", home / "deeper", "-o", tmp_path / "out")
    assert done.exit_code == 1 and len(read_run(tmp_path / "out").results) == ROWS, done.output
    assert bare(tmp_path / "out") == bare(home / "whole")
    parts = str(read_run(tmp_path / "out").environment["parts"])
    assert [each.split(" rows of ")[0] for each in parts.split(", ")] in (["6", "3"], ["9"])
    assert all(f"{tmp_path / 'out'} " in row.reproduce for row in read_run(tmp_path / "out").results)


def test_one_run_again_is_what_it_was(home, tmp_path):
    call("merge", home / "whole", "-o", tmp_path / "out")
    assert bare(tmp_path / "out") == bare(home / "whole")


@pytest.mark.parametrize("later", [True, False])
def test_of_a_row_that_two_have_the_later_stands(home, tmp_path, later):
    """Which is the later one is a matter of their order alone."""

    other = changed(home / "law", tmp_path / "other", lambda data: data["results"][0].update(seconds=77.0))
    place = read_run(other).results[0].id
    done = call("merge", *([home / "whole", other] if later else [other, home / "whole"]), "-o", tmp_path / "out")
    assert done.exit_code == 1, done.output
    (row,) = (row for row in read_run(tmp_path / "out").results if row.id == place)
    assert (row.seconds == 77.0) is later


def test_suites_are_as_the_last_run_has_them_and_conclusions_of_all_rows(home, tmp_path):
    call("merge", home / "whole", home / "since", "-o", tmp_path / "out")
    run = read_run(tmp_path / "out")
    assert [each["claim"] for each in run.conclusions] == ["equivariance"] and not read_run(home / "whole").conclusions
    assert len(run.results) == ROWS and run.selection is None
    backwards = call("merge", home / "since", home / "whole", "-o", tmp_path / "back")
    assert not read_run(tmp_path / "back").conclusions, backwards.output


def test_what_is_still_a_part_says_so(home, tmp_path):
    call("merge", home / "law", home / "since", "-o", tmp_path / "out")
    run = read_run(tmp_path / "out")
    assert run.selection is not None and [*run.selection["only"]] == ["* / law / *", "stats / law / *"]
    assert any("declared rows are missing" in str(problem) for problem in run.problems)


def test_what_makes_no_run_is_refused_by_name(home, tmp_path):
    apart = changed(home / "law", tmp_path / "apart", lambda data: data["architectures"][0].update(power="1-wl"))
    older = changed(home / "law", tmp_path / "older", lambda data: data.update(orbitcheck="0.0.9"))
    for given, told in (
        (
            [home / "whole", home / "more"],
            "3 of 12 rows that the suites ask are in none of these runs; `--only 'stats / deepest / deep/invariant/ties/eval'` runs the first",
        ),
        ([home / "whole", home / "fast"], f"{home / 'fast'}: stopped at its first red row"),
        ([home / "whole", apart], f'{home / "whole"} and {apart}: "stats" declares two things'),
        ([home / "whole", older], f"{older}: was made by orbitcheck 0.0.9"),
        ([home / "whole", home / "alone"], "expect other failures, or require another power"),
        ([home / "whole", home / "whole"], "is named twice"),
    ):
        refused = call("merge", *given, "-o", tmp_path / "out")
        assert (refused.exit_code, len(refused.output.splitlines())) == (2, 1), refused.output
        assert told in refused.output
    assert not (tmp_path / "out").exists()


def test_rows_stay_as_old_as_they_are_however_often_they_are_put_together(home, tmp_path):
    """A part that was put together is told as what it was put together of, not by the date of the youngest."""

    def of(day: str):
        return lambda data: data["environment"].update(date=f"2020-01-0{day}T00:00:00+00:00", cpus=int(day))

    law, deeper = (
        changed(home / "law", tmp_path / "law", of("1")),
        changed(home / "deeper", tmp_path / "deeper", of("2")),
    )
    again = changed(home / "deeper", tmp_path / "again", of("3"))
    first, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    old = "6 rows of 2020-01-01T00:00:00+00:00, 3 rows of 2020-01-02T00:00:00+00:00"
    for given, out, told, cpus in (
        ([law, deeper], first, old, "1, 2"),
        ([first], second, old, "1, 2"),
        ([second, again], third, f"6 rows out of ({old}), 3 rows of 2020-01-03T00:00:00+00:00", "1, 2, 3"),
    ):
        call("merge", *given, "-o", out)
        environment = read_run(out).environment
        assert environment["parts"] == told
        assert environment["cpus"] == cpus
    assert environment["date"].startswith("2020-01-03")


def test_a_network_is_of_more_than_one_source_if_rows_of_it_that_stand_are(home, tmp_path):
    def source(data):
        for entry in data["architectures"]:
            entry.update(source_sha256="0" * 64)

    deeper = changed(home / "deeper", tmp_path / "deeper", source)
    whole = changed(home / "whole", tmp_path / "other", source)
    for number, (given, several) in enumerate(
        (
            ([home / "whole", deeper], ", ".join(NAMES)),
            ([tmp_path / "out0", home / "law"], ", ".join(NAMES)),  # what was put together before stays so
            ([home / "whole", whole], None),  # every row is of the second
        )
    ):
        call("merge", *given, "-o", tmp_path / f"out{number}")
        told = read_run(tmp_path / f"out{number}").environment.get("sources")
        assert told == (several and f"of more than one: {several}")


def test_a_network_that_loads_since_is_what_it_declares_now(home, tmp_path):
    def broken(data):
        data["architectures"][0] = {"name": "stats", "options": {}, "error": "stats: it does not load"}

    whole = changed(home / "whole", tmp_path / "broken", broken)
    done = call("merge", whole, home / "law", "-o", tmp_path / "out")
    assert done.exit_code == 1, done.output
    assert [*read_run(tmp_path / "out").architectures] == [*read_run(home / "law").architectures]


OWN = (
    SUITE
    + """conclusions:
  - claim: equivariance
    checks: [law, deeper]
    killers: []
    own_killers: [{network: flat-mlp, mended: stats, rule: it knows neurons by number}]
"""
)


def suite_of(folder: Path, name: str, text: str = OWN) -> Suite:
    file = folder / f"{name}.yaml"
    file.write_text(text.replace("suite: small", f"suite: {name}"))
    return load_suite(file)


def part(suites: list[Suite], *patterns: str, told: str) -> Run:
    """A run of these rows, in which every false claim of the suites' own ended with these words."""
    cells = only(plan(suites, list(map(parse_name, NAMES))), list(map(parse_pattern, patterns)))
    selection = {"only": list(patterns), "fail_fast": False, "shard": None, "architectures": list(NAMES)}
    records = [own_lost(each, f"{told} of {each.suite}") for each in own_killers_of(suites, cells)]
    return Run(VERSION, {}, [suite.to_json() for suite in suites], [], [], killers=records, selection=selection)


def test_a_false_claim_of_a_suites_own_went_through_all_that_its_conclusion_reads(tmp_path):
    """It is asked what the conclusion reads; what a part has asked it that has fewer rows says nothing of the whole."""
    suites = [suite_of(tmp_path, "one"), suite_of(tmp_path, "two")]
    law, deeper = part(suites, "* / law", told="law"), part(suites, "* / deeper", told="deeper")
    both = part(suites, "stats / law", "stats / deeper", told="both")
    cells = plan(suites, list(map(parse_name, NAMES)))
    for parts in ([law, both, deeper], [both, law, deeper]):
        assert [(each["suites"], each["reason"]) for each in killers(parts, suites, cells, True)] == [
            (["one"], "both of one"),
            (["two"], "both of two"),
        ]
    with pytest.raises(StoreError, match=r"of any network again, in one run: --only '\* / law', --only '\* / deeper'$"):
        killers([law, deeper], suites, cells, True)
    assert not killers([law, deeper], suites, cells, False)
    mended = suite_of(tmp_path, "one", OWN.replace("mended: stats", "mended: deep-sets"))
    with pytest.raises(StoreError, match="none of these runs put it through"):
        killers([both], [mended], plan([mended], list(map(parse_name, NAMES))), True)
