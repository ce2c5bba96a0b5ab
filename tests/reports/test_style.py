"""The style sheet: every text colour is readable on every surface that it stands on, in both schemes and in print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import orbitcheck
from orbitcheck.reports.figures.drawing import PAINTS, SERIES

STYLE = (Path(orbitcheck.__file__).parent / "reports/templates/report.css").read_text(encoding="utf-8")
SCHEMES = dict(
    zip(
        ("light", "dark", "print"),
        (dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)),
        strict=True,
    )
)  # fmt: skip
STATUSES = ("pass", "fail", "error", "undecided", "expected", "none")


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_is_readable(scheme: str) -> None:
    colour = SCHEMES[scheme]
    pairs = [(text, surface) for text in ("ink", "muted", "link") for surface in ("page", "sheet", "soft")]
    pairs += [(status, f"{status}-tint") for status in STATUSES]
    pairs += [(status, surface) for status in STATUSES for surface in ("page", "sheet")]
    pairs += [(status, other) for status in STATUSES for other in ("fail-tint", "error-tint", "undecided-tint")]
    pairs += [("ink", f"heat-{step}") for step in range(1, 6)] + [("ink", "fail-tint"), ("muted", "none-tint")]
    weak = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_curves_and_marks_are_seen(scheme: str) -> None:
    colour = SCHEMES[scheme]
    drawn = [f"series-{n}" for n in range(1, SERIES + 1)] + ["mark", "fail", "error", "undecided", "expected"]
    weak = {name: contrast(colour[name], colour["sheet"]) for name in drawn}
    assert {name: ratio for name, ratio in weak.items() if ratio < 3} == {}
    assert len({colour[f"series-{n}"] for n in range(1, SERIES + 1)}) == SERIES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_in_figures_is_readable(scheme: str) -> None:
    colour = SCHEMES[scheme]
    for paint in PAINTS.values():
        if paint.size:
            assert contrast(colour[paint.fill], colour["sheet"]) >= 4.5, paint


def test_schemes_define_the_same_colours() -> None:
    assert set(SCHEMES["light"]) == set(SCHEMES["dark"]) == set(SCHEMES["print"])
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", STYLE)) <= set(SCHEMES["light"])
