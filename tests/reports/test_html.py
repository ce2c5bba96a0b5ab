"""HTML: one closed file, every row shown or counted, no text from outside that means anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from orbitcheck.harness.core.result import Result, Run
from orbitcheck.harness.running.border import read_run
from orbitcheck.harness.running.store import results_text
from orbitcheck.reports.html import breakable, html
from orbitcheck.reports.reading.outcomes import STATUSES, status_of, tally
from orbitcheck.reports.reading.values import one_line
from orbitcheck.reports.sections.failures import counterexample

VOID = {"meta", "br", "img", "input", "link", "hr", "base", "col", "source", "wbr"}


class Page(HTMLParser):
    """A page as a browser reads it: elements, attributes and text; unbalanced tags are noted."""

    def __init__(self, source: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.unbalanced: list[str] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.unbalanced += self._open
        self.text = "".join(self._text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.unbalanced.append(f"{tag}: an attribute twice")
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag in ("td", "th", "li", "dt", "dd", "p"):
            self._text.append(" ")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self._text.append(data)

    def attribute(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def words(value: str) -> str:
    return " ".join(value.split())


def test_a_name_breaks_behind_its_punctuation_alone() -> None:
    assert breakable("my_net.py:MyNet") == "my_<wbr>net.<wbr>py:<wbr>MyNet"
    assert breakable("deep/equivariant/duplicated-neurons") == "deep/<wbr>equivariant/<wbr>duplicated-<wbr>neurons"
    assert breakable("<b>&") == "&lt;<wbr>b&gt;&amp;" and breakable("x" * 50).count("<wbr>") == 2
    assert breakable("") == ""


def test_tags_are_balanced_and_ids_are_unique(any_run: Run) -> None:
    page = Page(html(any_run))
    assert page.unbalanced == []
    ids = page.attribute("id")
    assert len(ids) == len(set(ids))


def test_every_link_leads_inside_the_page(any_run: Run) -> None:
    page = Page(html(any_run))
    ids = set(page.attribute("id"))
    assert page.attribute("href")
    for target in page.attribute("href"):
        assert target.startswith("#") and target[1:] in ids


def test_nothing_is_asked_of_the_network(any_run: Run) -> None:
    source = html(any_run)
    page = Page(source)
    assert not page.attribute("src") and not page.attribute("srcset") and not page.attribute("action")
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.elements}
    style = source.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"\bhttps?:|fetch\(|XMLHttpRequest|import\(", source)


def test_only_the_report_s_own_script_may_run(any_run: Run) -> None:
    source = html(any_run)
    page = Page(source)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    policy = page.attribute("content")[-1]
    script = source.partition("<script>")[2].partition("</script>")[0]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_text_stays_text(hostile_run: Run, hostile_texts: tuple[str, ...]) -> None:
    harmless = html(replace(hostile_run, results=[_tame(row) for row in hostile_run.results], suites=[], problems=[]))
    page = Page(html(hostile_run))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in Page(harmless).elements} | {"li", "ul", "section"}
    for value in hostile_texts:
        assert words(one_line(value)) in words(page.text)
    assert "7777" not in page.text


def _tame(row: Result) -> Result:
    return replace(row, architecture="net", suite="s", check="c", case="x", reason="r", declared=row.declared and "d")


def test_no_character_deceives_or_is_forbidden(hostile_run: Run) -> None:
    source = html(hostile_run)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\uffff]", source)


def test_every_red_row_is_shown_with_reason_and_reproducer(small_run: Run) -> None:
    page = Page(html(small_run))
    found = words(page.text)
    red = [row for row in small_run.results if STATUSES[status_of(row)].red]
    assert len(red) > 10
    for row in red:
        assert row.id in found and row.reproduce in found and words(row.reason) in found
        for name, value in counterexample(row):
            assert words(f"{name} {value}") in found


def test_expected_and_inapplicable_rows_are_counted_with_their_reason(small_run: Run) -> None:
    found = words(Page(html(small_run)).text)
    assert (
        "a control without symmetry 4 flat-mlp details architectures flat-mlp 4 checks small / law 4 first of them "
        "tiny/invariant/generic/eval: phi(g v) differs from g phi(v)" in found
    )
    (reason,) = {row.reason for row in small_run.results if "summaries have no equivariant head" in row.reason}
    own = [row for row in small_run.results if row.reason == reason]
    names, checks = Counter(row.architecture for row in own), Counter(row.check for row in own)
    assert names == {"broken.py:FirstNeuron": 4, "broken.py:Raises": 4}
    told = ", ".join(f"{name} {count}" for name, count in names.items())
    asked = ", ".join(f"{check} {count}" for check, count in checks.items())
    row = f"{one_line(reason)} {len(own)} {', '.join(names)} details architectures {told} checks small / {asked} first of them"
    assert words(row) in found


def test_banks_and_planted_defects_have_their_place(small_run: Run) -> None:
    missed = [{**entry, "outcome": "pass", "caught": False, "reason": ""} if entry["name"] == "index-leak" else entry
              for entry in small_run.planted]  # fmt: skip
    found = words(Page(html(replace(small_run, planted=missed))).text)
    assert re.search(
        r"2x2bankmlp\(1, 2, 2, 1, activation='relu'\) 7 7 21 21 1\d4 draws○ 1 observed – n/a – n/a 214 draws 214 draws",
        found,
    )
    rule = "symmetry=permutation, invariant output: "
    assert f"index-leak{rule}hidden neurons know their number equivariance fail pass ✗ not caught –" in found
    assert f"entry-leak-faint{rule}one bias is read by its number, hardly equivariance fail fail ✓ caught" in found
    assert "soundnone: it must pass equivariance pass pass ✓ not accused" in found


def test_counts_add_up_in_every_table(any_run: Run) -> None:
    source = html(any_run)
    found: Counter[str] = Counter()
    matrix = source.partition('data-filter="checks"')[2].partition("</table>")[0]
    for count, word in re.findall(r'class="count [^"]+">\S\u202f([\d,]+)<i> ([a-z/ ]+)</i>', matrix):
        found[word] += int(count.replace(",", ""))
    wanted = {STATUSES[name].word: count for name, count in tally(any_run.results).counts.items() if count}
    assert found == wanted


def test_a_run_in_which_all_fails_stays_readable(make_large: Callable[..., Run]) -> None:
    run = make_large(architectures=4, rows=500, broken=1.0)
    page = Page(html(run))
    assert (
        sum(
            tag == "details" and "row" in attributes["class"].split()
            for tag, attributes in page.elements
            if "class" in attributes
        )
        <= 600
    )
    for row in run.results:
        assert row.id in page.text


@pytest.mark.parametrize("broken", [0.05, 1.0])
def test_twenty_architectures_of_a_thousand_rows_are_small(make_large: Callable[..., Run], broken: float) -> None:
    assert len(html(make_large(broken=broken)).encode()) < 1_000_000


def test_many_checks_that_are_all_red_are_small_too(make_large: Callable[..., Run]) -> None:
    """Fewer cells than a page has room for may hold more words than it has."""
    run = make_large(rows=2000, broken=1.0)
    rows = [replace(row, check=f"{row.check}-{place % 4}") for place, row in enumerate(run.results)]
    assert len(html(replace(run, results=rows)).encode()) < 1_000_000


def test_the_same_run_gives_the_same_bytes(small_run: Run) -> None:
    first = html(small_run)
    assert first == html(read_run(results_text(small_run)))
    code = (
        "import json, sys, hashlib; from orbitcheck.harness.running.border import read_run; from orbitcheck.reports.html import html; "
        "print(hashlib.sha256(html(read_run(sys.stdin.read())).encode()).hexdigest(), 'torch' in sys.modules)"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(small_run.to_json()),
        text=True,
        capture_output=True,
        check=True,
    )
    assert other.stdout.split() == [hashlib.sha256(first.encode()).hexdigest(), "False"]


def test_colour_is_never_the_only_carrier(small_run: Run) -> None:
    source = html(small_run)
    for status in STATUSES.values():
        for match in re.findall(rf'class="count t-{status.name}"[^>]*>(.*?)</span> ?</?(?:span|td|a)', source):
            assert status.symbol in match
    assert len({status.symbol for status in STATUSES.values()}) == len(STATUSES)
