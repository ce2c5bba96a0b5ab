"""Naming and finding plug-ins: four ways to name one, errors with place and nearest match, and nothing loaded unasked."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint, PackageNotFoundError
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import orbitcheck
from orbitcheck import Invariant, Traits, mlp
from orbitcheck.harness.core.registry import DuplicateName, UnknownName
from orbitcheck.harness.plugins.architecture import OptionError
from orbitcheck.harness.plugins.discovery import (
    ArchitectureName,
    NameSyntaxError,
    PluginImportError,
    check_reference,
    load,
    parse_name,
)
from orbitcheck.harness.plugins.installed import GROUP, built_in, installed, missing_packages

PLUGIN = """
    import torch
    from orbitcheck import register

    @register("mine", symmetry="none", paper="here")
    class Mine(torch.nn.Module):
        def __init__(self, space, output, *, channels: int = 4, gain: float = 1.0):
            super().__init__()
            self.channels = channels

    class Plain(torch.nn.Module):
        def __init__(self, space, output):
            super().__init__()

    number = 7

    def wrong(space):
        return None
"""


@pytest.fixture
def write(tmp_path):
    """Writes a plug-in file into a folder of the test's own; gives its path."""

    def written(text: str, name: str = "plugin.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return written


@pytest.fixture
def points(monkeypatch):
    """Replaces what is installed by the given (name, value) pairs."""

    def replace(*listed: tuple[str, str]) -> None:
        made = [EntryPoint(name, value, GROUP) for name, value in listed]
        monkeypatch.setattr("orbitcheck.harness.plugins.installed.entry_points", lambda group: made)
        installed.cache_clear()

    yield replace
    installed.cache_clear()


def python(code: str) -> str:
    """Standard output of a fresh interpreter."""
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reference", "options"),
    [
        ("dws", "dws", {}),
        (" dws ", "dws", {}),
        ("dws[]", "dws", {}),
        ("dws[channels=64,depth=6]", "dws", {"channels": 64, "depth": 6}),
        ("dws[ depth = 6 , channels = 64 ]", "dws", {"channels": 64, "depth": 6}),
        ("package.module:MyNet[gain=1e-3]", "package.module:MyNet", {"gain": 1e-3}),
        ("path/to/file.py:MyNet[a=true,b=null,c=on,d=x=y]", "path/to/file.py:MyNet", {"a": True, "b": None, "c": "on", "d": "x=y"}),
    ],
)  # fmt: skip
def test_a_name_reads_as_reference_and_options(text, reference, options):
    assert parse_name(text) == ArchitectureName(reference, tuple(sorted(options.items())))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not read as NAME or NAME[option=value,...]"),
        ("[depth=2]", "does not read as NAME"),
        ("dws[depth=2", "does not read as NAME"),
        ("dws]", "does not read as NAME"),
        ("dws[depth=2]x", "does not read as NAME"),
        ("dws[depth=[2]]", "does not read as NAME"),
        ("dws[depth]", "option 'depth' does not read as name=value"),
        ("dws[2=3]", "option '2=3' does not read as name=value"),
        ("dws[depth=2,depth=3]", "option 'depth' is given twice"),
    ],
)
def test_a_name_that_does_not_read_is_refused(text, message):
    with pytest.raises(NameSyntaxError, match=re.escape(message)):
        parse_name(text)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from(["on", "gelu", "x=y", "1_0", "inf"])
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["channels", "depth", "gain", "bias"]), VALUES))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_the_canonical_text_of_a_name_reads_as_the_same_name(options):
    name = ArchitectureName("dws", tuple(sorted(options.items())))
    again = parse_name(str(name))
    assert again == name and str(again) == str(name)
    assert [type(value) for _, value in again.options] == [type(value) for _, value in name.options]


def test_the_order_of_options_does_not_matter():
    assert str(parse_name("dws[depth=6,channels=64]")) == str(parse_name("dws[channels=64,depth=6]"))


def test_the_canonical_text_is_plain_yaml():
    assert str(parse_name("dws[ d=.INF, c=~, b=True, a=0x10 ]")) == "dws[a=16,b=true,c=null,d=.inf]"
    assert str(parse_name("dws[]")) == "dws"


# --- the four ways -------------------------------------------------------------------------------------------------


def test_an_installed_name_is_loaded():
    architecture = load(parse_name("flat-mlp"))
    assert architecture.name == "flat-mlp" and architecture.traits.symmetry == "none"


