"""Drawing -> SVG: inside the page, painted by its style sheet, or as a file of its own, which carries its paint.

All text passes `clean` and is escaped; coordinates are rounded to a tenth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from ..reading.values import clean, one_line
from .drawing import GLYPHS, PAINTS, Box, Drawing, Item, Line, Mark, Paint, Text, glyph_path

Anchors = Mapping[tuple[str, str, str], str]
FONT = "DejaVu Sans, Arial, Helvetica, sans-serif"


def inline(drawing: Drawing, anchors: Anchors | None = None) -> Markup:
    """The drawing for the page: parts become classes, marks of a group lead to its anchor."""
    known = anchors or {}
    items = [_linked(item, _element(item, _class_of(item)), known) for item in drawing.items]
    role = "group" if any("<a " in item for item in items) else "img"
    size = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" width="{_n(drawing.width)}" height="{_n(drawing.height)}"'
    label = escape(one_line(drawing.title))
    return Markup(f'<svg class="drawing" {size} role="{role}" aria-label="{label}">\n{"".join(items)}</svg>')


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG file in the light scheme; nothing outside it is needed."""
    size = f'viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" width="{_n(drawing.width)}" height="{_n(drawing.height)}"'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}">\n'
        f"<title>{escape(clean(drawing.title))}</title>\n"
        + "".join(_element(item, _attributes_of(item)) for item in drawing.items)
        + "</svg>\n"
    )


def style() -> str:
    """CSS of the parts, for the page's own style sheet."""
    return "\n".join(f".d-{part} {{ {'; '.join(_declarations(paint))}; }}" for part, paint in PAINTS.items())


@cache
def palette() -> Mapping[str, str]:
    """Name -> colour of the style sheet's light scheme."""
    sheet = (Path(__file__).parents[1] / "templates" / "report.css").read_text(encoding="utf-8")
    light = re.search(r":root \{(.*?)\}", sheet, re.DOTALL)
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", light[1] if light else ""))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _declarations(paint: Paint) -> list[str]:
    found = [f"fill: {f'var(--{paint.fill})' if paint.fill else 'none'}"]
    if paint.size:
        return [*found, f"font-size: {paint.size:g}px"]
    if paint.stroke:
        found += [f"stroke: var(--{paint.stroke})", f"stroke-width: {paint.width:g}"]
    if paint.dash:
        found.append(f"stroke-dasharray: {' '.join(f'{length:g}' for length in paint.dash)}")
    if paint.opacity < 1:
        found.append(f"opacity: {paint.opacity:g}")
    return found


def _class_of(item: Item) -> str:
    shown = f'class="d-{escape(item.part)}"'
    marked = () if isinstance(item, Box) else item.architectures
    return shown + (f' data-a="{" ".join(map(str, marked))}"' if marked else "")


def _attributes_of(item: Item) -> str:
    paint, colours = PAINTS[item.part], palette()
    found = {"fill": colours[paint.fill] if paint.fill else "none"}
    if paint.size:
        found["font-size"] = f"{paint.size:g}"
    elif paint.stroke:
        found |= {"stroke": colours[paint.stroke], "stroke-width": f"{paint.width:g}"}
    if paint.dash:
        found["stroke-dasharray"] = " ".join(f"{length:g}" for length in paint.dash)
    if paint.opacity < 1:
        found["opacity"] = f"{paint.opacity:g}"
    return " ".join(f'{name}="{value}"' for name, value in found.items())


def _element(item: Item, look: str) -> str:
    return _ELEMENTS[type(item)](item, look)


def _line(item: Line, look: str) -> str:
    return f'<polyline {look} points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in item.points)}"/>\n'


def _box(item: Box, look: str) -> str:
    corner = f' rx="{_n(item.round)}"' if item.round else ""
    place = f'x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" height="{_n(item.height)}"{corner}'
    return f"<rect {look} {place}>{_title(item.title)}</rect>\n" if item.title else f"<rect {look} {place}/>\n"


def _mark(item: Mark, look: str) -> str:
    place = f'transform="translate({_n(item.x)} {_n(item.y)})"'
    return f'<path {look} {place} d="{glyph_path(GLYPHS[item.glyph])}">{_title(item.title)}</path>\n'


def _text(item: Text, look: str) -> str:
    anchor = f' text-anchor="{item.anchor}"' if item.anchor != "start" else ""
    turned = f" rotate({_n(item.angle)})" if item.angle else ""
    place = (
        f'transform="translate({_n(item.x)} {_n(item.y)}){turned}"' if turned else f'x="{_n(item.x)}" y="{_n(item.y)}"'
    )
    return f"<text {look}{anchor} {place}>{escape(clean(item.text))}</text>\n"


_ELEMENTS: dict[type, Callable[..., str]] = {Line: _line, Box: _box, Mark: _mark, Text: _text}


def _title(text: str) -> str:
    return f"<title>{escape(one_line(text))}</title>"


def _linked(item: Item, element: str, anchors: Anchors) -> str:
    target = anchors.get(item.group) if isinstance(item, Mark | Box) and item.group else None
    return f'<a href="#{escape(target)}">{element.rstrip()}</a>\n' if target else element
