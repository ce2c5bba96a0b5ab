"""The report in a real browser, where one is installed: its script runs, nobody else's does, nothing is asked of the network."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from orbitcheck.harness.core.result import Run
from orbitcheck.reports.html import html

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--log-level=0",
)  # fmt: skip
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no chromium here")]


class Elements(HTMLParser):
    """The elements of a document and their attributes."""

    def __init__(self, source: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def opened(source: str, folder: Path) -> tuple[Elements, str]:
    """The document after its scripts have run, and what the browser has to say of it."""
    page = folder / "report.html"
    page.write_text(source, encoding="utf-8")
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = "\n".join(line for line in answer.stderr.splitlines() if "CONSOLE" in line)
    return Elements(answer.stdout), said


@pytest.mark.parametrize("name", ["hostile_run", "small_run"])
def test_only_the_report_s_own_script_runs(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run: Run = request.getfixturevalue(name)
    before = Elements(html(run))
    after, said = opened(html(run), tmp_path)
    assert said == ""
    assert "button" not in {tag for tag, _ in before.found}
    made = {tag for tag, _ in after.found} - {tag for tag, _ in before.found}
    assert "button" in made and made <= {"button", "input", "label", "select", "option"}
    assert not {"img", "iframe", "object"} & {tag for tag, _ in after.found}
    assert not [key for _, attributes in after.found for key in attributes if key.startswith("on")]


def test_the_policy_stops_a_script_that_is_not_the_report_s(small_run: Run, tmp_path: Path) -> None:
    planted = html(small_run).replace("</main>", "<script>document.body.append('planted')</script></main>")
    after, said = opened(planted, tmp_path)
    assert "Content Security Policy" in said
    assert "button" in {tag for tag, _ in after.found}
