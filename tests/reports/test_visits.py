"""The report as a reader uses it, in headless chromium: a script of the test's own acts on the page and says what it saw."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.reports.html import html
from orbitcheck.reports.places import ROWS
from orbitcheck.reports.reading.comparing import comparison
from orbitcheck.reports.reading.subjects import grouped
from orbitcheck.reports.row_files import files, mark, row_lists

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--log-level=0", "--hide-scrollbars",
)  # fmt: skip
DARK = ("--blink-settings=preferredColorScheme=0",)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no chromium here")]
AXE = "axe-core@4.14.1"
DRIVER = """(async () => {
  const seen = {};
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const until = async (done) => { for (let tries = 0; tries < 200 && !done(); tries += 1) await later(20); };
  try { %s } catch (error) { seen.error = String(error); }
  console.log("TOLD" + JSON.stringify(seen));
})();"""


def with_driver(source: str, actions: str) -> str:
    """The page with a script of the test's own, allowed by its hash beside the report's."""
    script = DRIVER.replace("%s", actions)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return source.replace("script-src ", f"script-src 'sha256-{allowed}' ").replace(
        "</body>", f"<script>{script}</script></body>"
    )


def command(page: Path, profile: Path, *flags: str) -> list[str]:
    return [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]


def acted(source: str, folder: Path, actions: str, *flags: str) -> tuple[dict[str, Any], str]:
    """What the actions saw, and what else the browser's console has to say."""
    page = folder / "driven.html"
    page.write_text(with_driver(source, actions), encoding="utf-8")
    asked = command(
        page, folder / "profile", "--remote-debugging-port=0", *flags
    )  # the port keeps it from leaving early
    with subprocess.Popen(asked, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as browser:
        patience = threading.Timer(120, browser.kill)
        patience.start()
        said: list[str] = []
        found = None
        assert browser.stderr is not None
        for line in browser.stderr:
            if found := re.search(r'CONSOLE.*?"TOLD(\{.*\})", source', line):
                break
            if "CONSOLE" in line:
                said.append(line)
        patience.cancel()
        browser.kill()
    assert found, said
    return json.loads(found[1]), "".join(said)


# What a reader does, in one visit: sort, filter, unfold by key, read a list of rows, and look for what assistive technology misses.
VISIT = """
  const card = $("#score-card table");
  const first = () => card.tBodies[0].rows[0].cells[0].textContent.trim();
  const button = $("thead th button", card);
  button.focus();
  seen.focus = document.activeElement === button;
  button.click();
  seen.up = [$("thead th", card).getAttribute("aria-sort"), first()];
  button.click();
  seen.down = [$("thead th", card).getAttribute("aria-sort"), first()];

  const checks = () => $$("#checks tr[data-status]").filter((row) => !row.hidden).length;
  const before = checks();
  const search = $('#checks input[type=search]');
  search.value = "twins";
  search.dispatchEvent(new Event("input"));
  seen.filtered = [before, checks()];

  const row = $("#failures details.row");
  location.hash = row.id;
  await later(50);
  seen.revealed = row.open;
  const toggle = $$("#failures .tools button").at(-1);
  toggle.click();
  seen.folds = [toggle.textContent, $$("#failures details.row").every((each) => each.open)];

  const list = $("#rows details.list");
  list.open = true;
  await until(() => $("table", list));
  seen.rows = [$$("tbody tr", list).length, $("[role=status]", list).textContent];
  const narrow = $("input[type=search]", list);
  narrow.value = "twins";
  narrow.dispatchEvent(new Event("input"));
  seen.narrowed = $$("tbody tr", list).length;

  const [one, other] = $$("#rows .tools select");
  const said = $("#rows .tools [role=status]");
  const compare = $$("#rows .tools button").find((each) => each.textContent === "compare");
  one.value = other.value = "0";
  compare.click();
  await until(() => said.textContent.startsWith("differ"));
  seen.same = said.textContent;
  other.value = "2";
  compare.click();
  await until(() => $("#compared table"));
  seen.compared = [said.textContent, $$("#compared tbody tr").length];
  const names = () => [...card.tBodies[0].rows].map((row) => $("button.pick", row.cells[0]));
  const wanted = [one, other].map((select) => select.selectedOptions[0].textContent);
  $("#compared").replaceChildren();
  said.textContent = "";
  for (const name of wanted) names().find((each) => each.textContent === name).click();
  await until(() => $("#compared table"));
  seen.picked = [said.textContent, names().filter((each) => each.ariaPressed === "true").length];
  seen.left = $$("link, script[src]").length;
  const ledger = $("#claims table.ledger").parentElement;
  seen.ledger = [ledger.scrollWidth - ledger.clientWidth, $$("#claims table.ledger td").every((each) => each.dataset.label)];

  seen.width = innerWidth;
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.unnamed = $$("button, input, select, [role=region], svg[role=img], a").filter(
    (each) => !(each.textContent.trim() || each.getAttribute("aria-label") || each.labels?.length || each.getAttribute("aria-labelledby"))
  ).map((each) => each.outerHTML.slice(0, 120));
  seen.landmarks = ["header", "nav[aria-label]", "main"].map((name) => $$(name).length);
  seen.headless = $$("table").filter((each) => !$("thead th[scope=col]", each)).length;
  const ids = $$("[id]").map((each) => each.id);
  seen.doubled = ids.filter((id, place) => ids.indexOf(id) !== place);
  seen.dead = $$('a[href^="#"]').map((each) => each.getAttribute("href").slice(1)).filter((id) => !document.getElementById(id));

  const parsed = (text) => { const found = text.match(/[\\d.]+/g).map(Number); return { rgb: found.slice(0, 3), alpha: found[3] ?? 1 }; };
  const light = (rgb) => { const [r, g, b] = rgb.map((x) => x / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (each) => { for (let at = each; at; at = at.parentElement) { const colour = parsed(getComputedStyle(at).backgroundColor); if (colour.alpha === 1) return colour.rgb; } return [255, 255, 255]; };
  seen.ink = getComputedStyle(document.body).color;
  seen.pale = [...new Set($$("body *").filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && each.checkVisibility() && !each.closest("svg")).map((each) => {
    const [one, other] = [light(parsed(getComputedStyle(each).color).rgb), light(ground(each))].sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05) < 4.5 ? each.className + " " + each.tagName + " in " + each.parentElement.outerHTML.slice(0, 200) : "";
  }).filter(Boolean))];
"""


@pytest.fixture(scope="module")
def visit(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[dict[str, Any], str]]:
    """The report of the small run with its lists of rows beside it, visited."""
    folder = tmp_path_factory.mktemp("visited")
    (folder / ROWS).mkdir()
    for name, content in files(small_run):
        (folder / ROWS / name).write_bytes(content)
    return lambda actions, *flags: acted(html(small_run), folder, actions, *flags)


@pytest.mark.parametrize(
    ("flags", "ink"),
    [
        (("--window-size=1280,900",), "rgb(27, 31, 36)"),
        ((*DARK, "--window-size=390,844"), "rgb(230, 232, 234)"),
        pytest.param((*DARK, "--window-size=1280,900"), "rgb(230, 232, 234)", marks=pytest.mark.long),
        pytest.param(("--window-size=390,844",), "rgb(27, 31, 36)", marks=pytest.mark.long),
    ],
    ids=["light-wide", "dark-narrow", "dark-wide", "light-narrow"],
)
def test_a_reader_sorts_filters_unfolds_and_reads_rows(
    visit: Callable[..., tuple[dict[str, Any], str]], flags: tuple[str, ...], ink: str, small_run: Run
) -> None:
    seen, said = visit(VISIT, *flags)
    assert said == "" and "error" not in seen, (said, seen)
    assert seen["ink"] == ink
    assert seen["focus"] == ("--window-size=1280,900" in flags)  # a narrow page has blocks, and no heads to sort by
    assert seen["up"][0] == "ascending" and seen["down"][0] == "descending" and seen["up"][1] != seen["down"][1]
    assert 0 < seen["filtered"][1] < seen["filtered"][0]
    assert seen["revealed"] and seen["folds"] == ["fold all", True]
    own = [row for row in small_run.results if row.architecture == small_run.results[0].architecture]
    assert seen["rows"] == [len(own), f"{len(own)} of {len(own)} rows shown"] and 0 < seen["narrowed"] < len(own)
    assert seen["same"].startswith("differ in 0 of ")
    first, other = (
        name
        for place, name in enumerate(dict.fromkeys(row.architecture for row in small_run.results))
        if place in (0, 2)
    )
    differing = comparison(small_run, first, other).differing
    assert seen["compared"][1] == len(differing) > 0 and seen["compared"][0].startswith(
        f"differ in {len(differing)} of "
    )
    assert seen["picked"] == [seen["compared"][0], 0]
    assert seen["wide"] <= 0 and seen["left"] == 0
    assert seen["ledger"] == [0, True]  # a narrow page has its rows as blocks, each cell with the head of its column
    assert [seen[name] for name in ("unnamed", "doubled", "dead", "pale")] == [[], [], [], []]
    assert seen["headless"] == 0 and min(seen["landmarks"]) >= 1


def test_a_list_that_is_not_there_or_of_another_run_is_said_so(small_run: Run, tmp_path: Path) -> None:
    lists = dict(files(small_run))
    (tmp_path / ROWS).mkdir()
    (tmp_path / ROWS / "1.css").write_bytes(lists["1.css"].replace(mark(small_run).encode(), b"0" * 32))
    actions = """
      const [gone, foreign] = $$("#rows details.list");
      gone.open = foreign.open = true;
      const told = (list) => $("[role=status]", list).textContent;
      await until(() => [gone, foreign].every((list) => told(list).includes("orbitcheck")));
      seen.told = [told(gone), told(foreign)];
    """
    seen, _ = acted(html(small_run), tmp_path, actions)
    assert seen["told"][0] == f"{ROWS}/0.css is not beside this page; orbitcheck report DIR writes it."
    assert seen["told"][1] == f"{ROWS}/1.css is of another run; orbitcheck report DIR writes it."


def test_what_a_plug_in_is_called_stays_text_in_the_lists(hostile_run: Run, tmp_path: Path) -> None:
    """Nothing beside the page runs: a script put there is refused, and markup in rows is shown as it was written."""
    (tmp_path / ROWS).mkdir()
    for name, content in files(hostile_run):
        (tmp_path / ROWS / name).write_bytes(content)
    (tmp_path / ROWS / "planted.js").write_text("document.body.dataset.planted = 'yes'", encoding="utf-8")
    actions = """
      const before = new Set($$("*").map((each) => each.tagName));
      for (const list of $$("#rows details.list")) { list.open = true; await until(() => $("table", list)); }
      seen.read = $$("#rows details.list").map((list) => $$("tbody tr", list).length);
      seen.made = [...new Set($$("*").map((each) => each.tagName))].filter((tag) => !before.has(tag));
      seen.handlers = $$("*").filter((each) => [...each.attributes].some(({ name }) => name.startsWith("on"))).length;
      const script = document.createElement("script");
      script.src = "report-rows/planted.js";
      script.nonce = $("style").nonce;
      document.body.append(script);
      await later(100);
      seen.planted = document.body.dataset.planted ?? "no";
    """
    seen, said = acted(html(hostile_run), tmp_path, actions)
    of = grouped(hostile_run.results, lambda row: row.architecture)
    assert seen["read"] == [min(200, len(of[each.subject])) for each in row_lists(hostile_run)], seen
    assert (
        set(seen["made"]) <= {"TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "DETAILS", "SUMMARY"}
        and seen["handlers"] == 0
    )
    assert seen["planted"] == "no" and said.count("Content Security Policy") == 1


@pytest.mark.parametrize("broken", [0.0, 0.05], ids=["green", "red"])
def test_the_first_screen_holds_all_of_thirty_three_architectures(
    make_large: Callable[..., Run], tmp_path: Path, broken: float
) -> None:
    """All lines of the score card, above y = 900 at a width of 1280; where a run is red, with three first roots above them, 28."""
    run = replace(make_large(33, 60, broken), notes=["an entry that is not asked in this run"] * 3)
    actions = """
      const rows = [...$("#score-card table").tBodies[0].rows];
      seen.rows = rows.length;
      seen.shown = rows.filter((row) => row.getBoundingClientRect().bottom <= 900).length;
      seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    """
    seen, said = acted(html(run), tmp_path, actions, "--window-size=1280,900")
    assert said == "" and seen["rows"] == 33 and seen["wide"] <= 0
    assert seen["shown"] >= (28 if broken else 33), seen


def test_no_column_of_the_score_card_falls_off_the_page(make_large: Callable[..., Run], tmp_path: Path) -> None:
    """Of names that are too long for a line: they break, and can be clicked as before."""
    actions = """
      const scroll = $("#score-card .scroll");
      seen.over = scroll.scrollWidth - scroll.clientWidth;
      seen.picks = $$("#score-card .pick").map((each) => each.textContent.trim());
    """
    run = make_large(5, 60, 0.3)
    seen, said = acted(html(run), tmp_path, actions, "--window-size=1280,900")
    assert said == "" and seen["over"] <= 0, seen
    assert sorted(seen["picks"]) == sorted(entry["name"] for entry in run.architectures)


def test_paper_has_the_first_row_of_each_cause_unfolded(small_run: Run, tmp_path: Path) -> None:
    """And no other, but those that the reader had unfolded."""
    actions = """
      const opened = () => $$("#failures details.row").filter((row) => row.open).map((row) => row.id).sort();
      const firsts = $$("#roots a[href^='#row-']").map((link) => link.hash.slice(1));
      const other = $$("#failures details.row").find((row) => !firsts.includes(row.id));
      other.open = true;
      dispatchEvent(new Event("beforeprint"));
      seen.opened = opened();
      seen.wanted = [...firsts, other.id].sort();
      seen.rows = $$("#failures details.row").length;
    """
    seen, _ = acted(html(small_run), tmp_path, actions)
    assert seen["opened"] == seen["wanted"] and 2 < len(seen["opened"]) < seen["rows"], seen


def test_no_number_is_broken_at_its_hyphen(visit: Callable[..., tuple[dict[str, Any], str]]) -> None:
    """In sentences, in lists that are read later, in two compared: each stands in one line, however narrow its place is."""
    actions = r"""
      $$("details").forEach((each) => { each.open = true; });
      await until(() => $("#rows details.list table"));
      await later(100);
      const two = $$("#rows .tools select");
      two[1].value = "2";
      $$("#rows .tools button").find((each) => each.textContent === "compare").click();
      await until(() => $("#compared table"));
      $$("td, th, dd, li, p").forEach((each) => { each.style.maxWidth = each.style.width = "3rem"; });
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      seen.broken = [];
      seen.numbers = seen.compared = 0;
      while (walker.nextNode()) {
        const node = walker.currentNode;
        if (node.parentElement.closest("svg, script, pre")) continue;
        for (const found of node.data.matchAll(/\d[\d.]*e-\d+/g)) {
          const range = document.createRange();
          range.setStart(node, found.index);
          range.setEnd(node, found.index + found[0].length);
          seen.numbers += 1;
          seen.compared += Boolean(node.parentElement.closest("#compared"));
          if (range.getClientRects().length > 1) seen.broken.push(node.parentElement.outerHTML.slice(0, 120));
        }
      }
    """
    seen, said = visit(actions, "--window-size=390,844")
    assert said == "" and seen["numbers"] > 10 and seen["broken"] == [], seen


@pytest.mark.long
@pytest.mark.parametrize("flags", [(), DARK], ids=["light", "dark"])
def test_axe_finds_nothing(
    visit: Callable[..., tuple[dict[str, Any], str]], flags: tuple[str, ...], tmp_path: Path
) -> None:
    packed = subprocess.run(["npm", "pack", "--silent", AXE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    if packed.returncode:
        pytest.skip("the npm registry does not answer")
    shutil.unpack_archive(tmp_path / packed.stdout.strip(), tmp_path)
    axe = (tmp_path / "package" / "axe.min.js").read_text(encoding="utf-8")
    actions = """const found = await axe.run(); seen.found = found.violations.map((each) => [each.id, each.nodes.length, each.nodes[0].html.slice(0, 160)]);"""
    seen, _ = visit(axe + ";" + actions, *flags)
    assert seen.get("found") == [], seen


def test_it_prints_to_pages(small_run: Run, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(html(small_run), encoding="utf-8")
    flags = f"--print-to-pdf={tmp_path / 'report.pdf'}", "--no-pdf-header-footer"
    subprocess.run(command(page, tmp_path / "profile", *flags), capture_output=True, timeout=120, check=True)
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext here")
def test_no_printed_page_ends_in_a_heading_or_its_note(make_large: Callable[..., Run], tmp_path: Path) -> None:
    """Whatever the height of what stands above: runs of two sizes end their pages at different places."""
    headings, ends = set[str](), list[str]()
    for size in (3, 8):
        page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
        source = html(make_large(size, 40, 0.05))
        found = re.findall(r'<(?:h[23]|p class="note")[^>]*>([^<]+)<', source)
        headings |= {" ".join(unescape(text).split()) for text in found}
        page.write_text(source, encoding="utf-8")
        flags = f"--print-to-pdf={printed}", "--no-pdf-header-footer"
        subprocess.run(command(page, tmp_path / "profile", *flags), capture_output=True, timeout=120, check=True)
        told = subprocess.run(["pdftotext", "-layout", str(printed), "-"], capture_output=True, text=True, check=True)
        ends += [" ".join(text.strip().splitlines()[-1].split()) for text in told.stdout.split("\f") if text.strip()]
    assert len(ends) > 8 and len(headings) > 8
    assert [
        end for end in ends if end in headings or (end.count(" ") > 2 and any(end in text for text in headings))
    ] == []


def with_short_names(run: Run) -> Run:
    short = {entry["name"]: f"net-{place:02d}" for place, entry in enumerate(run.architectures)}
    rows = [replace(row, architecture=short[row.architecture]) for row in run.results]
    return replace(
        run, results=rows, architectures=[{**each, "name": short[each["name"]]} for each in run.architectures]
    )


def test_checks_and_pairs_of_thirty_three_architectures_fit_the_page(
    make_large: Callable[..., Run], tmp_path: Path
) -> None:
    actions = """
      const wanted = $$("#checks .matrix, #separation .matrix.pairs");
      seen.tables = wanted.length;
      seen.cut = wanted.map((table) => table.parentElement).filter((each) => each.scrollWidth > each.clientWidth + 1)
        .map((each) => [each.getAttribute("aria-label"), each.scrollWidth - each.clientWidth]);
    """
    seen, _ = acted(html(with_short_names(make_large(33, 60, 0.0))), tmp_path, actions, "--window-size=1280,900")
    assert seen["tables"] >= 2 and seen["cut"] == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext here")
def test_no_architecture_of_a_printed_table_falls_off_its_page(make_large: Callable[..., Run], tmp_path: Path) -> None:
    """Names that stand upright are measured as if they lay where a page is printed: the last of 33 columns is on the paper, too."""
    run = with_short_names(make_large(33, 60, 0.0))
    page = tmp_path / "report.html"
    page.write_text(html(run), encoding="utf-8")
    flags = f"--print-to-pdf={tmp_path / 'report.pdf'}", "--no-pdf-header-footer"
    subprocess.run(command(page, tmp_path / "profile", *flags), capture_output=True, timeout=120, check=True)
    told = subprocess.run(
        ["pdftotext", "-bbox", str(tmp_path / "report.pdf"), "-"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    words = re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(net-\d\d)<', told)
    upright = [name for x, y, right, down, name in words if float(down) - float(y) > float(right) - float(x)]
    assert len(set(upright)) == 33 and upright.count("net-32") == upright.count("net-00") > 0
