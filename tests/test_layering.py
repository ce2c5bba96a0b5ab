"""The floor plan: every folder imports those below it alone, and no folder or file stands in a circle.

Counted are imports at the top and inside functions, for types alone too, and modules that are named as text; not a check kind's
name of its own measurement, nor a recipe's name of its own trainer, which exist so that planning imports no torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = (
    ("face",),
    ("testing", "extending"),
    ("front",),
    ("running",),
    ("reports",),
    ("judging",),
    ("language",),
    ("verification",),
    ("checks",),
    ("plugins",),
    ("targets",),
    ("regimes",),
    ("pairs",),
    ("zoo",),
    ("learning",),
    ("oracles",),
    ("weights",),
    ("core",),
)
"""From the top: a folder may import what stands below it. `architectures` stand beside, as a stranger's would."""
LEVEL = {folder: level for level, folders in enumerate(FLOORS) for folder in folders}
ARCHITECTURES_MAY = {"architectures", "plugins", "oracles", "weights", "core"}
LARGEST = 15
REGISTRIES = {"targets", "pairs", "architectures", "sections"}
"""Folders with a file for each thing that is registered; they may grow."""


def modules() -> dict[str, Path]:
    """Dotted name -> file, of all that is shipped."""
    found = {"orbitcheck": ROOT / "__init__.py"}
    for top in ("architectures", "extending", "harness", "reports", "suites", "testing"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(("orbitcheck", *parts[: -1 if parts[-1] == "__init__" else None]))] = path
    return found


def named_by(name: str, path: Path, known: Iterable[str]) -> set[str]:
    """The modules of `known` that a file imports or names as text."""
    known, found = set(known), set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            target = _module_in(node.value, package, known)
            own_measurement = path.name == "kind.py" and target == f"{package}.measurement"
            own_trainer = name == "orbitcheck.harness.zoo.catalogue" and target.startswith(f"{package}.")
            if not own_measurement and not own_trainer:
                found.add(target)
    return (found & known) - {name}


def _module_in(text: str, package: str, known: set[str]) -> str:
    """The module that a text names, absolutely or as `import_module` takes it, with or without a name in it; or nothing."""
    named = re.fullmatch(r"(\.*)(\w+(?:\.\w+)*)(?::[\w.]+)?", text)
    if not named or not (named[1] or named[2].startswith("orbitcheck.")) or text == "orbitcheck.architectures":
        return ""
    if named[1]:
        above = package.split(".")[: len(package.split(".")) - len(named[1]) + 1]
        target = ".".join([*above, named[2]])
        return target if target in known else ""
    parts = named[2].split(".")
    return next((m for n in range(len(parts), 1, -1) if (m := ".".join(parts[:n])) in known), "")


def folder_of(name: str) -> str:
    """The folder on the floor plan: the one below `harness`, or the one below the root."""
    parts = name.split(".")[1:]
    return parts[1] if parts[:1] == ["harness"] and len(parts) > 1 else parts[0] if parts else "face"


MODULES = modules()
ARROWS = {name: named_by(name, path, MODULES) for name, path in MODULES.items()}


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Sets of two and more nodes that reach each other."""
    reach: dict[str, set[str]] = {}
    for start in arrows:
        seen, waiting = set(), [start]
        while waiting:
            for target in arrows.get(waiting.pop(), set()) - seen:
                seen.add(target)
                waiting.append(target)
        reach[start] = seen
    found = []
    for start in arrows:
        circle = {other for other in reach[start] if start in reach.get(other, set())}
        if circle - {start} and circle not in found:
            found.append(circle)
    return found


def test_no_arrow_points_up():
    up = [
        f"{name} -> {target}"
        for name, targets in ARROWS.items()
        for target in targets
        if folder_of(name) != folder_of(target)
        and folder_of(name) in LEVEL
        and (folder_of(target) not in LEVEL or LEVEL[folder_of(target)] <= LEVEL[folder_of(name)])
    ]
    assert not up


def test_architectures_import_what_a_stranger_would():
    wrong = [
        f"{name} -> {target}"
        for name, targets in ARROWS.items()
        for target in targets
        if folder_of(name) == "architectures" and folder_of(target) not in ARCHITECTURES_MAY
    ]
    assert not wrong


def test_what_holds_folders_or_pages_alone_imports_nothing():
    assert not ARROWS["orbitcheck.harness"] | ARROWS["orbitcheck.suites"]


def test_no_file_stands_in_a_circle():
    assert not circles(ARROWS)


def test_no_folder_stands_in_a_circle():
    def place(name: str) -> str:
        """The folder that a file stands in; a folder's face stands above its files and the folders below."""
        return f"{name}.__init__" if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]

    arrows: dict[str, set[str]] = {}
    for name, targets in ARROWS.items():
        arrows.setdefault(place(name), set()).update(place(target) for target in targets)
    assert not circles({folder: targets - {folder} for folder, targets in arrows.items()})


def test_no_folder_holds_too_much():
    folders = {path.parent for path in MODULES.values()}
    counted = {folder: len(list(folder.glob("*.py"))) for folder in folders if folder.name not in REGISTRIES}
    assert not {str(folder.relative_to(ROOT)): count for folder, count in counted.items() if count > LARGEST}


def test_every_folder_says_what_lives_there():
    faces = {name: path for name, path in MODULES.items() if path.name == "__init__.py"}
    silent = [
        name for name, path in faces.items() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
    inner = {name: path for name, path in faces.items() if name != "orbitcheck" and ".checks." not in name}
    unsaid = [
        name for name, path in inner.items() if not re.search(r"import|no code", path.read_text(encoding="utf-8"), re.I)
    ]
    assert not unsaid, "a face says what its folder may import"


def test_the_root_holds_the_face_alone():
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize(
    ("arrows", "found"),
    [({"a": {"b"}, "b": set()}, []), ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, [{"a", "b", "c"}]), ({"a": {"a"}}, [])],
)
def test_a_circle_is_seen(arrows, found):
    assert circles(arrows) == found


def test_imports_in_functions_for_types_and_as_text_are_seen(tmp_path):
    path = tmp_path / "seen.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..core import cell\n"
        "def f():\n    from . import other\nNAME = 'orbitcheck.harness.core.result:Run.to_json'\n"
        "TEXT = 'orbitcheck.harness.core.claims.CLAIMS'\nimport_module('..core.records', __package__)\n"
    )
    names = ("core.cell", "core.result", "core.claims", "core.records", "judging.other")
    known = tuple(f"orbitcheck.harness.{name}" for name in names)
    assert named_by("orbitcheck.harness.judging.seen", path, known) == set(known)
