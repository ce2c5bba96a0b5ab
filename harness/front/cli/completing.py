"""What a shell may complete: suites, architectures, zoos, and the rows and architectures of a finished run.

Nothing here imports torch or a plug-in, and whatever cannot be read completes to nothing: a shell waits for it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ...core.outcomes import Outcome

RED = (Outcome.FAIL, Outcome.ERROR, Outcome.UNDECIDED)


def suites(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Shipped suites that begin so, with their titles; else files."""
    from ...language.shipped import shipped_titles

    found = [CompletionItem(name, help=title) for name, title in shipped_titles().items() if name.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


def architectures(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Installed architectures that begin so, with their papers; else files, as of `path/to/file.py:Class`."""
    from ...plugins.static_traits import declared_traits

    named = {name: traits["paper"] for name, traits in declared_traits().items() if name.startswith(begun)}
    return [CompletionItem(name, help=paper) for name, paper in named.items()] or [CompletionItem(begun, type="file")]


def rows(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of the rows of the run in the folder that was typed before: of red ones, if there are any."""
    found = [row for row in _rows_of(context) if str(row["id"]).startswith(begun)]
    red = [row for row in found if row["outcome"] in RED and row["declared"] is None]
    told = (CompletionItem(str(row["id"])[:12], help=f"{row['outcome']}: {row['case']}") for row in red or found)
    return list(told)


def compared(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Architectures of the run in the folder that was typed before."""
    names = dict.fromkeys(str(row["architecture"]) for row in _rows_of(context))
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def _rows_of(context: click.Context) -> list[dict[str, Any]]:
    from ...running.keeping.files import RESULTS

    try:
        return list(json.loads((Path(context.params["directory"]) / RESULTS).read_bytes())["results"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
