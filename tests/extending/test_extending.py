"""The face for those who add to orbitcheck: what it names is there, costs no torch before it is needed, and registers once."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import orbitcheck
from orbitcheck import extending
from orbitcheck.extending import (
    CHECK_KINDS,
    INVARIANT_FUNCTIONAL,
    PAIR_FAMILIES,
    REGIMES,
    SECTIONS,
    TARGETS,
    ZOOS,
    Column,
    DuplicateName,
    Evidence,
    Parameters,
    WrongSignature,
    check_kind,
    mlp,
    pair_family,
    regime,
    report_section,
    target,
    zoo,
)

PLANNING = (
    "pair_family target regime check_kind zoo report_section Parameters SuiteValueError Judgement Evidence Pair NamedSpace Cell mlp "
    "CheckKind Workbench Architecture applicability known_spaces demand_mlp random_vector stacked zoo_regime"
)
REGISTRIES = (CHECK_KINDS, PAIR_FAMILIES, REGIMES, SECTIONS, TARGETS, ZOOS)


@pytest.fixture(autouse=True)
def registries():
    """What a test registers is gone afterwards."""
    kept = [(registry, dict(registry.items())) for registry in REGISTRIES]
    yield
    for registry, entries in kept:
        registry._entries.clear()
        registry._entries.update(entries)


@pytest.mark.parametrize("module", [extending, orbitcheck], ids=lambda module: module.__name__)
def test_type_checkers_see_the_names_that_there_are(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname: f"orbitcheck.{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert typed == module._FACE
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


def test_the_face_of_users_is_part_of_it():
    """But for what registers an architecture, and the questions of the front ends: an extension needs one import."""
    wanted = {
        name: module
        for name, module in orbitcheck._FACE.items()
        if name != "register" and not module.startswith("orbitcheck.harness.front.")
    }
    assert {name: extending._FACE.get(name) for name in wanted} == wanted


def test_registering_and_planning_need_no_torch():
    code = (
        f"import sys\nfrom orbitcheck.extending import {', '.join(PLANNING.split())}\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make(parameters, space, case, rng):
    raise NotImplementedError


def value(parameters, samples):
    raise NotImplementedError


def draw(parameters, space, sizes, rng):
    raise NotImplementedError


def rows(run):
    raise NotImplementedError


def one(parameters, space=None):
    return ("#0",)


KIND = {
    "parameters": Parameters,
    "resolve": one,
    "cases": one,
    "evidence": Evidence,
    "measurement": "acme.check:measure",
}
ZOO = {"spaces": {"only": mlp(1, 2, 1)}, "recipe": {"seed": 1}, "trainer": "acme.zoo:train"}


def test_what_is_decorated_stays_itself_and_is_registered_once():
    for registry, decorated, decorate in (
        (PAIR_FAMILIES, make, pair_family("acme", "a family", cases=one, claim="prop-6.2")),
        (TARGETS, value, target("acme", "a target", kind=INVARIANT_FUNCTIONAL, size=one, needs=("label",))),
        (SECTIONS, rows, report_section("acme", "a section", (Column("name"),), place=7)),
        (REGIMES, draw, regime("acme", "a regime", space=one, metadata=("label",))),
    ):
        assert decorate(decorated) is decorated
        assert registry["acme"].title.startswith("a ")
        with pytest.raises(DuplicateName, match="'acme' is registered already"):
            decorate(decorated)
    assert PAIR_FAMILIES["acme"].make is make and PAIR_FAMILIES["acme"].claim == "prop-6.2"
    assert TARGETS["acme"].value is value and TARGETS["acme"].needs == ("label",)
    assert SECTIONS["acme"].rows is rows and SECTIONS["acme"].place == 7
    assert REGIMES["acme"].draw is draw and REGIMES["acme"].metadata == ("label",)
    for registry, register in (
        (CHECK_KINDS, lambda: check_kind("acme", "a kind", **KIND)),
        (ZOOS, lambda: zoo("acme", "a zoo", **ZOO)),
    ):
        assert register() is registry["acme"]
        with pytest.raises(DuplicateName, match="'acme' is registered already"):
            register()


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (lambda: pair_family("acme", "", cases=one)(value), 'pair family "acme": value(parameters, samples) cannot be called as value(parameters, space, case, rng)'),
        (lambda: pair_family("acme", "", cases=lambda parameters: ())(make), "<lambda>(parameters, space)"),
        (lambda: target("acme", "", kind=INVARIANT_FUNCTIONAL, size=one)(make), "make(parameters, samples)"),
        (lambda: target("acme", "", kind=INVARIANT_FUNCTIONAL, size=lambda space: 1)(value), "<lambda>(parameters, space)"),
        (lambda: regime("acme", "", space=one)(value), "value(parameters, space, sizes, rng)"),
        (lambda: regime("acme", "", space=one, limit=lambda: None)(draw), "<lambda>(parameters)"),
        (lambda: check_kind("acme", "", **{**KIND, "resolve": draw}), "draw(parameters, spaces)"),
        (lambda: report_section("acme", "", ())(value), "value(run)"),
        (lambda: check_kind("acme", "", **{**KIND, "cases": value}), "value(parameters)"),
    ],
)  # fmt: skip
def test_a_function_that_cannot_be_called_is_refused_when_it_is_registered(register, words):
    with pytest.raises(WrongSignature) as refused:
        register()
    assert words in str(refused.value) and "\n" not in str(refused.value)
    assert not any("acme" in registry for registry in REGISTRIES)


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (lambda: target("acme", "", kind="functional", size=one)(value), "kind 'functional'; allowed: function-functional"),
        (lambda: check_kind("acme", "", **{**KIND, "measurement": "acme.check"}), "does not read as module:function"),
        (lambda: check_kind("acme", "", **KIND, subject="people"), "subject 'people'; allowed: architecture, weights"),
        (lambda: zoo("acme", "", **{**ZOO, "trainer": "train"}), "trainer 'train' does not read as module:function"),
        (lambda: zoo("acme", "", **{**ZOO, "recipe": {"rate": {1, 2}}}), "the recipe is no plain JSON data"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused_when_they_are_registered(register, words):
    with pytest.raises(ValueError, match=words):
        register()
    assert not any("acme" in registry for registry in REGISTRIES)
