"""Extensions: third-party pair families, targets, regimes, check kinds, zoos and report sections: modules that register them on import.

    [project.entry-points."orbitcheck.extensions"]
    my-pairs = "my_package.pairs"

One group for all of them: a module registers whatever it has (docs/extending.md). It is imported before a suite or a run is
read, by the front ends too, so it must not import torch at its top.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points

GROUP = "orbitcheck.extensions"


class ExtensionError(ImportError):
    """An extension's module failed; the message names it and says how."""


@cache
def load_extensions() -> tuple[str, ...]:
    """Import every installed extension, once a process; their names.

    Raises:
        ExtensionError: one of them fails, or registers a name that is taken.
    """
    names = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            importlib.import_module(point.module)
        except (Exception, SystemExit) as error:  # whatever a stranger's module does when it is imported
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise ExtensionError(f'extension "{point.name}" ({point.value}) failed to import: {said}') from error
        names.append(point.name)
    return tuple(names)