def test_an_installed_name_takes_options_in_brackets():
    architecture = load(parse_name("flat-mlp[channels=5,depth=1]"))
    assert architecture.options == {"channels": 5, "depth": 1}
    assert architecture.build(mlp(1, 2, 1), Invariant(3), seed=0).network[0].out_features == 5


def test_a_module_and_attribute_are_loaded(write, monkeypatch):
    monkeypatch.syspath_prepend(write(PLUGIN, "acme_package/inner.py").parent.parent)
    architecture = load(parse_name("acme_package.inner:Mine[channels=2]"))
    assert architecture.name == "acme_package.inner:Mine"
    assert architecture.traits == Traits(symmetry="none", paper="here")
    assert isinstance(architecture.build(mlp(1, 2, 1), Invariant(1), seed=0), nn.Module)


def test_a_file_and_attribute_are_loaded(write):
    path = write(PLUGIN)
    architecture = load(parse_name(f"{path}:Mine[gain=2]"))
    assert architecture.name == f"{path}:Mine" and architecture.options == {"gain": 2}
    assert load(parse_name(f"{path}:Plain")).traits == Traits()
    assert load(parse_name(f"{path}:Mine")).factory is architecture.factory, "a file is imported once a process"


def test_a_relative_path_means_the_file_under_the_working_folder(write, monkeypatch):
    for folder, value in (("one", "none"), ("two", "permutation")):
        path = write(PLUGIN.replace('"none"', f'"{value}"'), f"{folder}/plugin.py")
        monkeypatch.chdir(path.parent)
        assert load(parse_name("plugin.py:Mine")).traits.symmetry == value


# --- errors --------------------------------------------------------------------------------------------------------


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(UnknownName, match=re.escape('unknown architecture "flat-mpl"; did you mean "flat-mlp"?')):
        load(parse_name("flat-mpl"))
    with pytest.raises(UnknownName, match=r'unknown architecture "zzzzzz"; available: .*deep-sets.*stats'):
        check_reference("zzzzzz")
    with pytest.raises(UnknownName, match=re.escape("(a file is named as path/to/file.py:Class)")):
        check_reference("plugin.py")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{folder}/missing.py:Mine", "no file {folder}/missing.py"),
        ("{folder}/plugin.py:Mime", '{folder}/plugin.py has no "Mime"; did you mean "Mine"?'),
        ("{folder}/plugin.py:no good", "'no good' is no name of a class or function"),
        ("{folder}/plugin.py:", "'' is no name of a class or function"),
        ("no_such_package.inner:Net", "no module no_such_package"),
        ("orbitcheck.no_such_module:Net", "no module orbitcheck.no_such_module"),
        ("orbitcheck.architectures.stats:Stat", 'has no "Stat"; did you mean "Stats"?'),
    ],
)
def test_a_reference_that_leads_nowhere_says_where_it_ends(write, reference, message):
    folder = write(PLUGIN).parent
    with pytest.raises(UnknownName, match=re.escape(message.format(folder=folder))):
        load(parse_name(reference.format(folder=folder)))


