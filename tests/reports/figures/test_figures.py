"""Figures: what is drawn lies inside, says what was measured, and is text where it is text, in the page, in SVG and in PDF."""

from __future__ import annotations

import math
import random
import re
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck.harness.checks.approximation.evidence import ApproximationEvidence
from orbitcheck.harness.core.evidence import Evidence
from orbitcheck.harness.core.result import Result, Run
from orbitcheck.reports import figure_files as listed
from orbitcheck.reports.figures.axes import decades, points_on
from orbitcheck.reports.figures.curves import approximation_curves, capacity_curves
from orbitcheck.reports.figures.depth import depth_curves
from orbitcheck.reports.figures.drawing import (
    COLUMN,
    GLYPHS,
    PAINTS,
    TALL,
    Box,
    Drawing,
    Line,
    Mark,
    Text,
    glyph_path,
    series,
    short,
)
from orbitcheck.reports.figures.heat import HEAD, heat
from orbitcheck.reports.figures.ladder import ladder_figures
from orbitcheck.reports.figures.pdf import MissingMatplotlib, pdf
from orbitcheck.reports.figures.scatter import scatter
from orbitcheck.reports.figures.svg import inline, palette, style, svg
from orbitcheck.reports.html import html
from orbitcheck.reports.reading.climbs import depths, rungs

SVG = "{http://www.w3.org/2000/svg}"


def test_every_kind_of_figure_is_made(small_run: Run) -> None:
    names = [drawing.name for drawing in listed.figures(small_run)]
    assert names == [
        "separation", "round-ladder", "rounds-by-depth", "separation-order", "equivariance-error",
        "approximation-01", "approximation-02", "approximation-03", "capacity-01", "floor-01",
    ]  # fmt: skip
    files = dict(listed.files(small_run))
    assert set(files) == {f"{name}.{form}" for name in names for form in ("svg", "pdf")}


def test_all_that_is_drawn_lies_inside(any_run: Run) -> None:
    for drawing in listed.figures(any_run):
        for item in drawing.items:
            ends = item.points if isinstance(item, Line) else [(item.x, item.y)]
            if isinstance(item, Box):
                ends = [*ends, (item.x + item.width, item.y + item.height)]
            assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in ends), (drawing.name, item)


def test_a_figure_fits_one_column_at_eight_points(any_run: Run) -> None:
    """3.3 inches wide and a page high at most, letters of 8 pt at least in the narrower columns of an article, 229.5 pt of 72.27 to an
    inch; none beyond the edge, one name each."""
    narrower = 229.5 / 72.27 * 96 / COLUMN
    found = listed.figures(any_run)
    assert len({drawing.name for drawing in found}) == len(found)
    for drawing in found:
        assert drawing.width <= COLUMN <= 3.3 * 96 and drawing.height <= TALL, (drawing.name, drawing.height)
        for item in drawing.items:
            if not isinstance(item, Text):
                continue
            assert PAINTS[item.part].size * 0.75 * narrower >= 8, item
            wide = 0.5 * PAINTS[item.part].size * len(item.text)
            left = item.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor] * wide
            assert item.angle or (left >= -4 and left + wide <= drawing.width + 4), (drawing.name, item)


def test_a_zero_has_a_place_of_its_own_on_a_decade(make_row: Callable[..., Result]) -> None:
    axis = decades([0.0, 1e-15, 1e-12], -17, -14, 0.0, 100.0)
    assert axis.ticks[0][1] == "0" and axis(0.0) == 0.0 and axis(1e-17) > 8 and axis.ticks[1][1] == "1e-17"
    assert decades([1e-15], -17, -14, 0.0, 100.0).ticks[0][1] == "1e-17"
    (panel,) = approximation_curves(run_of(curve_row(make_row, floor=0.0, floor_kind="refinement")))
    texts = {item.text: item.y for item in panel.drawing.items if isinstance(item, Text)}
    floor = next(item for item in panel.drawing.items if isinstance(item, Line) and item.part == "floor")
    assert floor.points[0][1] == texts["0"] - 4 == texts["floor (refinement) 0"] + 4


