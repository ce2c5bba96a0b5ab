"""The architectures that installed packages name as entry points; nothing of a plug-in is imported."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points

from ..core.registry import DuplicateName

GROUP = "orbitcheck.architectures"
HOME = "orbitcheck"


@cache
def installed() -> dict[str, EntryPoint]:
    """Name -> entry point of every installed architecture, built-in ones first; nothing is imported.

    Raises:
        DuplicateName: two distributions claim one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(
        entry_points(group=GROUP), key=lambda point: (not point.value.startswith(f"{HOME}."), point.name)
    ):
        if point.name in found and found[point.name].value != point.value:
            raise DuplicateName(
                f"architecture {point.name!r} is installed twice: {found[point.name].value} and {point.value}"
            )
        found[point.name] = point
    return found


def built_in() -> tuple[str, ...]:
    """Names of the architectures that orbitcheck ships, less those of an optional extra that is not installed."""
    shipped = {name: point for name, point in installed().items() if point.value.startswith(f"{HOME}.")}
    return tuple(name for name, point in shipped.items() if not missing_packages(point))


def missing_packages(point: EntryPoint) -> list[str]:
    """The packages of an entry point's extras (`name = "module:attr [extra]"`) that are not installed."""
    missing = []
    for line in point.dist.requires or () if point.extras and point.dist else ():
        requirement, _, marker = line.partition(";")
        package = re.split(r"[^\w.-]", requirement.strip())[0]
        if any(re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", marker) for extra in point.extras):
            try:
                distribution(package)
            except PackageNotFoundError:
                missing.append(package)
    return missing
