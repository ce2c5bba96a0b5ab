"""No sentence is a protocol: with every sentence of the product reworded, all verdicts, counts and controls stay.

Two sentences that were equal are so no more (`rewording/sitecustomize.py`), hence whatever compares one, looks one up or searches one
for a word finds another answer, and the two runs differ.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from .rewording.sitecustomize import COMPILED, PLANTED, WORDS, module_of

FOLDER = Path(__file__).with_name("rewording")
COMMAND = "from orbitcheck.harness.front.cli import main; main()"
READING = "orbitcheck.harness.language.reading"
PLANS = """
import json
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.plugins.discovery import parse_name
from orbitcheck.harness.running.plan import plan
print(json.dumps([cell.id for cell in plan(map(load_suite, shipped_suites()), [parse_name("stats")])]))
"""

SENTENCES = {
    *("reason", "predicted", "observed", "reproduce", "error", "text", "notes", "title", "rule"),
    *(
        "prediction",
        "relation",
        "space",
        "of",
        "paper",
        "seeds",
        "names",
        "mended",
        "mended_reason",
        "refuted_by",
        "spaces",
        "values",
    ),
}
"""Keys of `results.json` under which people read; anything else is the same whatever the words."""
TIMES = {"date", "sha256", "seconds", "model_seconds", "loop_share", "seconds_per_batch"}
MARK = re.compile(r"~\w+-\d+~ ")


FEW_PLANTS = {
    "orbitcheck.harness.running.planted": [
        "in PLANTS.values() if",
        "in {(one.red.kind, one.wanted == 'pass'): one for one in reversed(PLANTS.values())}.values() if",
    ]
}
"""Two networks of each check kind are planted, as in other tests (tests/conftest.py)."""


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory) -> Iterator[None]:
    """Modules are reworded once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(COMPILED, str(tmp_path_factory.mktemp("compiled")))
        yield


