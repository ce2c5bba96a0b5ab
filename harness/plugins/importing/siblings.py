"""Files beside a plug-in's file can be imported by it, as beside a script; but none takes the name of what the harness itself imports."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

OTHERS = frozenset(
    {"orbitcheck", "torch", "numpy", "scipy", "canonaut", "sklearn", "hypothesis", "pydantic", "yaml", "pytest"}
)
"""Beside the standard library: names that lead where they always do, whatever lies beside a plug-in."""


class Siblings:
    """Finds top-level modules in the folders of plug-ins' files, the last one that was named first."""

    def __init__(self) -> None:
        self.folders: list[Path] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The sibling of that name, if there is one."""
        if path is not None or name in OTHERS or name in sys.stdlib_module_names:
            return None
        specs = (PathFinder.find_spec(name, [str(folder)]) for folder in self.folders)
        return next((spec for spec in specs if spec is not None and spec.origin is not None), None)


SIBLINGS = Siblings()


def look_in(folder: Path) -> None:
    """Let modules of the folder be imported from now on; those of the same name from another plug-in's folder are forgotten."""
    if SIBLINGS not in sys.meta_path:
        sys.meta_path.insert(0, SIBLINGS)
    if SIBLINGS.folders[:1] == [folder]:
        return
    others = [other for other in SIBLINGS.folders if other != folder]
    SIBLINGS.folders = [folder, *others]
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        top = name.partition(".")[0]
        elsewhere = isinstance(file, str) and any(_is_at(Path(file), other, top) for other in others)
        if elsewhere and PathFinder.find_spec(top, [str(folder)]) is not None:
            del sys.modules[name]


def _is_at(file: Path, folder: Path, top: str) -> bool:
    return file == folder / f"{top}.py" or folder / top in file.parents