@pytest.mark.parametrize(
    ("text", "line", "last"),
    [
        ("x = 1\nraise ValueError('boom\\nsecond line')\n", 2, "ValueError: boom"),
        ("def f(:\n    pass\n", 1, "SyntaxError: invalid syntax"),
        ("import not_installed_anywhere\n", 1, "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("import sys\n\nsys.exit('no licence')\n", 3, "SystemExit: no licence"),
        ("def f():\n    1 / 0\n\n\nf()\n", 2, "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_a_plugin_that_fails_to_import_is_told_by_the_last_line_of_its_traceback(write, text, line, last):
    path = write(text, "broken.py")
    for _ in range(2):  # a failed import must not be remembered as a success
        with pytest.raises(PluginImportError) as failure:
            load(parse_name(f"{path}:f"))
        assert str(failure.value).startswith(f'architecture "{path}:f" failed to import: ')
        assert last in str(failure.value)
        if line is not None:
            assert f"{path}:{line}: " in str(failure.value)


def test_what_is_declared_wrongly_is_told_at_its_line_and_blocks_nothing_else_of_its_file(write):
    path = write(
        "from orbitcheck import register\n\n@register('x', powr='1-wl')\ndef f(space, output): ...\n\n"
        "@register('y')\ndef g(space): ...\n\n@register('z', power='complete')\ndef h(space, output): ...\n",
        "mixed.py",
    )
    for attribute, line, said in (
        ("f", 3, 'x: unknown trait "powr"; did you mean "power"?'),
        ("g", 6, "y(space) cannot be called as an architecture"),
    ):
        with pytest.raises(PluginImportError, match=re.escape(f"breaks the contract: {path}:{line}: {said}")):
            load(parse_name(f"{path}:{attribute}"))
    assert load(parse_name(f"{path}:h")).traits.power == "complete"


def test_a_plugin_that_breaks_the_contract_is_refused(write):
    path = write(PLUGIN)
    with pytest.raises(PluginImportError, match=r"breaks the contract: wrong\(space\) cannot be called as an architec"):
        load(parse_name(f"{path}:wrong"))
    with pytest.raises(PluginImportError, match=r"breaks the contract: .* is a int"):
        load(parse_name(f"{path}:number"))


def test_an_option_that_is_not_taken_is_refused(write):
    path = write(PLUGIN)
    with pytest.raises(OptionError, match=re.escape('takes no option "chanels"; did you mean "channels"?')):
        load(parse_name(f"{path}:Mine[chanels=2]"))


# --- what is installed ---------------------------------------------------------------------------------------------


def test_the_controls_are_built_in_and_come_first(points):
    assert {"flat-mlp", "stats", "deep-sets", "sorted-mlp"} <= set(built_in())
    points(("aaa", "acme:Net"), ("stats", "orbitcheck.architectures.stats:Stats"))
    assert list(installed()) == ["stats", "aaa"]
    assert built_in() == ("stats",)


def test_what_an_extra_brings_is_built_in_once_its_packages_are_there(monkeypatch):
    """It can be named and is listed either way; a run over everything leaves it out until then."""
    point = installed()["nfn-official"]
    assert point.extras == ["nfn"]

    def absent(package: str):
        raise PackageNotFoundError(package)

    monkeypatch.setattr("orbitcheck.harness.plugins.installed.distribution", absent)
    assert missing_packages(point) == ["nfn"]
    assert "nfn-official" in installed()
    assert "nfn-official" not in built_in()
    assert "dws" in built_in()
    monkeypatch.setattr("orbitcheck.harness.plugins.installed.distribution", lambda package: package)
    assert missing_packages(point) == []
    assert "nfn-official" in built_in()


def test_a_name_that_two_distributions_claim_is_refused(points):
    points(("net", "acme:Net"), ("net", "other:Net"))
    with pytest.raises(DuplicateName, match="architecture 'net' is installed twice: acme:Net and other:Net"):
        installed()
    points(("stats", "acme:Stats"), ("stats", "orbitcheck.architectures.stats:Stats"))
    with pytest.raises(DuplicateName, match="'stats' is installed twice"):
        load(parse_name("stats"))


def test_one_distribution_seen_twice_is_one(points):
    points(("net", "acme:Net"), ("net", "acme:Net"))
    assert list(installed()) == ["net"]


def test_only_the_plugin_that_is_named_is_imported(points, write, monkeypatch):
    monkeypatch.syspath_prepend(write("raise RuntimeError('loaded unasked')", "acme_broken.py").parent)
    write(PLUGIN, "acme_good.py")
    points(("broken", "acme_broken:Net"), ("good", "acme_good:Mine"))
    assert load(parse_name("good")).name == "good"
    with pytest.raises(
        PluginImportError, match=r'architecture "broken" failed to import: .*acme_broken\.py:1: RuntimeE'
    ):
        load(parse_name("broken"))


# --- what is light ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import orbitcheck; orbitcheck.__version__",
        "from orbitcheck import mlp; mlp(2, 3, 1).shapes",
        "from orbitcheck import register, Traits, Unsupported, Invariant, Equivariant",
        "from orbitcheck import generators, mlp; generators(mlp(2, 3, 1))",
        "from orbitcheck.harness.plugins.discovery import check_reference; check_reference('stats')",
    ],
)
def test_the_light_face_costs_no_torch(code):
    assert python(f"import sys\n{code}\nprint('torch' in sys.modules)").strip() == "False"


def test_every_public_name_is_there():
    assert set(orbitcheck.__all__) <= set(dir(orbitcheck))
    assert all(getattr(orbitcheck, name) is not None for name in orbitcheck.__all__)
    with pytest.raises(AttributeError, match="module 'orbitcheck' has no attribute 'regster'"):
        _ = orbitcheck.regster