def test_the_label_of_a_line_stands_where_no_mark_covers_it(make_row: Callable[..., Result]) -> None:
    """Marks at the ends of the threshold's line push its label to the middle; without them it stands at the end."""

    def label(*errors: float) -> Text:
        rows = [curve_row(make_row, floor=0.0, parameters=10**k, error=error) for k, error in enumerate(errors, 3)]
        (panel,) = approximation_curves(run_of(*rows))
        return next(
            item for item in panel.drawing.items if isinstance(item, Text) and item.text.startswith("threshold")
        )

    assert label(1.0, 1.0, 1.0).anchor == "end"
    assert label(0.06, 1.0, 0.06).anchor == "middle"
    assert label(1.0, 0.06, 0.06).anchor == "start"


def test_every_part_has_a_paint_of_the_style_sheet() -> None:
    for paint in PAINTS.values():
        assert {paint.fill, paint.stroke} - {""} <= set(palette())
        assert paint.fill or paint.stroke
    assert re.findall(r"^\.d-([a-z0-9-]+) \{", style(), re.MULTILINE) == list(PAINTS)


def test_files_are_xml_of_its_own_with_its_own_paint(any_run: Run) -> None:
    for drawing in listed.figures(any_run):
        root = ElementTree.fromstring(svg(drawing))
        assert {element.tag for element in root.iter()} <= {
            SVG + tag for tag in ("svg", "title", "polyline", "rect", "path", "text")
        }
        for element in root.iter():
            assert not {"class", "style", "href"} & set(element.attrib)
            assert not any(name.startswith("on") for name in element.attrib)
        assert len(root.findall(SVG + "text")) == sum(isinstance(item, Text) for item in drawing.items)


def test_names_from_outside_stay_text(hostile_run: Run, hostile_texts: tuple[str, ...]) -> None:
    found = {drawing.name: drawing for drawing in listed.figures(hostile_run)}
    texts = [element.text or "" for element in ElementTree.fromstring(svg(found["separation"])).iter(SVG + "text")]
    for value in hostile_texts:
        assert short(value, HEAD) in texts
    for drawing in found.values():
        for source in (svg(drawing), inline(drawing)):
            assert "<img" not in source and "<script" not in source and "\x1b" not in source


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "$\\frac{1}{0}$ $x^$", "a_b^c", "漢字 \u202e x", "\x00"]
)
def test_a_pdf_takes_any_name_as_it_is(name: str) -> None:
    drawing = Drawing("d", name, 200.0, 100.0, (Text(10, 50, name, "name"),))
    assert pdf(drawing).startswith(b"%PDF-")


def test_a_pdf_embeds_its_fonts_and_keeps_text_as_text(small_run: Run) -> None:
    drawing = heat(small_run)[0]
    content = pdf(drawing)
    assert b"/Type3" not in content and b"/FontFile2" in content
    parts = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
    letters = b"".join(re.sub(rb"\)[^(]*\(", b"", zlib.decompressobj().decompress(part)) for part in parts)
    assert "stats".encode("utf-16-be") in letters and b"/ToUnicode" in content
    width, height = (float(value) for value in re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)[0])
    assert (width, height) == pytest.approx((0.75 * drawing.width, 0.75 * drawing.height), abs=0.01)


def test_the_same_run_gives_the_same_bytes(small_run: Run) -> None:
    drawing = approximation_curves(small_run)[0].drawing
    assert pdf(drawing) == pdf(drawing)
    assert svg(drawing) == svg(approximation_curves(replace(small_run))[0].drawing)


