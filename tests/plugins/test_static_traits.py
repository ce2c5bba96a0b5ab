"""What is read off a plug-in's source is what the plug-in declares, or is said to be computed; and it is read once."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orbitcheck.harness.core.cache_folder import VARIABLE
from orbitcheck.harness.plugins import static_traits
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.installed import GROUP, built_in, installed
from orbitcheck.harness.plugins.static_traits import COMPUTED, DEFAULTS, FILE, declared_traits
from orbitcheck.harness.plugins.traits import Traits

ALL_COMPUTED = dict.fromkeys(DEFAULTS, COMPUTED)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """The file of the cache, in a folder of the test's own."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / FILE


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts the only installed architecture, `net`, into a module with the given source; gives its file."""
    monkeypatch.syspath_prepend(tmp_path)
    listed = [EntryPoint("net", "acme_static:Net", GROUP), EntryPoint("gone", "acme_nowhere.inner:Net", GROUP)]
    monkeypatch.setattr("orbitcheck.harness.plugins.installed.entry_points", lambda group: listed)
    installed.cache_clear()

    def written(source: str) -> Path:
        path = tmp_path / "acme_static.py"
        path.write_text(source, encoding="utf-8")
        return path

    yield written
    installed.cache_clear()


@pytest.mark.parametrize("name", [name for name in built_in() if name != "nfn-official"])
def test_what_is_read_is_what_is_declared(name, cache):
    declared, read = vars(load(parse_name(name)).traits), declared_traits()[name]
    assert list(read) == list(declared)
    assert {key: value for key, value in read.items() if value != COMPUTED} == {
        key: value for key, value in declared.items() if read[key] != COMPUTED
    }
    assert {key for key, value in read.items() if value == COMPUTED} <= {"rounds", "continuous", "law"}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("import orbitcheck\n@orbitcheck.register('n', power='complete', domain=f())\nclass Net: ...", DEFAULTS | {"power": "complete", "domain": COMPUTED}),
        ("@other\n@register('n', rounds=lambda depth: (1, 2), modes=('eval',))\ndef Net(space, output): ...", DEFAULTS | {"modes": ("eval",), "rounds": COMPUTED}),
        ("@register('n', power={[]: 1}, paper='here')\nclass Net: ...", DEFAULTS | {"power": COMPUTED, "paper": "here"}),
        ("@register('n', paper='here', **traits)\nclass Net: ...", ALL_COMPUTED | {"paper": "here"}),
        ("@declare('n', power='complete')\nclass Net: ...", ALL_COMPUTED),
        ("class Net: ...", DEFAULTS),
        ("Net = make()", ALL_COMPUTED),
        ("if True:\n    class Net: ...", ALL_COMPUTED),
        ("class Net(:", ALL_COMPUTED),
        ("raise RuntimeError\n@register('n', power='unknown')\nclass Net: ...", DEFAULTS),
    ],
)  # fmt: skip
def test_only_literals_are_read_what_is_computed_is_said_and_no_code_runs(install, cache, source, read):
    install(source)
    assert declared_traits() == {"net": read, "gone": ALL_COMPUTED}
    assert declared_traits()["net"] == read, "again, out of the cache"
    assert {type(value) for value in declared_traits()["net"].values()} == {type(value) for value in read.values()}


def test_the_defaults_are_those_of_an_architecture_that_declares_nothing():
    assert vars(Traits()) == DEFAULTS


def test_sources_are_read_again_only_when_they_change(install, cache, monkeypatch):
    install("@register('n', power='complete')\nclass Net: ...")
    assert declared_traits()["net"]["power"] == "complete"
    parsed = []
    monkeypatch.setattr(static_traits, "_declared", lambda source, name: parsed.append(name) or dict(DEFAULTS))
    assert declared_traits()["net"]["power"] == "complete"
    assert parsed == []
    install("@register('n', power='function')\nclass Net: ...")
    assert declared_traits()["net"] == DEFAULTS
    assert parsed == ["Net"]
    assert len(json.loads(cache.read_text())) == 1, "what nobody asks for any more is not kept"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[" * 100_000,
        lambda text: "[1, 2]",
        lambda text: json.dumps(dict.fromkeys(json.loads(text), 7)),
        lambda text: json.dumps({key: {} for key in json.loads(text)}),
        lambda text: json.dumps({key: entry | {"power": 7} for key, entry in json.loads(text).items()}),
        lambda text: json.dumps({key: entry | {"more": "x"} for key, entry in json.loads(text).items()}),
        lambda text: "\udcff",
    ],
)
def test_a_damaged_cache_is_made_anew(install, cache, damage):
    install("@register('n', power='complete')\nclass Net: ...")
    first = declared_traits()
    whole = cache.read_text()
    cache.write_text(damage(whole), errors="surrogateescape")
    assert declared_traits() == first
    assert cache.read_text() == whole


def test_nothing_need_be_writable(install, monkeypatch):
    install("@register('n', power='complete')\nclass Net: ...")
    monkeypatch.setenv(VARIABLE, "/proc/none")
    assert declared_traits()["net"]["power"] == "complete"
