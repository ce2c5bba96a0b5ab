"""One to many emitted networks: errors that fall with their number, floors that hold, sizes that suffice."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from ...checks.approximation.evidence import ApproximationEvidence
from ...checks.approximation.task import read_case
from ...checks.approximation.verdict import NULL_RATIO
from ...core.result import Result
from ...learning.equivalence import LEVEL, TINY, within_factor
from .finding import Concluded, Descriptions, Finding
from .measured import checks_of, errors_of, fit_of, fits, is_met, place, reached_by, spoken_of


def falls(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """The error of one size falls at every doubling of the number of emitted networks, by a one-sided test over the seeds.

    A doubling lowers the error if the upper end of the ratio after to before, at level 5 %, lies below one (Welch's interval of the
    logarithms: seeds of two rows are drawn apart). Refuted where what is emitted is worth half its number at most: then no doubling adds
    anything, whatever the budget. A network that is not of the size that was asked for is said, and not compared: what it gains may be
    its size's.
    """
    predicted = "lower at every doubling of k"
    doublings = [
        {
            "check": check,
            "architecture": name,
            "size": size,
            "from": k,
            "to": 2 * k,
            "before": sorted(found[k, size]),
            "after": sorted(found[2 * k, size]),
            **_change(found[k, size], found[2 * k, size]),
        }
        for check in checks_of(rows)
        for name, found in errors_of(rows, check).items()
        for k, size in sorted(found)
        if (2 * k, size) in found
    ]
    if not doublings:
        return Finding(Concluded.NOT_APPLICABLE, "no row at k and at 2k networks", predicted, "")
    sizes = {(row.check, row.architecture, *read_case(row.case)): fit for row in rows if (fit := fit_of(row))}
    ends = [
        (each["check"], each["architecture"], each[end], each["size"]) for each in doublings for end in ("from", "to")
    ]
    beyond = [key for key in ends if not is_met(sizes[key])]
    steps = [step for step, *pair in zip(doublings, ends[::2], ends[1::2], strict=True) if not {*pair} & {*beyond}]
    for row in rows:
        fit = fit_of(row)
        if fit and fit.emitted and 2 * fit.emitted.distinct <= fit.networks:
            reason = f"{place(row)}: the {fit.networks} networks that it emits are {fit.emitted.distinct}, whatever it is given"
            return Finding(Concluded.FAIL, reason, predicted, "no capacity is added", {"doublings": steps})
    lower = [step for step in steps if step["at most"] is not None and step["at most"] < 1]
    observed = f"{len(lower)} of {len(steps)} doublings lower the error (one-sided, {1 - LEVEL:.0%})"
    evidence = {"doublings": steps}
    if beyond:
        (check, name, k, asked), fit = beyond[0], sizes[beyond[0]]
        reason = f"{name} / {check}: k = {k} has {fit.parameters:,} parameters where {asked:,} were asked for, and is not compared"
        return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)
    if len(lower) == len(steps):
        return Finding(Concluded.PASS, "", predicted, observed, evidence)
    first = next(step for step in steps if step not in lower)
    said = f"a factor {first['ratio']:.3g}, " + (
        "and fewer than two seeds" if first["at most"] is None else f"at most {first['at most']:.3g}"
    )
    reason = f"{first['architecture']} / {first['check']}: k = {first['from']} to {first['to']}: {said}"
    return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)


def _change(before: Sequence[float], after: Sequence[float]) -> dict[str, float | None]:
    """The ratio of two errors and the upper end of it at one-sided `LEVEL`; one seed has no such end."""
    if min(len(before), len(after)) < 2:
        return {"ratio": mean(after) / max(mean(before), TINY), "at most": None}
    test = within_factor(after, before, 1.0, LEVEL)
    return {"ratio": test.ratio, "at most": test.high}


def capacity_bounds(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """One emitted network stays at or above its floor; a larger output, trained likewise, passes below that floor."""
    predicted = "the floor of the smallest output holds, and larger outputs pass below it"
    wrong = [row for row in rows if row.outcome == "fail"]
    if wrong:
        return Finding(Concluded.FAIL, f"{place(wrong[0])}: {wrong[0].reason}", predicted, "below the floor")
    curves = []
    meant = spoken_of(rows, descriptions)
    for check in checks_of(rows):
        seeds = errors_of(rows, check)
        for name, found in reached_by(rows, check).items():
            if name not in meant:
                continue
            for size in sorted({size for _, size in found}):
                ks = sorted(k for k, s in found if s == size)
                floor = _capacity_floor(rows, check, name, (ks[0], size))
                if floor is None:
                    continue
                passed = [k for k in ks[1:] if found[k, size].high < floor]
                curves.append(
                    {
                        "check": check,
                        "architecture": name,
                        "size": size,
                        "floor": floor,
                        "errors": {str(k): list(seeds[name][k, size]) for k in ks},
                        "passed": passed[0] if passed else None,
                    }
                )
    if not curves:
        return Finding(Concluded.NOT_APPLICABLE, "no row has a capacity floor above its threshold", predicted, "")
    below = [each for each in curves if each["passed"]]
    observed = f"the floor holds in {len(curves)} of {len(curves)}; {len(below)} pass below it with a larger output"
    if len(below) == len(curves):
        return Finding(Concluded.PASS, "", predicted, observed, {"curves": curves})
    left = next(each for each in curves if not each["passed"])
    reason = f"{left['architecture']} / {left['check']}: no output was trained below {left['floor']:.3g}"
    return Finding(Concluded.UNDECIDED, reason, predicted, observed, {"curves": curves})


def _capacity_floor(rows: Sequence[Result], check: str, name: str, case: tuple[int, int]) -> float | None:
    """The floor of one row, if it is one of capacity and says that the target is out of reach."""
    fit = next(fit for row, fit in fits(rows, check) if row.architecture == name and read_case(row.case) == case)
    binding = fit.floor_kind == "capacity" and fit.floor is not None and fit.floor > fit.threshold
    return fit.floor if binding else None


def capacity_suffices(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Some size of the output brings the error under the threshold, and below that of the smallest one.

    Refuted by an answer that does not depend on what is given, and by many networks that are so few that their floor lies above the
    threshold.
    """
    predicted = "under the threshold at some size of the output, and lower than at the smallest"
    wrong = [row for row in rows if row.outcome == "fail"]
    if wrong:
        return Finding(Concluded.FAIL, f"{place(wrong[0])}: {wrong[0].reason}", predicted, "below the floor")
    meant = spoken_of(rows, descriptions)
    reached_in = [(row, fit) for row in rows if row.architecture in meant and (fit := fit_of(row))]
    groups = list(dict.fromkeys((row.check, row.architecture) for row, _ in reached_in))
    if not groups:
        return Finding(Concluded.NOT_APPLICABLE, "no row applies to the architectures of the run", predicted, "")
    refuted = _refuted([(row, fit) for row, fit in reached_in if fit.emitted])
    if refuted:
        return Finding(Concluded.FAIL, refuted, predicted, "no output of it could do better")
    best = {
        f"{architecture} / {check}": min(
            (fit.error_high, fit.error, row.case, fit.threshold)
            for row, fit in reached_in
            if (row.check, row.architecture) == (check, architecture)
        )
        for check, architecture in groups
    }
    reached = [name for name, (high, _, _, threshold) in best.items() if high < threshold]
    evidence = {"best": {name: {"case": case, "error": error} for name, (_, error, case, _) in best.items()}}
    observed = f"reached by {len(reached)} of {len(best)}"
    if len(reached) == len(best):
        flat = [
            name
            for name in best
            if not _falls([fit for row, fit in reached_in if f"{row.architecture} / {row.check}" == name])
        ]
        if not flat:
            return Finding(Concluded.PASS, "", predicted, observed, evidence)
        reason = f"{flat[0]}: the error does not fall from the smallest size to the best"
        return Finding(Concluded.UNDECIDED, reason, predicted, observed, evidence)
    name = next(name for name in best if name not in reached)
    return Finding(
        Concluded.UNDECIDED,
        f"{name}: {best[name][1]:.3g} at {best[name][2]} when the budget ended",
        predicted,
        observed,
        evidence,
    )