def test_without_matplotlib_there_is_svg_and_a_line(small_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    made: list[tuple[str, bytes]] = []
    with pytest.raises(MissingMatplotlib, match="pip install matplotlib"):
        made.extend(listed.files(small_run))
    assert [name for name, _ in made] == [f"{drawing.name}.svg" for drawing in listed.figures(small_run)]


def test_neighbours_of_series_are_unlike_without_their_colours() -> None:
    looks = [series(number) for number in range(32)]
    assert len(set(looks)) == 32 and all(
        one[0] != other[0] and one[1] != other[1] for one, other in pairwise(looks[:8])
    )
    assert short("dws[channels=4,depth=2]", 13) == "dws[ch…pth=2]"


def test_glyphs_tell_statuses_and_series_apart() -> None:
    assert len({glyph_path(glyph) for name, glyph in GLYPHS.items() if name != "dot"}) == len(GLYPHS) - 1
    assert GLYPHS["dot"] == GLYPHS["pass"]


RANGES = ((0.1, 0.9), (0.1, float("nan")), (float("inf"), float("inf")))
"""Of all seeds, of seeds of which one diverged, and of seeds that all did."""


def curve_row(make_row: Callable[..., Result], **evidence: object) -> Result:
    base = {
        "target": "t",
        "regime": "r",
        "networks": 1,
        "parameters": 1000,
        "error": 0.1,
        "floor": None,
        "floor_kind": None,
    }
    return make_row("approximation", check="c", case=str(evidence), evidence={**base, **evidence})


def run_of(*rows: Result) -> Run:
    return Run("0", {}, [], [], list(rows))


def test_curves_draw_every_measured_row_once(small_run: Run) -> None:
    panels = [*approximation_curves(small_run)]
    drawn = sum(
        "parameters, k = 1: error" in mark.title
        for panel in panels
        for mark in panel.drawing.marks
        if mark.part.startswith("series")
    )
    measured = [
        row
        for row in small_run.results
        if isinstance(row.evidence, ApproximationEvidence) and row.evidence.networks == 1
    ]
    assert drawn == len(measured) > 5


def test_error_falls_to_the_right_place_on_a_decade(make_row: Callable[..., Result]) -> None:
    """Ten times the error is the height of a decade, wherever it stands; intervals end where they should."""
    errors = (0.5, 0.05, 0.005)
    rows = [
        curve_row(make_row, error=e, error_low=e / 10, error_high=e, parameters=10**n) for n, e in enumerate(errors, 3)
    ]
    (panel,) = approximation_curves(run_of(*rows))
    marks = sorted((m for m in panel.drawing.marks if "parameters" in m.title), key=lambda m: m.x)
    steps = [b.y - a.y for a, b in pairwise(marks)]
    assert steps[0] == pytest.approx(steps[1]) and steps[0] > 20
    whiskers = [item.points for item in panel.drawing.items if isinstance(item, Line) and item.part == "curve-1"][1:]
    assert [abs(b[1] - a[1]) for a, b in whiskers] == pytest.approx([steps[0]] * 3)


def test_the_band_of_the_seeds_reaches_from_the_best_to_the_worst(make_row: Callable[..., Result]) -> None:
    rows = [curve_row(make_row, error=0.1, error_range=ends, parameters=10**n) for n, ends in enumerate(RANGES, 3)]
    (panel,) = approximation_curves(run_of(*rows))
    bands = [item.points for item in panel.drawing.items if isinstance(item, Line) and item.part == "range-1"]
    marks = sorted((m for m in panel.drawing.marks if "parameters" in m.title), key=lambda m: m.x)
    assert ["seeds" in mark.title for mark in marks] == [True, False, False]
    ((best, worst),) = bands
    assert best == (marks[0].x, marks[0].y) and worst[0] == marks[0].x and worst[1] < best[1]
    assert "seeds 0.1 to 0.9" in marks[0].title


def test_floors_lie_where_an_error_of_their_size_lies(make_row: Callable[..., Result]) -> None:
    (panel,) = approximation_curves(
        run_of(curve_row(make_row, error=0.25, floor=0.25, floor_kind="refinement", threshold=0.05))
    )
    parts = {item.part: item for item in panel.drawing.items if isinstance(item, Line)}
    mark = next(mark for mark in panel.drawing.marks if "parameters" in mark.title)
    assert parts["floor"].points[0][1] == mark.y
    assert parts["threshold"].points[0][1] > mark.y
    texts = [item.text for item in panel.drawing.items if isinstance(item, Text)]
    assert "floor (refinement) 0.25" in texts and "threshold 0.05" in texts


def test_a_red_row_is_marked_beside_its_colour(make_row: Callable[..., Result]) -> None:
    rows = [replace(curve_row(make_row, parameters=n), outcome=o) for n, o in ((100, "pass"), (1000, "fail"))]
    (panel,) = approximation_curves(run_of(*rows))
    assert [mark.glyph for mark in panel.drawing.marks if mark.part == "fail"] == ["fail"]


def test_capacity_is_drawn_only_where_several_k_were_run(make_row: Callable[..., Result]) -> None:
    rows = [curve_row(make_row, networks=k, error=1 / k) for k in (1, 2, 4)]
    assert capacity_curves(run_of(rows[0])) == ()
    (panel,) = capacity_curves(run_of(*rows))
    marks = sorted((m for m in panel.drawing.marks if "parameters" in m.title), key=lambda m: m.x)
    assert len(marks) == 3
    assert marks[1].x - marks[0].x == pytest.approx(marks[2].x - marks[1].x)  # a doubling is a step
    assert [m.y for m in marks] == sorted(m.y for m in marks)  # lower error, lower on the page


def test_a_detection_row_gives_the_ladder_where_no_pairs_climb(make_row: Callable[..., Result]) -> None:
    row = make_row("detection", evidence={"ladder": {"2": 5.0, "1": 9.0, "10": 0.4, "x": 1.0}, "t_res": 2})
    assert [(rung.round, rung.digits, rung.separated) for rung in rungs(run_of(row))["dws"]] == [
        (1, 9.0, True), (2, 5.0, True), (10, 0.4, False),
    ]  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=8))
