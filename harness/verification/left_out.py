"""Rows that were not measured: each is left out for a reason that the declaration can give, or that the plug-in gave itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..checks.applicability import applicability
from ..checks.stored import Stored
from ..core.evidence import NOTHING
from ..core.outcomes import Fault, Outcome, Refusal
from ..core.result import Result
from ..weights.pair import Pair
from .exact.refuted import demand
from .exact.spectrum import both_simple


def loaded(row: Result, error: str | None) -> None:
    """Of a plug-in that did not load nothing was asked: every row says why, and no row of another one says so."""
    demand(
        (row.fault is Fault.NOT_LOADED) == bool(error), "rows of a plug-in that did not load say so, and no others do"
    )
    demand(not error or row.reason == error, "what did not load says why")


def applies(row: Result, stored: Stored, pair: Callable[[Mapping[str, Any], str], Pair]) -> None:
    """A refusal is that of the declaration, where the declaration says.

    Args:
        pair: that of a row, from the parameters and the case of its check; asked for where a domain of pairs is declared.
    """
    refused = row.outcome == Outcome.NOT_APPLICABLE
    demand((row.refusal is not None) == refused, "what does not apply says why, and nothing else does")
    demand(_may_be_left_out(row.refusal, stored.declared), "the declaration does not leave the row out")
    demand(row.fault is None or row.outcome == Outcome.ERROR, "nothing went wrong in a row that is no error")
    measured = row.evidence != NOTHING and not refused
    demand(measured or row.observed == "", "where nothing was measured nothing was seen")
    if row.certificate is None or not stored.declared:
        return
    inside = stored.declared.get("domain") != "simple-spectrum" or both_simple(pair(stored.parameters, row.case))
    wanted = applicability(stored.traits, in_general_position=all(row.certificate["general_position"]), inside=inside)
    if wanted is None:
        outside = row.refusal in (Refusal.NO_SYMMETRY, Refusal.OUTSIDE_DOMAIN)
        demand(not outside, "the declaration does not leave the row out")
    elif row.outcome != Outcome.ERROR:
        told = row.outcome, row.refusal, row.reason
        demand(told == (Outcome.NOT_APPLICABLE, wanted.refusal, wanted.reason), wanted.reason)


def _may_be_left_out(refusal: Refusal | None, declared: Mapping[str, Any]) -> bool:
    """Whether what is declared can be the reason; other reasons are the plug-in's own word, or the space's."""
    if refusal is Refusal.NO_SYMMETRY:  # none at all, or one that the space does not carry
        return declared.get("symmetry", "permutation") != "permutation"
    if refusal is Refusal.OUTSIDE_DOMAIN:  # of gradients also where no continuity is claimed
        return declared.get("domain", "all") != "all" or not declared.get("continuous", True)
    if refusal is Refusal.NO_FUNCTION:
        return declared.get("law", "exact") == "functional"
    if refusal is Refusal.MODE:
        return {"eval", "train"} - {*declared.get("modes", ("eval",))} != set()
    if refusal is Refusal.OTHER_SHAPE:  # else a shape that is refused though its like is served would be no error
        return bool(declared.get("shapes"))
    return True