def _falls(fits: Sequence[ApproximationEvidence]) -> bool:
    """Whether the least upper bound is lower than that of the smallest output at the smallest capacity; one row shows no fall."""
    smallest = min(fits, key=lambda fit: (fit.networks, fit.parameters))
    return min(fit.error_high for fit in fits) < smallest.error_high


def _refuted(rows: Sequence[tuple[Result, ApproximationEvidence]]) -> str:
    """Why no budget would bring some network under the threshold; empty where that is not known."""
    floors = {(row.check, fit.networks): fit.floor for row, fit in rows if fit.floor is not None}
    by_network: dict[tuple[str, str], list[tuple[Result, ApproximationEvidence]]] = {}
    for row, fit in rows:
        by_network.setdefault((row.architecture, row.check), []).append((row, fit))
    for found in by_network.values():
        row, fit = max(found, key=lambda each: each[1].networks)
        assert fit.emitted is not None
        if all(each.emitted and each.emitted.answers <= NULL_RATIO for _, each in found):
            return f"{place(row)}: what it emits does not depend on what it is given ({fit.emitted.answers:.2g} of its noise)"
        least = floors.get((row.check, fit.emitted.distinct))
        if fit.emitted.distinct < fit.networks and least is not None and least > fit.threshold:
            return f"{place(row)}: the {fit.networks} networks that it emits are {fit.emitted.distinct}, whose floor is {least:.3g}"
    return ""
