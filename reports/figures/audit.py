"""What coarser forms do to a population: the shares of its networks that are in general position, discrete, alone with their orbit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .axes import Axis, Frame, linear
from .drawing import Drawing, Item, Line, Mark, Text

MEASURES = {"general_position": "general position", "discrete": "discrete", "one_orbit": "one orbit"}
TICKS = tuple((share / 100, f"{share} %") for share in (0, 25, 50, 75, 100))


def audit_figure(forms: Sequence[str], shares: Mapping[str, Sequence[float]], title: str) -> Drawing:
    """A line a measure over the forms, in their order.

    Args:
        shares: measure, as in `MEASURES` -> one a form, from 0 to 1.
    """
    places = linear(0, max(len(forms), 1), 70.0, 664.0, [])
    frame = Frame(places, Axis(0.0, 1.0, 372.0, 44.0, False, TICKS), "form", "share of the networks")
    items: list[Item] = list(frame.background)
    for place, form in enumerate(forms):
        items.append(Text(frame.x(place + 0.5), 388.0, form, "tick", "middle"))
    for number, (measure, values) in enumerate(shares.items(), 1):
        points = tuple((frame.x(place + 0.5), frame.y(share)) for place, share in enumerate(values))
        if len(points) > 1:
            items.append(Line(points, f"curve-{number}"))
        name = MEASURES[measure]
        items += [
            Mark(x, y, "dot", f"series-{number}", f"{name}, {form}: {100 * share:.4g} %")
            for (x, y), form, share in zip(points, forms, values, strict=True)
        ]
        at = 90.0 + 190.0 * (number - 1)
        items += [
            Mark(at, 24.0, "dot", f"series-{number}", name),
            Text(at + 10, 28.0, name, "label", "start"),
        ]
    return Drawing("audit", title, 680.0, 440.0, tuple(items))
