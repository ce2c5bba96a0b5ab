"""Which modules of orbitcheck a measurement imports, read from the sources; nothing is imported, and no torch.

Counted are imports at the top and inside functions, modules that are named as text, the faces of packages on the way, and every file
beside a face that looks for its files itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

PACKAGE = "orbitcheck"
ROOT = Path(__file__).resolve().parents[3]
TOPS = ("architectures", "extending", "harness", "testing")
EVALUATION = f"{PACKAGE}.harness.running.evaluate"
"""What evaluates every cell."""
FACES = frozenset({PACKAGE, f"{PACKAGE}.harness", f"{PACKAGE}.harness.running", f"{PACKAGE}.extending"})
"""Faces that import nothing before it is asked for: who imports from them depends on the contract alone, which evaluation reads."""
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]+)", re.M)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n]+)", re.M)
_TEXT = re.compile(rf"[\"']({PACKAGE}(?:\.\w+)+)[:\"']")
_SEARCHES = re.compile(r"\.glob\(|iterdir\(")


def named_in(text: str, package: str) -> set[str]:
    """Every dotted name that a module's text may import: modules, and names that may be modules.

    Args:
        text: its source.
        package: the package that its relative imports start from.
    """
    found = {part.split(" as ")[0].strip() for line in _IMPORT.findall(text) for part in line.split("#")[0].split(",")}
    for dots, module, names in _FROM.findall(text):
        above = package.split(".")[: len(package.split(".")) - len(dots) + 1] if dots else []
        base = ".".join([*above, *([module] if module else [])])
        found.add(base)
        listed = (re.sub(r"#[^\n]*", "", names)).strip("() \t\n").split(",")
        found |= {f"{base}.{part.split(' as ')[0].strip()}" for part in listed if part.strip()}
    return (found | set(_TEXT.findall(text))) - {""}


@cache
def modules() -> Mapping[str, Path]:
    """Dotted name -> file, of all of orbitcheck that can measure."""
    found = {PACKAGE: ROOT / "__init__.py"}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join((PACKAGE, *parts[: -1 if parts[-1] == "__init__" else None]))] = path
    return found


@cache
def _source(path: Path) -> bytes:
    """Read once a process: what is imported later is what was read now, or the run is of two versions anyway."""
    return path.read_bytes()


@cache
def _direct(name: str) -> frozenset[str]:
    """The modules that one of ours imports, its packages' faces, and the files that it looks for."""
    path = modules()[name]
    is_face = path.name == "__init__.py"
    parts = name.split(".")
    found = {".".join(parts[:length]) for length in range(1, len(parts))}
    if name not in FACES:
        text = _source(path).decode(errors="replace")
        found |= named_in(text, name if is_face else name.rpartition(".")[0])
        if is_face and _SEARCHES.search(text):
            found |= {other for other, file in modules().items() if file.parent == path.parent}
    return frozenset(found & modules().keys())


def closure(names: Iterable[str]) -> list[str]:
    """These modules of ours and all that they import in the end, sorted; names of others are passed over."""
    seen: set[str] = set()
    waiting = [name for name in names if name in modules()]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _direct(name) - seen
    return sorted(seen)


@cache
def source_digest(names: tuple[str, ...]) -> str:
    """SHA-256 of the sources of these modules and of all that they import."""
    hashed = hashlib.sha256()
    for name in closure(names):
        content = _source(modules()[name])
        hashed.update(f"{name} {len(content)}\n".encode() + content)
    return hashed.hexdigest()
