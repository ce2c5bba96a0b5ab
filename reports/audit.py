"""The audit of a population as a page of its own: what it rests on, a table and a figure for each space, and every network. Data in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .figures.audit import MEASURES, audit_figure
from .figures.svg import svg

LISTED = 2000
"""Networks with ties that the page lists."""
STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .8rem 0 } th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #8884 }
td.n { text-align: right } svg { max-width: 100%; height: auto } .wide { overflow-x: auto } code { font-size: 13px }
"""


def audit_page(data: Mapping[str, Any], counts: Sequence[Mapping[str, Any]], command: str) -> str:
    """The page.

    Args:
        data: of the audit, as its JSON.
        counts: a row a space and form: `space`, `form`, `networks`, and how many of them each of `MEASURES` holds of.
        command: that made it.
    """
    spaces = list(dict.fromkeys(row["space"] for row in counts))
    parts = [
        f"<h1>Audit of {_networks(sum(row['networks'] for row in counts if row['form'] == counts[0]['form']))}</h1>"
    ]
    parts.append(f"<p><code>{escape(command)}</code></p>")
    rests = [f"{escape(line)} ({count})" for line, count in data["assumed"].items()]
    if data["uncertain"]:
        rests.insert(0, f"not proved by a module, a graph or a manifest: how {_networks(data['uncertain'])} are wired")
    if rests:
        parts.append("<h2>What this rests on</h2>" + _list(rests))
    for space in spaces:
        own = [row for row in counts if row["space"] == space]
        parts.append(f"<h2>{escape(space)}</h2>")
        parts.append(
            _table(
                ["form", "networks", *MEASURES.values()],
                [[row["form"], row["networks"], *(row[key] for key in MEASURES)] for row in own],
            )
        )
        shares = {key: [row[key] / row["networks"] for row in own] for key in MEASURES}
        parts.append(f'<div class="wide">{svg(audit_figure([row["form"] for row in own], shares, space))}</div>')
    tied = [one for one in data["networks"] if not one["general_position"]]
    if tied:
        parts.append(f"<h2>Not in general position: {len(tied)}</h2>")
        rows = [[one["file"], one["form"], _ties(one["ties"])] for one in tied[:LISTED]]
        parts.append(f'<div class="wide">{_table(["file", "form", "ties"], rows)}</div>')
        if len(tied) > LISTED:
            parts.append(f"<p>and {len(tied) - LISTED} more</p>")
    if data["unread"]:
        parts.append(
            f"<h2>Not read: {len(data['unread'])}</h2>" + _list([escape(one["line"]) for one in data["unread"]])
        )
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Audit</title><style>{STYLE}</style></head><body>\n{body}\n</body></html>\n'


def _networks(count: int) -> str:
    return f"{count} network{'s' * (count != 1)}"


def _ties(ties: Mapping[str, Sequence[Sequence[int]]]) -> str:
    return "; ".join(
        f"{axis}: {', '.join('='.join(map(str, group)) for group in groups[:8])}" for axis, groups in ties.items()
    )


def _list(lines: Sequence[str]) -> str:
    """Lines that are markup already."""
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = [
        "".join(f'<td class="n">{one}</td>' if isinstance(one, int) else f"<td>{escape(str(one))}</td>" for one in row)
        for row in rows
    ]
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
