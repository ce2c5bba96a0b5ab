"""What the code and the pages cite is there: numbered sections of the protocol and the theory, files, and names in modules."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orbitcheck.harness.core.claims import CLAIMS

ROOT = Path(__file__).parents[1]
FOLDERS = ("architectures", "benchmarks", "docs", "extending", "harness", "reports", "suites", "testing", "tests")
PAGES = {name: ROOT / "docs" / f"{name}.md" for name in ("protocol", "theory")}
CITED = re.compile(r"(protocol|theory)\.md", re.IGNORECASE)
FILE = re.compile(r"(?<![\w/.$*-])(?:[\w-]+/)*[\w-]+\.(?:py|md|jinja|css|js|yaml|toml|txt)(?![\w/]|\.\w)")
DOTTED = re.compile(r"`(?:[a-z_]+\.)*([a-z_]+)\.([A-Za-z_]+)`")
SHOWN = {"file.py", "path/to/file.py", "results.json", "report.md"}
"""Files of users and of runs, which comments speak of and no repository holds."""


@cache
def sources() -> tuple[Path, ...]:
    """Every text in which something is cited, but for this one."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [*ROOT.glob("*.md"), *ROOT.glob("*.py"), *ROOT.glob("*.toml"), *ROOT.glob("*.ini")]
    endings = {".py", ".md", ".yaml", ".template", ".jinja", ".toml", ".ini", ".css", ".js"}
    return tuple(
        path
        for path in sorted(found)
        if path.suffix in endings and path != Path(__file__) and not {"build", "__pycache__"} & set(path.parts)
    )


def of(suffix: str) -> list[Path]:
    return [path for path in sources() if path.suffix == suffix]


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"^## (\d+)\. \S", page, re.MULTILINE)]


def uncited(text: str, sections: dict[str, list[int]]) -> Iterator[str]:
    """Where a text speaks of one of the two pages and leads to no section and, in Markdown, to no page."""
    for found in CITED.finditer(text):
        rest = text[found.start() : found.end() + 40]
        section = re.match(r"\w+\.md,\s+section\s+(\d+)", rest)
        link = (
            re.match(r"\w+\.md(?:#section-(\d+))?\)", rest)
            if re.search(r"\]\((docs/)?$", text[max(0, found.start() - 7) : found.start()])
            else None
        )
        number = section[1] if section else link[1] if link else None
        if not (section or link) or (number is not None and int(number) not in sections[found[1].lower()]):
            yield rest.splitlines()[0]


@pytest.mark.parametrize("name", PAGES)
def test_sections_are_numbered_from_one_on_and_have_anchors_that_do_not_follow_their_titles(name):
    text = PAGES[name].read_text(encoding="utf-8")
    found = numbers(text)
    assert found == list(range(1, len(found) + 1)) and len(found) >= 8
    anchored = re.findall(r'^<a id="section-(\d+)"></a>\n## (\d+)\. ', text, re.MULTILINE)
    assert anchored == [(str(number), str(number)) for number in found]


def test_every_citation_of_protocol_and_theory_leads_to_a_section():
    sections = {name: numbers(path.read_text(encoding="utf-8")) for name, path in PAGES.items()}
    texts = {path: path.read_text(encoding="utf-8") for path in sources() if path.name != "CHANGELOG.md"}
    wrong = [f"{path.relative_to(ROOT)}: {rest}" for path, text in texts.items() for rest in uncited(text, sections)]
    assert not wrong, "\n".join(wrong)
    assert sum(len(CITED.findall(text)) for text in texts.values()) > 50


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("(theory.md, section 2)", False),
        ("(theory.md,\nsection 2)", False),
        ("[it](theory.md#section-2)", False),
        ("[it](docs/theory.md)", False),
        ("(theory.md, section 3)", True),
        ("(theory.md section 2)", True),
        ("(Protocol.md, outcomes)", True),
        ("(protocol.md)", True),
        ("[it](theory.md#section-3)", True),
        ("[it](theory.md#the-title)", True),
    ],
)
def test_what_leads_nowhere_is_seen(text, wrong):
    assert bool(list(uncited(text, {"protocol": [1], "theory": [1, 2]}))) == wrong


def test_the_ledger_of_the_page_is_that_of_the_code():
    text = PAGES["theory"].read_text(encoding="utf-8")
    ledger = text[text.index("## 3. ") : text.index("## 4. ")]
    assert re.findall(r"^\| `([\w.-]+)` \|", ledger, re.MULTILINE) == list(CLAIMS)


def may_cite(text: str) -> bool:
    """Whether some comment could name a file or a module: reading a module's tokens takes as long as all the rest."""
    after = (line[at:] for line in text.splitlines() for at, letter in enumerate(line) if letter == "#")
    return any(FILE.search(rest) or DOTTED.search(rest) for rest in after)


@cache
def prose(path: Path) -> tuple[str, ...]:
    """Comments, docstrings, and the strings that stand under a name to say what it is."""
    return tuple(_prose(path.read_text(encoding="utf-8")))


def _prose(text: str) -> Iterator[str]:
    if may_cite(text):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


@cache
def files() -> frozenset[str]:
    """Every file of the repository under each of the ends of its path."""
    parts = [path.relative_to(ROOT).parts for path in (*sources(), Path(__file__), *(ROOT / "tests").rglob("*.txt"))]
    return frozenset("/".join(part[start:]) for part in parts for start in range(len(part)))


def test_every_file_that_a_comment_names_is_there():
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in of(".py")
        for text in prose(path)
        for name in FILE.findall(text)
        if name not in files() and name not in SHOWN
    ]
    assert not wrong, "\n".join(wrong)


def test_every_file_that_a_page_names_by_its_folder_is_there():
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in of(".md")
        for name in FILE.findall(path.read_text(encoding="utf-8"))
        if name.startswith(("harness/", "reports/", "architectures/", "testing/", "docs/", "benchmarks/"))
        and not (ROOT / name).exists()
    ]
    assert not wrong, "\n".join(wrong)


@cache
def defined() -> dict[str, set[str]]:
    """Basename of a module -> what the modules of that name define at their top."""
    found: dict[str, set[str]] = {}
    for path in of(".py"):
        names = found.setdefault(path.parent.name if path.stem == "__init__" else path.stem, set())
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(target.id for target in targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.ImportFrom):
                names.update(alias.asname or alias.name for alias in node.names)
    return found


def test_every_name_that_a_comment_takes_from_a_module_is_in_it():
    """`module.name`, where the first is no module that is installed and no local name."""
    elsewhere = {"torch", "nn", "numpy", "np", "orbitcheck", "nfn", "mpmath", "run", "pair", "self"}
    endings = {"py", "md", "json", "html", "xml", "yaml", "toml", "ini", "txt", "log", "sqlite", "js", "css"}
    wrong = [
        f"{path.relative_to(ROOT)}: {module}.{name}"
        for folder in ("harness", "reports", "architectures", "testing")
        for path in of(".py")
        if path.is_relative_to(ROOT / folder)
        for text in prose(path)
        for module, name in DOTTED.findall(text)
        if name not in endings and module not in elsewhere and name not in defined().get(module, ())
    ]
    assert not wrong, "\n".join(wrong)