def test_an_axis_keeps_order_and_stays_inside(values: list[float]) -> None:
    for axis in (decades(values, -2, 0, 10.0, 110.0), points_on(values, 10.0, 110.0, str)):
        places = [axis(value) for value in sorted(values)]
        assert places == sorted(places)
        assert all(10 <= place <= 110 for place in places)
        assert axis(0.0) == 10
        assert all(axis.low <= value <= axis.high for value, _ in axis.ticks)


def test_a_mark_leads_to_its_failures() -> None:
    drawing = Drawing(
        "d", "t", 9.0, 9.0, (Mark(1, 1, "fail", "fail", "x", (0, 2), ("a", "s", "c")), Mark(2, 2, "pass", "pass", "y"))
    )
    source = inline(drawing, {("a", "s", "c"): "group-1"})
    assert '<a href="#group-1"><path class="d-fail" data-a="0 2"' in source and source.count("<a ") == 1
    assert 'role="group"' in source and 'role="img"' in inline(drawing)
    assert math.isclose(float(re.findall(r'width="([\d.]+)"', source)[0]), 9.0)


def test_depth_is_drawn_where_an_architecture_was_run_at_several(make_row: Callable[..., Result]) -> None:
    """Two depths of one architecture, the deeper one seen further; a third architecture at one depth is left out."""
    seen = {"dws[depth=2]": 2, "dws[depth=4]": 3, "gmn[depth=4]": 3}
    climbed = [
        {
            "name": name, "architecture": name.partition("[")[0], "depth": int(name[-2]), "declared": [last, last + 2],
            "t_res": last + 1, "reach": last,
            "points": [{"round": t, "pairs": 1, "separated": int(t <= last), "digits": 5.0} for t in range(1, 5)],
        }
        for name, last in seen.items()
    ]  # fmt: skip
    run = replace(run_of(), architectures=[{"name": name, "options": {}} for name in seen], round_ladder=climbed)
    assert {
        family: [(depth, p["reach"], p["declared"], p["t_res"]) for depth, p in own]
        for family, own in depths(run).items()
    } == {"dws": [(2, 2, [2, 4], 3), (4, 3, [3, 5], 4)]}
    drawing = depth_curves(run)
    assert drawing is not None
    marks = [mark for mark in drawing.marks if "depth" in mark.title]
    assert [mark.title for mark in marks] == [
        "dws[depth=2]: depth 2, 2 rounds seen; declares 2; t_res 3",
        "dws[depth=4]: depth 4, 3 rounds seen; declares 3; t_res 4",
    ]
    assert marks[0].x < marks[1].x and marks[0].y > marks[1].y
    assert "Rounds seen, by depth" in html(run)
    assert depth_curves(replace(run, round_ladder=climbed[:1])) is None


