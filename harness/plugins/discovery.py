"""How an architecture is named and found: an installed name, `package.module:attribute`, `path/to/file.py:attribute`.

Names are parsed and checked without importing a plug-in; `load` imports just the one that is named.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import math
import os
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..core.cell import WEIGHTS
from ..core.registry import UnknownName, did_you_mean
from ..core.scalars import LongNumber, parse_scalar
from ..weights.groups import GROUPS, NotCarried, group
from ..weights.space import WeightSpace
from .architecture import Architecture, InvalidPlugin, as_architecture
from .importing import siblings
from .installed import built_in, installed
from .static_traits import declared_traits


class PluginImportError(ImportError):
    """A named plug-in could not be imported; the message ends in the last line of its own traceback."""


class NameSyntaxError(ValueError):
    """A name that does not read as `reference[option=value,...]`."""


SHIPPED = "ORBITCHECK_SHIPPED"
"""Variable: folder under which files of plug-ins lie that came from another machine, by the absolute paths that they have there."""
OF_AXES = {"gl", "orth", "shift"}
"""Factors that an axis carries by what stands on it, and no activation: streams, ranks, keys and values (docs/spaces.md)."""
LONGEST_NAME = 1000
"""Characters of an architecture's name with its options."""


@dataclass(frozen=True)
class ArchitectureName:
    """A parsed name: the reference (installed name, `module:attribute` or `file.py:attribute`) and its options."""

    reference: str
    options: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        """Canonical text: options sorted by name, so that the order in which they were given does not matter."""
        inner = ",".join(f"{key}={_text(value)}" for key, value in self.options)
        return f"{self.reference}[{inner}]" if inner else self.reference


def _text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def parse_name(text: str) -> ArchitectureName:
    """Read `dws`, `dws[channels=64,depth=6]`, `package.module:MyNet` or `path/to/file.py:MyNet[depth=2]`.

    Raises:
        NameSyntaxError: unbalanced brackets, an option without a value, one that is given twice, or more than `LONGEST_NAME` characters.
    """
    if len(text) > LONGEST_NAME:
        raise NameSyntaxError(
            f"architecture {text[:40]!r}... has {len(text)} characters; a name has at most {LONGEST_NAME}"
        )
    match = re.fullmatch(r"\s*([^\[\]]+?)\s*(?:\[([^\[\]]*)\])?\s*", text)
    if match is None:
        raise NameSyntaxError(f"architecture {text!r} does not read as NAME or NAME[option=value,...]")
    options: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in (match[2] or "").split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key.isidentifier():
            raise NameSyntaxError(f"architecture {text!r}: option {part!r} does not read as name=value")
        if key in options:
            raise NameSyntaxError(f"architecture {text!r}: option {key!r} is given twice")
        try:
            options[key] = parse_scalar(value)
        except LongNumber as error:
            raise NameSyntaxError(f"architecture {text[:40]!r}...: option {key!r} is {error}") from None
    return ArchitectureName(match[1], tuple(sorted(options.items())))


def default_names(suites: Iterable[tuple[str, Sequence[str], Iterable[WeightSpace]]]) -> tuple[str, ...]:
    """The architectures of a run whose user named none: those that its suites name, or all built-in whose group its spaces carry.

    Args:
        suites: name, list and spaces of each.

    Raises:
        UnknownName: two suites ask for different ones.
    """
    listed = list(suites)
    everyone = served(list(dict.fromkeys(space for _, names, own in listed if not names for space in own)))
    asked = {tuple(names) or everyone: name for name, names, _ in reversed(listed)}
    if len(asked) > 1:
        told = " and ".join(reversed(asked.values()))
        raise UnknownName(f"suites {told} ask for different architectures; name them with -a, or run each alone")
    return next(iter(asked), everyone)


def served(spaces: Sequence[WeightSpace]) -> tuple[str, ...]:
    """The built-in architectures whose declared group one of these spaces carries, beside those that declare none.

    Scales, signs and half turns hang on activations, of which MLPs have every one: who declares these is always asked, and what
    does not apply is said row by row. Linear and orthogonal maps and shifts hang on axes.
    """
    declared = declared_traits()
    return tuple(name for name in built_in() if _carried(str(declared[name]["symmetry"]), spaces))


