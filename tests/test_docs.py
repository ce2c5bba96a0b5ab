"""What the pages of docs/ show works as written: modules import, tests pass, suites load, links lead somewhere."""

from __future__ import annotations

import configparser
import contextlib
import importlib.util
import io
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from orbitcheck.extending import CHECK_KINDS, PAIR_FAMILIES, REGIMES, SECTIONS, TARGETS, ZOOS
from orbitcheck.harness.checks.equivariance import verdict
from orbitcheck.harness.checks.equivariance.evidence import Cause
from orbitcheck.harness.checks.prediction import NO_GAP, NOT_SEPARATED, SEPARATED
from orbitcheck.harness.language.reading import load_expectations, load_suite
from orbitcheck.harness.plugins.discovery import parse_name

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
NAMED = re.compile(r"# ([\w./-]+)\n")
LANGUAGES = {"python", "yaml", "toml", "ini", "sh", "text"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """`(language, text)` of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def registries():
    """What a page registers is gone afterwards."""
    kept = [
        (registry, dict(registry.items()))
        for registry in (PAIR_FAMILIES, TARGETS, REGIMES, CHECK_KINDS, ZOOS, SECTIONS)
    ]
    yield
    for registry, entries in kept:
        registry._entries.clear()
        registry._entries.update(entries)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_work(page, tmp_path, monkeypatch, registries):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    found = blocks(page)
    assert {language for language, _ in found} <= LANGUAGES
    before = set(sys.modules)
    for _, text in found:
        name = NAMED.match(text)
        if name:
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
    for language, text in found:
        if language == "python":
            name = NAMED.match(text)
            if name is None:
                compile("if True:\n" + text if text.startswith(" ") else text, page.name, "exec")
            elif not name[1].startswith("test_"):
                importlib.import_module(Path(name[1]).stem)
        elif language == "toml":
            tomllib.loads(text)
        elif language == "ini":
            configparser.ConfigParser().read_string(text)
    for language, text in found:
        if language == "yaml":
            data = yaml.safe_load(text)
            (tmp_path / "block.yaml").write_text(text, encoding="utf-8")
            if "suite" in data:
                load_suite(tmp_path / "block.yaml", [parse_name("my-net")])
            elif "expected_failures" in data:
                load_expectations(tmp_path / "block.yaml", [load_suite("quick")], [parse_name("my-net")])
            else:
                assert "jobs" in data or "repos" in data
    tests = [name[1] for _, text in found if (name := NAMED.match(text)) and name[1].startswith("test_")]
    if tests:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            code = pytest.main(["-q", f"--rootdir={tmp_path}", "-p", "no:cacheprovider", *tests])
        assert code == 0, shown.getvalue()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_a_pair_family_of_a_page_makes_pairs_that_are_certified_and_judged(tmp_path, monkeypatch, registries):
    page = ROOT / "docs" / "pair-family.md"
    monkeypatch.syspath_prepend(tmp_path)
    for _, text in blocks(page):
        if name := NAMED.match(text):
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
    importlib.import_module("scaled_pairs")
    from orbitcheck.harness.running.evaluate import evaluate
    from orbitcheck.harness.running.plan import plan

    cells = plan([load_suite(tmp_path / "scaled.yaml")], [parse_name("dws")])
    assert [cell.case for cell in cells] == ["x3 #0", "x3 #1"]
    row = evaluate(cells[0])
    assert (row.outcome, row.predicted) == ("pass", "separated"), row.reason
    (tmp_path / "scaled.yaml").write_text(
        (tmp_path / "scaled.yaml").read_text().replace("factor: 3", "factor: 99").replace("count", "cuont")
    )
    with pytest.raises(Exception, match=r"scaled.yaml:11:\d+: pairs.*(.|\n)*did you mean \"count\""):
        load_suite(tmp_path / "scaled.yaml")
    del sys.modules["scaled_pairs"]


def test_links_between_pages_lead_somewhere():
    for page in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        running = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", running):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
            assert not anchor or f'<a id="{anchor}"></a>' in (page.parent / target).read_text(encoding="utf-8")
    listed = set(re.findall(r"\]\((\S+\.md)\)", (ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in PAGES} - {"README.md"}


def test_generated_pages_are_what_registries_and_tables_say():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, made in module.PAGES.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made(), f"{name}: run docs/generate.py"


def test_the_line_that_breaks_the_network_is_the_one_that_the_generated_package_shows():
    """There it is held to turn the run red (tests/plugins/test_plugin_install.py)."""
    readme = (ROOT / "harness" / "plugins" / "templates" / "architecture" / "README.md.template").read_text(
        encoding="utf-8"
    )
    (line,) = [line for line in readme.splitlines() if "torch.arange" in line]
    assert line in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_what_failing_rows_say_is_in_the_table_and_nothing_else_is():
    """Every cause has its line in docs/verdicts.md, and no line names a sentence that the verdicts no longer say."""
    said = {**verdict._CAUSES, **verdict._BROKEN, "functions": verdict.OTHER_FUNCTIONS}
    page = (
        (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8").partition("## fail")[2].partition("## undecided")[0]
    )
    for cause, text in verdict._CAUSES.items():
        assert cause is Cause.NONE or f"`{text.partition(': ')[0]}" in page, text
    listed = re.findall(r"^\| `([^`]*)`", page, re.MULTILINE)
    known = [
        *said.values(),
        *(f"predicted {one} (...), but {other}" for one, other in ((SEPARATED, NO_GAP), (NOT_SEPARATED, SEPARATED))),
    ]
    assert [text for text in listed if not any(text in each for each in known)] == []
