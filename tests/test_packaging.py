"""What is shipped: the package list is the folders, entry points lead to something, and a wheel holds it all and no more."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SHIPPED = {"tests", "docs", "benchmarks", "build", "dist"}


def folders_with_code() -> set[str]:
    """Dotted names of the folders that hold Python files, tests and other places that are not shipped apart."""
    found = set()
    for folder, inner, files in os.walk(ROOT):
        path = Path(folder)
        inner[:] = [
            name
            for name in inner
            if not name.startswith((".", "__")) and not name.endswith(".egg-info") and not (path / name / "pyvenv.cfg").exists()
            and not (path == ROOT and name in NOT_SHIPPED)
        ]  # fmt: skip
        if any(name.endswith(".py") for name in files):
            found.add(".".join(("orbitcheck", *path.relative_to(ROOT).parts)))
    return found


def source_of(module: str) -> Path:
    top, *rest = module.split(".")
    assert top == "orbitcheck", module
    path = ROOT.joinpath(*rest)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_package_list_is_the_folders_with_code():
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert len(set(listed)) == len(listed)
    assert set(listed) == folders_with_code()
    assert all(source_of(package).name == "__init__.py" for package in listed), "a package without __init__.py"


def test_no_tests_folder_is_a_package():
    assert not [path for path in (ROOT / "tests").rglob("__init__.py") if "plugin" not in path.parts]


def test_only_the_face_stands_at_the_root():
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


def test_every_entry_point_leads_to_a_name_in_a_file():
    groups = PROJECT["project"].get("entry-points", {})
    points = {**PROJECT["project"]["scripts"], **{k: v for group in groups.values() for k, v in group.items()}}
    assert {"orbitcheck", "flat-mlp", "stats", "deep-sets", "sorted-mlp"} <= set(points)
    for name, value in points.items():
        module, _, attribute = value.partition(" [")[0].partition(":")
        source = source_of(module)
        assert source.is_file(), f"{name}: no file {source}"
        defined = set()
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Assign):
                defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
        assert not attribute or attribute in defined, f"{name}: {source} defines no {attribute}"


def test_every_registered_architecture_has_an_entry_point_of_its_name():
    points = {
        name: value.partition(" [")[0]
        for name, value in PROJECT["project"]["entry-points"]["orbitcheck.architectures"].items()
    }
    registered = {}
    for source in (ROOT / "architectures").rglob("*.py"):
        module = ".".join(("orbitcheck", *source.relative_to(ROOT).with_suffix("").parts))
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            for call in getattr(node, "decorator_list", []):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "register":
                    registered[ast.literal_eval(call.args[0])] = f"{module}:{node.name}"
    assert registered == points


def test_an_entry_point_with_an_extra_names_one_that_there_is():
    points = PROJECT["project"]["entry-points"]["orbitcheck.architectures"]
    for value in points.values():
        _, bracket, extra = value.partition(" [")
        assert not bracket or extra.removesuffix("]") in PROJECT["project"]["optional-dependencies"]


def test_the_version_is_said_once():
    import orbitcheck

    assert PROJECT["project"]["version"] == orbitcheck.__version__


@pytest.mark.install
def test_a_wheel_holds_all_data_and_no_tests(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(
        ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*venv*", "out")
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", tree],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    packages = [source_of(package).parent for package in PROJECT["tool"]["setuptools"]["packages"]]
    wanted = {f"orbitcheck/{code.relative_to(ROOT).as_posix()}" for folder in packages for code in folder.glob("*.py")}
    suites = [
        ROOT / "suites" / "frozen.json",
        *(ROOT / "suites").glob("*.yaml"),
        *(ROOT / "suites").glob("older/*.yaml"),
    ]
    wanted |= {f"orbitcheck/{path.relative_to(ROOT).as_posix()}" for path in suites}
    templates = [*(ROOT / "reports" / "templates").iterdir(), *(ROOT / "harness" / "plugins" / "templates").glob("*/*")]
    wanted |= {f"orbitcheck/{path.relative_to(ROOT).as_posix()}" for path in templates}
    assert held == wanted | {"orbitcheck/py.typed"}
