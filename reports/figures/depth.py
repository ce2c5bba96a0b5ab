"""The round ladder against depth: how many refinement rounds a network is seen to part as it gets deeper, beside `t_res`."""

from __future__ import annotations

from ...harness.core.records import LadderRecord
from ...harness.core.result import Run
from ..reading.climbs import depths
from ..reading.subjects import architecture_names
from ..reading.values import plural
from .axes import Entry, Frame, legend, linear
from .drawing import COLUMN, SERIES, Drawing, Item, Line, Mark, Text, series

LEFT, RIGHT, TOP, BASE = 50.0, 308.0, 14.0, 210.0


def depth_curves(run: Run) -> Drawing | None:
    """Rounds seen by depth, a line for each family; dotted: `t_res`. None unless some architecture was run at two depths."""
    families = depths(run)
    points = [point for own in families.values() for point in own]
    if not points:
        return None
    across = sorted({depth for depth, _ in points})
    highest = max(max(point["reach"], point["t_res"] or 0, _sure(point) or 0) for _, point in points)
    top = max(4, int(highest) + 1)
    frame = Frame(
        linear(across[0] - 0.5, across[-1] + 0.5, LEFT, RIGHT, across),
        linear(0, top, BASE, TOP, range(0, top + 1, max(1, top // 8))),
        "depth of the network",
        "refinement rounds",
    )
    index = {name: place for place, name in enumerate(architecture_names(run))}
    items: list[Item] = [*frame.background]
    entries = []
    for place, (family, own) in enumerate(families.items()):
        who = tuple(index[point["name"]] for _, point in own)
        color, (glyph, part) = place % SERIES + 1, series(place)
        resolved = tuple((frame.x(depth), frame.y(p["t_res"])) for depth, p in own if p["t_res"] is not None)
        if len(resolved) > 1:
            items.append(Line(resolved, "resolution", who))
        items.append(Line(tuple((frame.x(depth), frame.y(p["reach"])) for depth, p in own), f"curve-{color}", who))
        for depth, point in own:
            told = f"; declares {_sure(point)}" if point["declared"] else ""
            told += f"; t_res {point['t_res']}" if point["t_res"] is not None else ""
            text = f"{point['name']}: depth {depth}, {plural(point['reach'], 'round')} seen{told}"
            items.append(Mark(frame.x(depth), frame.y(point["reach"]), glyph, part, text, who))
        entries.append(Entry(glyph, part, family, who))
    below, high = legend(entries, LEFT - 40, BASE + 52)
    title = "Refinement rounds seen, by depth"
    told = Text(16, BASE + 56 + high, "dotted: t_res, the last round whose gap would show", "small")
    return Drawing("rounds-by-depth", title, COLUMN, BASE + 62 + high, (*items, *below, told))


def _sure(ladder: LadderRecord) -> int | None:
    """The round that an architecture declares to see in any case."""
    return ladder["declared"][0] if ladder["declared"] else None
