"""The notebook of docs/ works cell by cell, and shows what it was executed to."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from orbitcheck.harness.front.python.finished import FinishedRun
from orbitcheck.reports.sections.kinds import HTML
from orbitcheck.reports.sections.section import SECTIONS

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
CELLS = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
WRITES = "%%writefile "
NUMBER = re.compile(r"\d[\d.e+-]*")


def answered(cell: dict[str, Any]) -> str | None:
    """The text of a cell's value or print, as it was executed; None of what shows itself as HTML, and where it has none."""
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            return "".join(output["text"])
        if output["output_type"] == "execute_result" and "text/html" not in output["data"]:
            return "".join(output["data"]["text/plain"])
    return None


def words(text: str) -> list[str]:
    """What is said, numbers apart: their last digits are the machine's."""
    return NUMBER.sub("#", text).replace("(", " ( ").split()


def carried_out(source: str, names: dict[str, Any]) -> Any:
    """The cell as a shell carries it out: files written, statements run; the value of its last expression."""
    first, _, rest = source.partition("\n")
    if first.startswith(WRITES):
        name = first.removeprefix(WRITES)
        Path(name).write_text(rest, encoding="utf-8")
        print(f"Writing {name}")  # as IPython says it
        return None
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


@pytest.mark.long  # planted defects take twenty seconds of CPU
def test_every_cell_works_and_says_what_the_page_shows(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {}
    capsys.readouterr()
    try:
        for cell in CELLS:
            value = carried_out("".join(cell["source"]), names)
            printed = capsys.readouterr().out
            shown = answered(cell)
            if shown is not None:
                assert words(printed or repr(value)) == words(shown)
    finally:
        sys.modules.pop("my_net", None)
    assert not names["run"].passed and os.path.isdir("out")


def test_every_cell_compiles_and_asks_for_names_that_there_are():
    asked = set()
    for cell in CELLS:
        source = "".join(cell["source"])
        if source.startswith(WRITES):
            first, _, source = source.partition("\n")
            if first.endswith(".yaml"):
                continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "run":
                asked.add(node.attr)
    assert asked == {"failures", "claims", "compare", "to_frame"}
    assert all(hasattr(FinishedRun, name) for name in asked)


def test_it_was_executed_from_the_first_cell_to_the_last_and_holds_no_place_of_a_machine():
    assert [cell["execution_count"] for cell in CELLS] == list(range(1, len(CELLS) + 1))
    assert not [output for cell in CELLS for output in cell["outputs"] if output["output_type"] == "error"]
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not [place for place in ("/tmp", "/home", "/root", "site-packages", str(ROOT)) if place in text]


def test_the_card_it_shows_has_the_columns_that_a_card_has_now():
    cells = [
        text for cell in CELLS for output in cell["outputs"] for text in output.get("data", {}).get("text/html", ())
    ]
    (card,) = [text for text in ["".join(cells)] if "<table" in text]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', card)
    assert heads == [column.head for column in SECTIONS["score-card"].columns if HTML in column.forms]


@pytest.mark.long
def test_a_kernel_executes_it():
    pytest.importorskip("nbclient", reason="the extra docs is not installed")
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    again = [cell for cell in module.execute(NOTEBOOK)["cells"] if cell["cell_type"] == "code"]
    assert [bool(cell["outputs"]) for cell in again] == [bool(cell["outputs"]) for cell in CELLS]
    assert any("<progress" in str(output) for cell in again for output in cell["outputs"])