def python(*arguments: str, words: str, planted: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    found = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(map(str, filter(None, [FOLDER, found])))
    return subprocess.run(
        [sys.executable, "-c", *arguments],
        env={**os.environ, "PYTHONPATH": path, WORDS: words, PLANTED: json.dumps({**FEW_PLANTS, **(planted or {})})},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, tuple[Path, dict[str, Any], int]]:
    """Words -> folder, `results.json` and exit code of a run of every check kind."""
    base = tmp_path_factory.mktemp("words")
    suite = base / "words.yaml"
    suite.write_text((FOLDER / "words.yaml").read_text().replace("HERE", str(FOLDER)))
    made = {}
    for words in ("plain", "reworded"):
        folder = base / words
        done = python(COMMAND, "run", str(suite), "--jobs", "1", "-o", str(folder), words=words)
        assert done.returncode in (0, 1), done.stderr
        made[words] = folder, json.loads((folder / "results.json").read_text()), done.returncode
    return made


def differences(one: Any, other: Any, key: str = "", path: str = "") -> Iterator[tuple[str, str, Any, Any]]:
    """`(last key, path, one, other)` of every leaf in which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differences(one.get(name), other.get(name), name, f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list):
        for number, pair in enumerate(zip_longest(one, other)):
            yield from differences(*pair, key, f"{path}.{number}")
    elif one != other:
        yield key, path, one, other


def test_whatever_the_words_a_run_says_the_same(runs):
    (_, plain, code), (_, reworded, code_reworded) = runs["plain"], runs["reworded"]
    plain, reworded = ({**run, "environment": {**run["environment"], "processes": None}} for run in (plain, reworded))
    found = [found for found in differences(plain, reworded) if found[0] not in TIMES]
    wrong = [found for found in found if found[0] not in SENTENCES or not MARK.search(str(found[3]))]
    assert not wrong, wrong[:5]
    assert code == code_reworded == 1


def test_the_run_shows_every_kind_and_outcome_in_other_words(runs):
    (_, plain, _), (_, reworded, _) = runs["plain"], runs["reworded"]
    from orbitcheck.harness.checks import CHECK_KINDS
    from orbitcheck.harness.core.outcomes import OUTCOMES

    assert {row["kind"] for row in plain["results"]} == set(CHECK_KINDS)
    assert {row["outcome"] for row in plain["results"]} == set(OUTCOMES)
    assert len({row["fault"] for row in plain["results"]}) > 6
    assert {row["outcome"] for row in plain["results"] if row["declared"]} == {"fail", "undecided"}
    assert len({each["outcome"] for each in plain["conclusions"]}) == 3 and plain["problems"]
    assert plain["round_ladder"] and plain["separation_order"] and all(each["caught"] for each in plain["planted"])
    said = [row["reason"] for row in reworded["results"] if " " in row["reason"]]
    assert len(said) > 20 and [line for line in said if not MARK.search(line)] == []
    assert not MARK.search(json.dumps(plain))


def test_what_one_wording_wrote_another_reads(runs, tmp_path):
    """Results and baselines outlive the words in which they were written; `verify` derives the words again, too, those of its version."""
    (plain, _, _), (reworded, _, _), kept = runs["plain"], runs["reworded"], tmp_path / "kept.json"
    assert python(COMMAND, "verify", str(plain), words="plain").returncode == 0
    assert python(COMMAND, "verify", str(reworded), words="reworded").returncode == 0
    assert python(COMMAND, "gate", str(plain), "--baseline", str(kept), "--update", words="plain").returncode == 0
    compared = python(COMMAND, "gate", str(reworded), "--baseline", str(kept), words="reworded")
    assert compared.returncode == 0 and " 0 " in compared.stdout.splitlines()[-1], compared.stdout


def test_whatever_the_words_the_tables_hold_the_same_numbers(runs):
    folder, told = runs["plain"][0], {}
    for words in ("plain", "reworded"):
        assert python(COMMAND, "report", str(folder), "--format", "tables", words=words).returncode == 0
        files = sorted((folder / "tables").glob("*.csv"))
        told[words] = {file.name: list(csv.reader(file.read_text().splitlines())) for file in files}
    assert told["plain"].keys() == told["reworded"].keys() and len(told["plain"]) > 15
    for name, table in told["plain"].items():
        for before, after in zip(table, told["reworded"][name], strict=True):
            for one, other in zip(before, after, strict=True):
                assert one == other or MARK.search(other), (name, before, after)
                assert re.findall(r"\d+", one) == re.findall(r"\d+", MARK.sub("", other)), (name, before, after)


@cache
def places(words: str, planted: bool = False) -> list[str]:
    """Where the mistakes of `wrong.yaml` are said to be, as `line:column: key`."""
    sabotage = {READING: ["key=at_key)", 'key=message.startswith("unknown key"))']} if planted else {}
    done = python(COMMAND, "run", str(FOLDER / "wrong.yaml"), words=words, planted=sabotage)
    assert done.returncode == 2, done.stdout
    return re.findall(r"wrong\.yaml:(\d+:\d+: [\w.-]+)", done.stderr)


def test_a_mistake_is_at_its_place_whatever_the_words():
    assert places("plain") == places("reworded")
    assert len(places("plain")) > 7


def test_rows_are_the_same_whatever_the_words():
    plain, reworded = (python(PLANS, words=words).stdout for words in ("plain", "reworded"))
    assert plain == reworded and len(json.loads(plain)) > 1000


def test_a_product_that_reads_its_own_sentences_is_caught():
    """The comparison that once stood there, planted again: nothing changes until the words do."""
    assert places("plain", planted=True) == places("plain")
    assert places("reworded", planted=True) != places("reworded")


@pytest.mark.parametrize(
    "comparison",
    [
        '"the file is locked" == said()',
        '"locked" in said()',
        'said().startswith("the file")',
        'said("a file ").startswith("a file")',
        '{"the file is locked": True}.get(said(), False)',
        'said() in ("nothing", "the file is locked")',
        'said().partition(" is ")[2] == "locked"',
        'said().split()[-1] == "locked"',
        'said("disk: ").removeprefix("disk: ") == "locked"',
    ],
)
def test_a_comparison_with_a_sentence_finds_another_answer(comparison):
    source = f"""
def said(file=None):
    return "the file is locked" if file is None else f"{{file}}locked" if file == "disk: " else f"a file {{file}}"
answer = {comparison}
"""
    plain, reworded = {}, {}
    exec(source, plain)
    exec(compile(module_of(source, "planted"), "planted", "exec"), reworded)
    assert bool(plain["answer"]) and not reworded["answer"]


def test_what_is_no_sentence_stays():
    source = '''
import re
from enum import StrEnum
from typing import Literal, get_args
class Seen(StrEnum):
    """What was seen."""
    NOT_SEPARATED = "not separated"
answer = (
    Seen("_".join(["not", "separated"]).replace("_", chr(32))) == Seen.NOT_SEPARATED
    and re.search("a b", "a" + chr(32) + "b")
    and get_args(Literal["on all"])[0].startswith("on")
    and f"{1} bits={2}".endswith("bits=2")
    and "invalid" in "is-invalid"
)
'''
    found: dict[str, Any] = {}
    exec(compile(module_of(source, "planted"), "planted", "exec"), found)
    assert found["answer"]
