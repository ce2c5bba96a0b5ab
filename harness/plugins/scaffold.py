"""`orbitcheck new architecture NAME`: a small package that passes out of the box, written from templates; no torch."""

from __future__ import annotations

import importlib.util
import json
import keyword
import re
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from string import Template

from .discovery import installed

FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "tox.ini": "tox.ini",
    ".gitignore": "gitignore",
    ".github/workflows/orbitcheck.yaml": "workflow.yaml",
    "src/$package/__init__.py": "package.py",
    "src/$package/network.py": "network.py",
    "suites/$name.yaml": "suite.yaml",
    "tests/test_$package.py": "test.py",
}
"""What is written -> the template it is written from."""

INSTALL = ['- run: pip install -e ".[test]"']
INSTALL_AROUND = [
    "# orbitcheck is not published yet, and what pyproject.toml asks for is on the machine that made this. Until it is, commit",
    '# the wheel that this makes:  pip wheel --no-deps -w wheels "{asked}"',
    '# Once it is, ask for "{released}" in pyproject.toml, and let the two lines below be  pip install -e ".[test]"',
    "- run: pip install wheels/orbitcheck-*.whl pytest pytest-xdist",
    "- run: pip install --no-deps -e .",
]
"""How the generated CI job installs: as anybody would, or around a requirement that only the machine of its author can meet."""

NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"


class ScaffoldError(ValueError):
    """A name that cannot be used, or a folder that is taken; the message is one line."""


PART = """\
  part:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    strategy:
      fail-fast: false
      matrix:
        shard: [{numbers}]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12", cache: pip, cache-dependency-path: pyproject.toml}}
      {install}
      # A part is red by itself (exit code 1); what is not as predicted is said by the job that merges.
      - run: orbitcheck run suites/{name}.yaml -a {name} --shard ${{{{ matrix.shard }}}}/{count} -o part-${{{{ matrix.shard }}}} || test $? -eq 1
      - uses: actions/upload-artifact@v4
        with: {{name: "part-${{{{ matrix.shard }}}}", path: "part-${{{{ matrix.shard }}}}", include-hidden-files: true}}
"""
MERGE = """\
      - uses: actions/download-artifact@v4
        with: {pattern: part-*}
      - run: orbitcheck merge part-* -o out
"""
WHOLE = """\
      - run: orbitcheck run suites/{name}.yaml -a {name} -o out
"""


def _jobs(name: str, install: str, shards: int) -> dict[str, str]:
    """What the generated CI job is made of: the run in one piece, or a matrix of parts and their merging."""
    if shards == 1:
        return {"parts": "", "needs": "", "check": WHOLE.format(name=name)}
    numbers = ", ".join(map(str, range(1, shards + 1)))
    parts = PART.format(numbers=numbers, install=install, name=name, count=shards)
    return {"parts": parts, "needs": "    needs: part\n", "check": MERGE}


def new_architecture(name: str, directory: Path, shards: int = 1) -> list[Path]:
    """Write a package with one architecture of that name into a folder that does not exist yet, or is empty.

    Args:
        name: lower-case words with hyphens, as in `my-net`; the module is `my_net`, the class `MyNet`.
        directory: the package's own folder.
        shards: into how many parts its CI job deals the run.

    Returns:
        The files written, in the order of `FILES`.

    Raises:
        ScaffoldError: a bad or taken name, a folder with files in it, or one that cannot be written.
    """
    _check_name(name)
    words = name.split("-")
    own = distribution("orbitcheck")
    installing = _installing(requirement(own.read_text("direct_url.json"), own.version), own.version)
    values = {
        **installing,
        **_jobs(name, installing["install"], shards),
        "name": name,
        "title": " ".join(words),
        "package": "_".join(words),
        "class_name": "".join(word.capitalize() for word in words),
    }
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise ScaffoldError(f"{directory} exists already; name another place with --directory")
        templates = files("orbitcheck.harness.plugins") / "templates" / "architecture"
        written = []
        for target, source in FILES.items():
            text = Template((templates / f"{source}.template").read_text(encoding="utf-8")).substitute(values)
            path = directory / Template(target).substitute(values)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    except OSError as error:
        raise ScaffoldError(f"{directory} cannot be written ({error.strerror})") from None
    return written


def requirement(direct_url: str | None, version: str) -> str:
    """What a package has to ask for to get the orbitcheck that is installed here.

    Args:
        direct_url: its `direct_url.json` (PEP 610), None where an index was asked.
        version: its version.

    Returns:
        `orbitcheck @ URL` for a folder, a file or a repository at its commit; else `orbitcheck>=VERSION`.
    """
    if direct_url is None:
        return f"orbitcheck>={version}"
    origin = json.loads(direct_url)
    url, vcs = origin["url"], origin.get("vcs_info")
    if vcs is not None:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return f"orbitcheck @ {url}" + (f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else "")


def _installing(asked: str, version: str) -> dict[str, str]:
    """The lines of the generated `pyproject.toml` and of its CI job that say where orbitcheck comes from."""
    released = f"orbitcheck>={version}"
    until = f'# The orbitcheck that made this package. Once it is published, ask for "{released}": an index takes no URLs.\n'
    lines = INSTALL_AROUND if " @ file:" in asked else INSTALL
    return {
        "dependencies": (until if asked != released else "") + f'dependencies = [{json.dumps(asked)}, "torch"]',
        "install": "\n      ".join(line.replace("{asked}", asked).replace("{released}", released) for line in lines),
    }


def _check_name(name: str) -> None:
    """Refuse what cannot be an entry point, a module and a distribution at once, or would hide one that is there."""
    if re.fullmatch(NAME, name) is None:
        near = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-0123456789")
        raise ScaffoldError(
            f'"{" ".join(name.split())}" cannot be a name; allowed: lower-case letters, digits and hyphens, beginning with a letter'
            + (f'; did you mean "{near}"?' if re.fullmatch(NAME, near) else "")
        )
    package = name.replace("-", "_")
    if name in installed():
        raise ScaffoldError(f'an architecture "{name}" is installed already; choose another name')
    if keyword.iskeyword(package) or keyword.issoftkeyword(package) or importlib.util.find_spec(package) is not None:
        raise ScaffoldError(f'the module "{package}" would hide one that Python has already; choose another name')
