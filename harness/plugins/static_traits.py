"""What installed architectures declare, read off their sources without running any of them.

Only literal values can be read so; what is computed is said to be (`COMPUTED`), never shown as a default. What was read is kept by the
sources' content in one file of the cache folder, which may be lost or damaged at any time.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from ..core.cache_folder import cache_folder
from .installed import installed
from .traits import Traits

COMPUTED = "(computed)"
"""In place of a value that no reading of the source can give."""
FILE = "traits.json"
DEFAULTS = {name: trait.default for name, trait in Traits.__dataclass_fields__.items()}
NOTHING_READ = dict.fromkeys(DEFAULTS, COMPUTED)


def declared_traits() -> dict[str, dict[str, Any]]:
    """Name -> traits of every installed architecture, out of the cache where the source has not changed."""
    file = cache_folder() / FILE
    kept, used = _read_cache(file), {}
    found: dict[str, dict[str, Any]] = {}
    for name, point in installed().items():
        source = _source(point)
        if source is None:
            found[name] = NOTHING_READ
            continue
        key = hashlib.sha256(repr((DEFAULTS, point.attr, source)).encode()).hexdigest()
        read = kept.get(key) or _declared(source, point.attr)
        used[key] = found[name] = read
    if used != kept:
        _write_cache(file, used)
    return found


def _source(point: EntryPoint) -> bytes | None:
    """The file of an entry point's module; its package is found and not imported."""
    top, _, rest = point.module.partition(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    package = spec.submodule_search_locations
    root = Path(package[0]) if package else Path(spec.origin or "").parent
    parts = rest.split(".") if rest else ["__init__"] if package else [top]
    for file in (root.joinpath(*parts).with_suffix(".py"), root.joinpath(*parts, "__init__.py")):
        with contextlib.suppress(OSError):
            return file.read_bytes()
    return None


def _declared(source: bytes, attribute: str) -> dict[str, Any]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return NOTHING_READ
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == attribute:
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("register"):
                    return _arguments(call)
            return NOTHING_READ if node.decorator_list else dict(DEFAULTS)
    return NOTHING_READ


def _arguments(call: ast.Call) -> dict[str, Any]:
    given = {keyword.arg: _literal(keyword.value) for keyword in call.keywords if keyword.arg}
    rest = NOTHING_READ if any(keyword.arg is None for keyword in call.keywords) else DEFAULTS
    return {name: given.get(name, rest[name]) for name in DEFAULTS}


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        return COMPUTED
    return value if _is_trait(value) else COMPUTED


def _is_trait(value: Any) -> bool:
    """What the cache gives back as it was."""
    return value is None or isinstance(value, str | bool) or (isinstance(value, tuple) and all(map(_is_trait, value)))


def _read_cache(file: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads(file.read_bytes())
        read = {key: {name: _thawed(value) for name, value in entry.items()} for key, entry in entries.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    return {
        key: entry
        for key, entry in read.items()
        if list(entry) == list(DEFAULTS) and all(map(_is_trait, entry.values()))
    }


def _thawed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _write_cache(file: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Whole or not at all; where nothing can be written the next start reads the sources again."""
    passing = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        passing.write_text(json.dumps(entries))
        os.replace(passing, file)
