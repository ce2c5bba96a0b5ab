"""Every command that a page or a generated file shows can be typed as it stands: it parses, and installs what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orbitcheck.harness.front import pytest_plugin
from orbitcheck.harness.front.cli import main

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "harness" / "plugins" / "templates" / "architecture"
MARKDOWN = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md", "reports/reference/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    TEMPLATES / "README.md.template",
]
SETTINGS = [
    ROOT / "tox.ini",
    ROOT / ".ci" / "run",
    *(TEMPLATES / f"{name}.template" for name in ("tox.ini", "workflow.yaml", "suite.yaml", "pyproject.toml")),
]
PRODUCT = [path for name in ("harness", "architectures", "reports", "testing") for path in (ROOT / name).rglob("*.py")]


def code(path: Path) -> str:
    """What a page shows as code, one span or line a line; the whole of any other file."""
    text = path.read_text(encoding="utf-8")
    if path not in MARKDOWN:
        return text
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    running = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^ {4}(\S.*)", running, re.MULTILINE)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", running)]
    return "\n".join([*blocks, *indented, *spans])


def shown(program: str) -> list[str]:
    """The command lines of a program on all pages, placeholders of templates filled in."""
    found = set()
    for path in (*MARKDOWN, *SETTINGS):
        for words in re.findall(rf"(?<![\w@:.$/-])(?:\.venv/bin/)?{program} ((?!=)[^`\n&|;]+)", code(path)):
            line = words.partition("  ")[0].partition(" #")[0].replace("{posargs}", "").replace("$name", "my-net")
            if program == "pytest" or re.match(r"(?!import )[a-z]+( |$)", line):
                found.add(line.strip().removesuffix("\\").strip())
    return sorted(found)


def parsed(line: str) -> click.Context:
    """The command of a line with its arguments, not carried out; a command that is only named gets none.

    Raises:
        click.UsageError: no such command, option, value or number of arguments.
    """
    words, command = shlex.split(line), main
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.commands.get(name)
        if found is None:
            raise click.UsageError(f"no command {name}")
        command = found
    return command.make_context(command.name, words) if words else click.Context(command)


def test_there_are_commands_on_the_pages():
    assert len(shown("orbitcheck")) > 40
    assert len(shown("pytest")) > 5


@pytest.mark.parametrize("line", shown("orbitcheck"))
def test_a_command_of_the_pages_parses(line):
    context = parsed(line)
    if context.command.name == "list" and context.params:
        assert CliRunner().invoke(main, shlex.split(line)).exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        "runn quick",
        "reproduce out",
        "run quick --ouput out",
        "list architecture",
        "report out --format pdf",
        "zoo bild x",
    ],
)
def test_what_cannot_be_typed_does_not(line):
    with pytest.raises(click.UsageError):
        parsed(line)


@pytest.mark.parametrize("line", shown("pytest"))
def test_an_option_of_pytest_on_the_pages_is_ours_or_pytests(line):
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    ours = {name for group in parser._groups for option in group.options for name in option.names()}
    usual = {"-n", "-k", "-q", "-x", "-m", "--lf", "--junitxml"}
    assert {word for word in shlex.split(line) if word.startswith("-")} <= ours | usual


def from_an_index(line: str) -> list[str]:
    """What a line asks an index for under our name."""
    return [word for word in re.split(r"[\s'\"]+", line) if re.fullmatch(r"orbitcheck(\[[^\]]*\])?([<>=!~].*)?", word)]


@pytest.mark.parametrize("path", [*MARKDOWN, *SETTINGS, *PRODUCT], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_installed_from_an_index_before_there_is_a_release(path):
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"pip (?:install|wheel) [^`\n]*", text):
        assert not from_an_index(line), line
        for extra in re.findall(r"[.]\[(\w+)\]", line):
            ours, generated = ROOT / "pyproject.toml", TEMPLATES / "pyproject.toml.template"
            # The tutorial goes through a generated package, and is read in one.
            projects = {TEMPLATES: [generated], ROOT / "docs": [ours, generated]}.get(path.parent, [ours])
            assert any(re.search(rf"^{extra} = \[", each.read_text("utf-8"), re.MULTILINE) for each in projects), line
        for constraints in re.findall(r"-c (\S+)", line):
            assert (ROOT / constraints).is_file(), line
    assert "pip install wheels/" not in text or "published" in text, "says where the wheel comes from"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pip install orbitcheck", 1),
        ("pip install -q 'orbitcheck[nfn]'", 1),
        ('pip install "orbitcheck>=0.1" torch', 1),
        ("pip install wheels/orbitcheck-*.whl .", 0),
        ("pip install '.[nfn]'", 0),
        ("pip install orbitcheck-nets", 0),
    ],
)
def test_an_index_that_is_asked_is_seen(line, found):
    assert len(from_an_index(line)) == found
