"""A badge of a run: as SVG, and as the JSON that shields.io reads from an address (its endpoint, schema version 1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape

from ..harness.core.result import Run
from .reading.outcomes import is_calm_part, is_red, tally, unfinished_banner

LABEL = "orbitcheck"
COLOURS = {"green": "#1c6b3f", "red": "#a8201a", "grey": "#59616b"}
LETTER = 6.6
"""Pixels that a letter takes, at 11 pixels of a common sans-serif face; `textLength` makes it so."""


def message(run: Run) -> tuple[str, str]:
    """What the badge says and its colour: `115 as predicted`, `3 of 115 not as predicted`, or that the run is unfinished or a part."""
    counted = tally(run.results)
    if banner := unfinished_banner(run):
        return banner.partition(" rows")[0], "grey"
    if not is_red(run):
        return f"{counted.counts['pass']:,} as predicted", "green"
    if is_calm_part(run):
        return f"a part: {counted.counts['pass']:,} as predicted", "grey"
    if not counted.red:
        return "problems of the run", "red"
    return f"{counted.red:,} of {counted.predicted:,} not as predicted", "red"


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """`badge.svg` and `badge.json`; the same run gives the same bytes."""
    words, colour = message(run)
    told = {"schemaVersion": 1, "label": LABEL, "message": words, "color": COLOURS[colour].removeprefix("#")}
    yield "badge.json", (json.dumps(told, indent=1) + "\n").encode()
    yield "badge.svg", svg(words, COLOURS[colour]).encode()


def svg(words: str, colour: str) -> str:
    """Label and message side by side, 20 pixels high."""
    left, right = (round(LETTER * len(text) + 12) for text in (LABEL, words))
    texts = "".join(
        f'<text x="{start + width / 2:g}" y="14" textLength="{width - 12}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        for start, width, text in ((0, left, LABEL), (left, right, words))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{LABEL}: {escape(words)}">'
        f"<title>{LABEL}: {escape(words)}</title>"
        f'<rect width="{left + right}" height="20" rx="3" fill="#444b54"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-{right - 3}z" fill="{colour}"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    )
