"""Modules of strangers that add pair families and the like: found by entry point, and one line where they fail."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.plugins import extensions

FAMILY = """\
from orbitcheck.harness.pairs import PAIR_FAMILIES, PairFamily
from orbitcheck.harness.core.parameters import Parameters
PAIR_FAMILIES.add("NAME", PairFamily("NAME", "a stranger's", Parameters, lambda p, space: ("#0",), None))
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a module and the metadata of its package on the path; all is undone afterwards."""
    kept = dict(PAIR_FAMILIES.items())
    monkeypatch.syspath_prepend(tmp_path)
    extensions.load_extensions.cache_clear()

    def installed(source: str) -> None:
        (tmp_path / "strange_pairs.py").write_text(source)
        info = tmp_path / "strange_pairs-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-pairs\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[{extensions.GROUP}]\nstrange = strange_pairs\n")

    yield installed
    sys.modules.pop("strange_pairs", None)
    extensions.load_extensions.cache_clear()
    PAIR_FAMILIES._entries.clear()
    PAIR_FAMILIES._entries.update(kept)


def test_a_strangers_family_is_listed_and_in_the_schema(install):
    install(FAMILY.replace("NAME", "strange-pairs"))
    assert "strange-pairs" in CliRunner().invoke(main, ["list", "pairs"]).output
    assert "strange-pairs" in CliRunner().invoke(main, ["schema"]).output


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise OSError('no\\nsuch library')", "OSError: no such library"),
        ("import no_such_module", "No module named 'no_such_module'"),
        (FAMILY.replace("NAME", "generic"), "'generic' is registered already"),
    ],
)
def test_an_extension_that_fails_is_one_line(install, source, words):
    install(source)
    for command in (["list", "pairs"], ["schema"], ["run", "quick", "-a", "stats"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2
        (line,) = result.output.splitlines()
        assert line.startswith('orbitcheck: extension "strange" (strange_pairs) failed to import: ')
        assert words in line
