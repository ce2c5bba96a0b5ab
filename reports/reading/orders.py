"""The orders of separation that a report shows: over all pairs, and over those that most architectures were asked alike."""

from __future__ import annotations

from collections.abc import Sequence

from ...harness.core.outcomes import Outcome
from ...harness.core.result import Result
from ...harness.judging.order import Order, separation_order


def shown_orders(rows: Sequence[Result]) -> tuple[Order, ...]:
    """The order over all pairs, where somebody was shown them all, and the one over the pairs that say most where that leaves others out.

    Of the sets of pairs that an architecture was shown, the one with the most answers: its pairs times the architectures that were shown
    all of them.
    """
    pairs = [row for row in rows if row.kind == "separation"]
    whole = separation_order(pairs)
    asked: dict[str, set[tuple[str, str, str]]] = {}
    for row in pairs:
        if row.outcome not in (Outcome.NOT_APPLICABLE, Outcome.ERROR):
            asked.setdefault(row.architecture, set()).add((row.suite, row.check, row.case))

    def shown_to(some: set[tuple[str, str, str]]) -> int:
        return sum(some <= own for own in asked.values())

    best = max(asked.values(), key=lambda some: (len(some) * shown_to(some), len(some)), default=set())
    found = [whole] if whole else []
    if shown_to(best) > 1 and (whole is None or shown_to(best) > len(asked) - len(whole.left_out)):
        common = separation_order([row for row in pairs if (row.suite, row.check, row.case) in best])
        found += [common] if common else []
    return tuple(found)