def _carried(symmetry: str, spaces: Sequence[WeightSpace]) -> bool:
    if symmetry not in GROUPS or not GROUPS[symmetry].atoms & OF_AXES or symmetry == "full":
        return True
    return any(GROUPS[symmetry].atoms & OF_AXES <= _atoms(space, symmetry) for space in spaces)


def _atoms(space: WeightSpace, symmetry: str) -> set[str]:
    """What the group of that name does to the axes of a space; nothing, where the space does not carry it."""
    try:
        return {atom for factor in group(space, symmetry).factors for atom in factor.kind.atoms}
    except NotCarried:
        return set()


def check_reference(reference: str) -> None:
    """Refuse a reference that cannot lead anywhere, before anything is imported.

    Raises:
        UnknownName: no installed architecture has that name, or no such file; with the nearest match.
    """
    if reference == WEIGHTS:
        raise UnknownName(
            f'"{WEIGHTS}" names the rows of checks that read weights alone; no architecture bears that name'
        )
    target, colon, attribute = reference.rpartition(":")
    if not colon:
        if reference not in installed():
            hint = " (a file is named as path/to/file.py:Class)" if reference.endswith(".py") else ""
            raise UnknownName(f'unknown architecture "{reference}"{did_you_mean(reference, installed())}{hint}')
    elif not attribute.isidentifier():
        raise UnknownName(f'architecture "{reference}": {attribute!r} is no name of a class or function')
    elif target.endswith(".py") and not plugin_file(target).is_file():
        raise UnknownName(f'architecture "{reference}": no file {target}')


def load(name: ArchitectureName) -> Architecture:
    """Import the one plug-in that is named, and give it its options.

    Raises:
        UnknownName: no such installed name, file, module or attribute.
        PluginImportError: the plug-in's own code failed, or it breaks the contract.
        OptionError: an option that it does not take.
    """
    reference = name.reference
    check_reference(reference)
    target, colon, attribute = reference.rpartition(":")
    if not colon:
        point = installed()[reference]
        target, attribute = point.module, point.attr
    try:
        module = (
            _import_file(plugin_file(target).resolve()) if target.endswith(".py") else importlib.import_module(target)
        )
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{target}.".startswith(f"{error.name}."):
            raise UnknownName(f'architecture "{reference}": no module {error.name}') from None
        last = traceback.format_exception_only(error)[-1].strip()
        whole = f" (nothing of {target} can be used before)" if isinstance(error, InvalidPlugin) else ""
        raise PluginImportError(f'architecture "{reference}" failed to import: {_place(error)}{last}{whole}') from error
    if not hasattr(module, attribute):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise UnknownName(f'architecture "{reference}": {target} has no "{attribute}"{did_you_mean(attribute, public)}')
    try:
        architecture = as_architecture(getattr(module, attribute))
    except InvalidPlugin as error:
        raise PluginImportError(f'architecture "{reference}" breaks the contract: {error}') from error
    named = Architecture(reference, architecture.factory, architecture.traits)
    try:
        return named.with_options(dict(name.options))
    except InvalidPlugin as error:
        raise PluginImportError(f'architecture "{name}" breaks the contract: {error}') from error


def plugin_file(target: str) -> Path:
    """The file that a name leads to; where files came from another machine, of those."""
    shipped = os.environ.get(SHIPPED)
    sent = Path(shipped, target.lstrip(os.sep)) if shipped and os.path.isabs(target) else None
    return sent if sent is not None and sent.is_file() else Path(target)


def _place(error: BaseException) -> str:
    """`file:line: ` of the innermost frame of the plug-in's own failure; not of the harness, which may have refused what it declares."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__).parents[1]) + os.sep
    outside = [frame for frame in frames if "importlib" not in frame.filename and not frame.filename.startswith(ours)]
    return f"{outside[-1].filename}:{outside[-1].lineno}: " if outside else ""


@cache
def _import_file(path: Path) -> Any:
    """The module of a file, its path absolute, imported once a process under a name that no package has; it may import its siblings."""
    key = f"orbitcheck_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(key, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    siblings.look_in(path.parent)
    sys.modules[key] = module  # dataclasses and pickling look the module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[key]
        raise
    return module
