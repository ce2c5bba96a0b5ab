"""Boards -> one static page in the look of the report, and the same as data; no scripts but the report's own, no outside request."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..html import rendered
from ..reading.values import plural, scaled
from .entries import ENOUGH, Board, Entry, Refused


def page(boards: Sequence[Board], refused: Sequence[Refused], version: str) -> str:
    """The page as one HTML document; the same boards give the same text.

    Args:
        refused: runs and networks that are on no board.
        version: of orbitcheck.
    """
    return rendered(
        "leaderboard.html.jinja",
        "leaderboard.css",
        headline=headline(boards, refused),
        boards=boards,
        refused=refused,
        version=version,
        enough=ENOUGH,
        scaled=scaled,
    )


def headline(boards: Sequence[Board], refused: Sequence[Refused]) -> str:
    """How many stand where, in a sentence."""
    listed = [entry for board in boards for entry in board.entries]
    with_rank = sum(entry.rank is not None for entry in listed)
    told = f"{plural(len(listed), 'network')} on {plural(len(boards), 'board')}, {with_rank:,} with a rank"
    return f"{told}; {len(refused):,} refused." if refused else f"{told}."


def data(boards: Sequence[Board], refused: Sequence[Refused], version: str) -> str:
    """The boards as JSON, for whoever makes something else of them."""
    listed = [
        {
            "suite": board.suite,
            "version": board.version,
            "pairs": board.pairs,
            "entries": [_plain(entry) for entry in board.entries],
        }
        for board in boards
    ]
    told = [{"name": each.name, "reason": each.reason} for each in refused]
    return json.dumps({"orbitcheck": version, "boards": listed, "refused": told}, indent=1, ensure_ascii=False) + "\n"


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "rank": entry.rank,
        "standing": entry.standing.value,
        "architecture": entry.architecture,
        "source_sha256": entry.sha256,
        "run": entry.source.sha256,
        "law": entry.score.law.words if entry.score.law else None,
        "power": entry.score.power,
        "apart": int(entry.apart) if entry.score.apart else None,
        "sees": entry.score.sees,
        "claims": {each.claim: each.holds for each in entry.claims},
        "rows": entry.rows,
        "missing": entry.missing,
        "run_again": entry.again,
        "parameters": entry.parameters,
        "operations": entry.operations,
        "evidence": f"{entry.source.folder}/",
    }