def test_a_ladder_is_drawn_as_the_run_tells_it() -> None:
    seen = ((1, 2, 9.0), (2, 2, 5.0), (3, 1, 0.5), (4, 2, 4.0))
    points = [{"round": t, "pairs": 2, "separated": parted, "digits": digits} for t, parted, digits in seen]
    entry = {
        "name": "dws",
        "architecture": "dws",
        "depth": 4,
        "declared": [2, 5],
        "t_res": 3,
        "reach": 2,
        "points": points,
    }
    run = replace(run_of(), architectures=[{"name": "dws", "options": {}}], round_ladder=[entry])
    panel, sheet = (figure.drawing for figure in ladder_figures(run))
    assert [mark.part for mark in panel.marks] == ["separated", "separated", "not-separated", "separated"]
    assert "round 3, 0.5 digits, 1 of 2 separated" in [mark.title for mark in panel.marks][2]
    assert sheet.width > panel.width
    assert ladder_figures(replace(run, round_ladder=[{**entry, "points": points[:1]}])) == ()
    assert ladder_figures(replace(run, round_ladder=())) == ()


def test_scatter_draws_or_counts_every_row(make_row: Callable[..., Result]) -> None:
    rng = random.Random(0)
    values = [(10 ** rng.uniform(-17, 0), 10 ** rng.uniform(-9, 0)) for _ in range(200)]
    values += [(0.0, 0.0), (math.inf, 1.0), (math.nan, math.nan)]
    rows = [make_row(case=str(i), evidence={"error64": a, "error32": b}) for i, (a, b) in enumerate(values)]
    rows.append(make_row(outcome="error", evidence=Evidence()))
    figure = scatter(run_of(*rows))
    assert figure is not None
    assert (figure.rows, figure.left_out) == (201, 2)
    marks = list(figure.drawing.marks)
    stands_for = [int(m.title.split(" rows")[0].split(": ")[1]) if " rows" in m.title else 1 for m in marks]
    assert sum(stands_for) == 201
    assert all(0 < m.x < figure.drawing.width and 0 < m.y < figure.drawing.height for m in marks)


@pytest.mark.parametrize("digits", [29, 14.5, 0])
def test_each_cause_lies_on_its_line(make_row: Callable[..., Result], digits: float) -> None:
    rows = [
        make_row(case=str(e), evidence={"error64": e, "error32": e * 2**digits}) for e in (1e-16, 1e-14, 1e-12, 1e-9)
    ]
    figure = scatter(run_of(*rows))
    assert figure is not None
    lines = [item for item in figure.drawing.items if isinstance(item, Line) and item.part == "reference"]
    ((x1, y1), (x2, y2)) = lines[[29, 14.5, 0].index(digits)].points
    inside = [mark for mark in figure.drawing.marks if x1 < mark.x < x2]
    assert len(inside) >= 2
    for mark in inside:
        assert mark.y == pytest.approx(y1 + (y2 - y1) / (x2 - x1) * (mark.x - x1), abs=1e-6)
