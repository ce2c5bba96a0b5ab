"""What the rows of a run say together about a claim that no row decides alone; a pure function of the rows.

A suite lists the claims that it wants concluded, each from the rows of some checks. Five claims compare rows:

| claim | compared |
|---|---|
| `thm-5.2` | the errors of all networks of the power of 1-WL, in pairs, at growing capacity: at the largest what validation prefers is equal, by two one-sided tests |
| `prop-5.3` | networks of unknown power with these: apart where 1-WL classes merge orbits, equal in general position |
| `oce` | the errors at k and 2k emitted networks of one size: lower at every doubling, beyond the range of the seeds |
| `prop-7.1` | the error of one emitted network with its floor, and with larger outputs that pass below that floor |
| `thm-7.2` | the error of the best output size with the threshold |

Any other claim holds if every row that speaks of it passes. What the budget leaves open is `undecided`, and red unless the
suite says why it may be (`allow_undecided`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any, Protocol

from ..checks.approximation.task import read_case
from ..checks.approximation.verdict import FLOOR_SLACK
from ..checks.prediction import SEPARATED
from ..core.claims import CLAIMS
from ..core.result import Result
from ..learning.equivalence import Estimate, two_one_sided

MEASURED = ("pass", "fail", "undecided")


class Wanted(Protocol):
    """One entry of a suite's `conclusions`."""

    @property
    def claim(self) -> str: ...
    @property
    def checks(self) -> Sequence[str]: ...
    @property
    def architectures(self) -> Sequence[str]: ...
    @property
    def margin(self) -> float: ...
    @property
    def allow_undecided(self) -> str | None: ...


class Concluding(Protocol):
    """What is read of a suite."""

    @property
    def name(self) -> str: ...
    @property
    def conclusions(self) -> Sequence[Wanted]: ...


@dataclass(frozen=True)
class Conclusion:
    """One claim, concluded.

    Args:
        suite, claim, title: of what; the title is the claim's statement.
        checks: whose rows were read.
        outcome: "pass", "fail", "undecided", or "not-applicable" where the run holds nothing to compare.
        reason: one line.
        predicted, observed: in words.
        declared: why it may stay undecided, or None.
        evidence: plain JSON.
    """

    suite: str
    claim: str
    title: str
    checks: tuple[str, ...]
    outcome: str
    reason: str
    predicted: str
    observed: str
    declared: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_red(self) -> bool:
        return self.outcome == "fail" or (self.outcome == "undecided" and self.declared is None)


@dataclass(frozen=True)
class Finding:
    """What a rule makes of the rows: see `Conclusion`."""

    outcome: str
    reason: str
    predicted: str
    observed: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def conclude(
    rows: Sequence[Result], suites: Iterable[Concluding], descriptions: Sequence[Mapping[str, Any]]
) -> list[Conclusion]:
    """Every conclusion that the suites want, in their order.

    Args:
        rows: of the run.
        suites: that were run.
        descriptions: the architectures of the run, as `describe` gives them, or with an `error`.
    """
    found = []
    for suite in suites:
        for wanted in suite.conclusions:
            own = [
                row
                for row in rows
                if row.suite == suite.name
                and any(fnmatchcase(row.check, pattern) for pattern in wanted.checks)
                and any(fnmatchcase(row.architecture.partition("[")[0], name) for name in wanted.architectures)
            ]
            finding = RULES.get(wanted.claim, tally)(own, descriptions, wanted.margin)
            found.append(
                Conclusion(
                    suite=suite.name,
                    claim=wanted.claim,
                    title=CLAIMS[wanted.claim].statement,
                    checks=tuple(dict.fromkeys(row.check for row in own)),
                    declared=wanted.allow_undecided if finding.outcome == "undecided" else None,
                    **asdict(finding),
                )
            )
    return found


def problems(conclusions: Iterable[Conclusion]) -> list[str]:
    """The lines that make a run red."""
    return [
        f"conclusion {each.claim} ({', '.join(each.checks) or 'no check'}): {each.outcome}: {each.reason}"
        for each in conclusions
        if each.is_red
    ]


Descriptions = Sequence[Mapping[str, Any]]
Errors = dict[str, dict[tuple[int, int], list[float]]]
"""Architecture -> (networks, size asked for) -> the seeds' errors."""


def tally(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Every row agrees with its own prediction; of an approximation that some size decides, the other sizes may stay open."""
    counted = Counter(row.outcome for row in rows)
    applicable = [row for row in rows if row.outcome != "not-applicable"]
    predicted = ", ".join(
        f"{count} {verdict}" for verdict, count in Counter(r.predicted for r in applicable).items() if verdict
    )
    observed = ", ".join(f"{count} {seen}" for seen, count in Counter(r.observed for r in applicable).items() if seen)
    evidence = {"outcomes": dict(counted)}
    wrong = [row for row in rows if row.outcome in ("fail", "error")]
    if not applicable:
        return Finding("not-applicable", "no row applies to the architectures of the run", "", "", evidence)
    if wrong:
        reason = (
            f"{len(wrong)} of {len(applicable)} rows contradict it, the first: {_place(wrong[0])}: {wrong[0].reason}"
        )
        return Finding("fail", reason, predicted, observed, evidence)
    settled = {(row.check, row.architecture) for row in rows if row.outcome == "pass" and row.kind == "approximation"}
    left = [_place(row) for row in rows if row.outcome == "undecided" and (row.check, row.architecture) not in settled]
    if left:
        reason = f"{len(left)} of {len(applicable)} rows are open when the budget ended: {', '.join(left)}"
        return Finding("undecided", reason, predicted, observed, evidence)
    early = f", but for {counted['undecided']} of a smaller size" if counted["undecided"] else ""
    return Finding("pass", f"all of {len(applicable)} rows agree{early}", predicted, observed, evidence)


def equal_architectures(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of the power of 1-WL come to the same error on every check, as their capacity grows."""
    predicted = f"errors within {margin:g} of the variance of each other at the largest size"
    names = [name for name in _of_power(descriptions, "1-wl") if any(row.architecture == name for row in rows)]
    if len(names) < 2:
        return Finding("not-applicable", "needs two architectures of power 1-wl", predicted, "")
    leaks = [row for row in rows if row.architecture in names and row.outcome == "fail"]
    if leaks:
        return Finding("fail", f"{_place(leaks[0])}: {leaks[0].reason}", predicted, "one sees more than the others")
    pairs = [pair for check in _checks(rows) for pair in _pairs(check, rows, names, margin)]
    return _equality(pairs, predicted)


def one_apart(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Networks of unknown power part what 1-WL cannot, and in general position come to the same errors."""
    predicted = "apart on all of V, equal in general position"
    peers, others = _of_power(descriptions, "1-wl"), _of_power(descriptions, "unknown")
    others = [name for name in others if any(row.architecture == name for row in rows)]
    if not others or not peers:
        return Finding("not-applicable", "needs an architecture of unknown power and one of power 1-wl", predicted, "")
    apart = {name: _parted(name, rows, peers) for name in others}
    pairs = [
        pair
        for check in _checks(rows)
        if all(row.evidence.get("general_position") for row in rows if row.check == check)
        for pair in _pairs(check, rows, [*peers, *others], margin)
        if {pair["left"], pair["right"]} & set(others) and not {pair["left"], pair["right"]} <= set(others)
    ]
    equal = _equality(pairs, predicted)
    evidence = {"parted": apart, **equal.evidence}
    missing = [name for name, places in apart.items() if not places]
    observed = f"parted: {', '.join(f'{name} {len(places)}' for name, places in apart.items())}; {equal.observed}"
    if missing:
        reason = f"nothing that 1-WL merges was parted by {', '.join(missing)}; this proves nothing"
        return Finding("undecided", reason, predicted, observed, evidence)
    return Finding(equal.outcome, equal.reason, predicted, observed, evidence)


def _parted(name: str, rows: Sequence[Result], peers: Sequence[str]) -> list[str]:
    """Where an architecture told apart what refinement does not: pairs, or errors below the floor of the others."""
    floors = {
        (row.check, row.case): row.evidence["floor"]
        for row in rows
        if row.architecture in peers and row.evidence.get("floor_kind") == "refinement"
    }
    places = []
    for row in rows:
        if row.architecture != name or row.outcome not in MEASURED:
            continue
        facts = row.evidence
        if (row.kind == "separation" and row.observed == SEPARATED and facts.get("round") is None) or (
            row.kind == "approximation" and facts["error_high"] < floors.get((row.check, row.case), 0.0) - FLOOR_SLACK
        ):
            places.append(_place(row))
    return places


def _equality(pairs: Sequence[Mapping[str, Any]], predicted: str) -> Finding:
    """All pairs equal at their largest capacity: equal. One different at each of three capacities and more, not closing: not.

    A gap at the end of a budget may be the budget's, so fewer capacities refute nothing.
    """
    ends = [pair for pair in pairs if len(pair["sizes"]) > 1]
    evidence = {"pairs": list(pairs)}
    if not ends:
        return Finding("undecided", "needs errors of two architectures at two sizes at least", predicted, "", evidence)
    closed = [pair for pair in ends if pair["verdicts"][-1] == "equal"]
    observed = f"{len(closed)} of {len(ends)} pairs equal at the largest size"
    for pair in ends:
        gaps = [abs(gap) for gap in pair["differences"]]
        if len(gaps) > 2 and set(pair["verdicts"]) == {"different"} and gaps[-1] >= max(gaps[:-1]):
            reason = f"{pair['check']}: {pair['left']} and {pair['right']} differ by {gaps[-1]:.3g} and do not close in"
            return Finding("fail", reason, predicted, observed, evidence)
    if len(closed) == len(ends):
        return Finding("pass", "", predicted, observed, evidence)
    worst = max(ends, key=lambda pair: abs(pair["differences"][-1]) if pair not in closed else -1.0)
    reason = (
        f"{len(ends) - len(closed)} of {len(ends)} pairs are open when the budget ended, the widest: {worst['check']}, "
        f"{worst['left']} against {worst['right']}: {worst['differences'][-1]:+.3g}"
    )
    return Finding("undecided", reason, predicted, observed, evidence)


def _pairs(check: str, rows: Sequence[Result], names: Sequence[str], margin: float) -> Iterable[dict[str, Any]]:
    """Per pair of architectures the differences along the sizes that both have, at the same number of networks."""
    reached = _reached(rows, check)
    for left, right in combinations([name for name in names if name in reached], 2):
        both = sorted(reached[left].keys() & reached[right].keys())
        for networks in dict.fromkeys(k for k, _ in both):
            sizes = [size for k, size in both if k == networks]
            tests = [two_one_sided(reached[left][networks, s], reached[right][networks, s], margin) for s in sizes]
            yield {
                "check": check,
                "left": left,
                "right": right,
                "networks": networks,
                "sizes": sizes,
                "differences": [test.difference for test in tests],
                "intervals": [[test.low, test.high] for test in tests],
                "verdicts": [test.verdict for test in tests],
            }


def falls(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """The error of one size falls at every doubling of the number of emitted networks, beyond the range of the seeds."""
    predicted = "lower at every doubling of k"
    steps = [
        {
            "check": check,
            "architecture": name,
            "size": size,
            "from": k,
            "to": 2 * k,
            "before": [min(found[k, size]), max(found[k, size])],
            "after": [min(found[2 * k, size]), max(found[2 * k, size])],
        }
        for check in _checks(rows)
        for name, found in _errors(rows, check).items()
        for k, size in sorted(found)
        if (2 * k, size) in found
    ]
    if not steps:
        return Finding("not-applicable", "no row at k and at 2k networks", predicted, "")
    lower = [step for step in steps if step["after"][1] < step["before"][0]]
    observed = f"{len(lower)} of {len(steps)} doublings lower the error beyond the seeds' range"
    evidence = {"doublings": steps}
    if len(lower) == len(steps):
        return Finding("pass", "", predicted, observed, evidence)
    first = next(step for step in steps if step not in lower)
    reason = (
        f"{first['architecture']} / {first['check']}: k = {first['from']} to {first['to']}: "
        f"{first['before'][0]:.3g}..{first['before'][1]:.3g} to {first['after'][0]:.3g}..{first['after'][1]:.3g}"
    )
    return Finding("undecided", reason, predicted, observed, evidence)


def capacity_bounds(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """One emitted network stays at or above its floor; a larger output, trained likewise, passes below that floor."""
    predicted = "the floor of the smallest output holds, and larger outputs pass below it"
    wrong = [row for row in rows if row.outcome == "fail"]
    if wrong:
        return Finding("fail", f"{_place(wrong[0])}: {wrong[0].reason}", predicted, "below the floor")
    told = []
    spoken_of = _spoken_of(rows, descriptions)
    for check in _checks(rows):
        seeds = _errors(rows, check)
        for name, found in _reached(rows, check).items():
            if name not in spoken_of:
                continue
            for size in sorted({size for _, size in found}):
                ks = sorted(k for k, s in found if s == size)
                floor = _capacity_floor(rows, check, name, (ks[0], size))
                if floor is None:
                    continue
                passed = [k for k in ks[1:] if found[k, size].high < floor]
                told.append(
                    {
                        "check": check,
                        "architecture": name,
                        "size": size,
                        "floor": floor,
                        "errors": {str(k): list(seeds[name][k, size]) for k in ks},
                        "passed": passed[0] if passed else None,
                    }
                )
    if not told:
        return Finding("not-applicable", "no row has a capacity floor above its threshold", predicted, "")
    below = [each for each in told if each["passed"]]
    observed = f"the floor holds in {len(told)} of {len(told)}; {len(below)} pass below it with a larger output"
    if len(below) == len(told):
        return Finding("pass", "", predicted, observed, {"curves": told})
    left = next(each for each in told if not each["passed"])
    reason = f"{left['architecture']} / {left['check']}: no output was trained below {left['floor']:.3g}"
    return Finding("undecided", reason, predicted, observed, {"curves": told})


def _capacity_floor(rows: Sequence[Result], check: str, name: str, case: tuple[int, int]) -> float | None:
    """The floor of one row, if it is one of capacity and says that the target is out of reach."""
    facts = next(
        row.evidence
        for row in rows
        if (row.check, row.architecture) == (check, name) and row.outcome in MEASURED and read_case(row.case) == case
    )
    binding = facts["floor_kind"] == "capacity" and facts["floor"] > facts["threshold"]
    return facts["floor"] if binding else None


def capacity_suffices(rows: Sequence[Result], descriptions: Descriptions, margin: float) -> Finding:
    """Some size of the output brings the error under the threshold."""
    predicted = "under the threshold at some size of the output"
    wrong = [row for row in rows if row.outcome == "fail"]
    if wrong:
        return Finding("fail", f"{_place(wrong[0])}: {wrong[0].reason}", predicted, "below the floor")
    spoken_of = _spoken_of(rows, descriptions)
    measured = [
        row for row in rows if row.kind == "approximation" and row.outcome in MEASURED and row.architecture in spoken_of
    ]
    groups = list(dict.fromkeys((row.check, row.architecture) for row in measured))
    if not groups:
        return Finding("not-applicable", "no row applies to the architectures of the run", predicted, "")
    best = {
        f"{architecture} / {check}": min(
            (row.evidence["error_high"], row.evidence["error"], row.case, row.evidence["threshold"])
            for row in measured
            if (row.check, row.architecture) == (check, architecture)
        )
        for check, architecture in groups
    }
    reached = [name for name, (high, _, _, threshold) in best.items() if high < threshold]
    evidence = {"best": {name: {"case": case, "error": error} for name, (_, error, case, _) in best.items()}}
    observed = f"reached by {len(reached)} of {len(best)}"
    if len(reached) == len(best):
        return Finding("pass", "", predicted, observed, evidence)
    name = next(name for name in best if name not in reached)
    return Finding(
        "undecided",
        f"{name}: {best[name][1]:.3g} at {best[name][2]} when the budget ended",
        predicted,
        observed,
        evidence,
    )


Rule = Callable[[Sequence[Result], Descriptions, float], Finding]
RULES: dict[str, Rule] = {
    "thm-5.2": equal_architectures,
    "prop-5.3": one_apart,
    "oce": falls,
    "prop-7.1": capacity_bounds,
    "thm-7.2": capacity_suffices,
}


def _of_power(descriptions: Descriptions, power: str) -> list[str]:
    return [
        entry["name"]
        for entry in descriptions
        if not entry.get("error") and entry["power"] == power and entry["symmetry"] == "permutation"
    ]


def _spoken_of(rows: Sequence[Result], descriptions: Descriptions) -> set[str]:
    """The architectures that a theorem on operators speaks of: those of power 1-wl, or all where the run has none of them."""
    present = {row.architecture for row in rows}
    return present & set(_of_power(descriptions, "1-wl")) or present


def _checks(rows: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(row.check for row in rows if row.kind == "approximation"))


def _measured(rows: Sequence[Result], check: str) -> list[Result]:
    return [row for row in rows if row.check == check and row.kind == "approximation" and row.outcome in MEASURED]


def _reached(rows: Sequence[Result], check: str) -> dict[str, dict[tuple[int, int], Estimate]]:
    """Architecture -> (networks, size asked for) -> the error of the seed that validation prefers."""
    found: dict[str, dict[tuple[int, int], Estimate]] = {}
    for row in _measured(rows, check):
        estimate = Estimate(*(row.evidence[key] for key in ("error", "error_low", "error_high")))
        found.setdefault(row.architecture, {})[read_case(row.case)] = estimate
    return found


def _errors(rows: Sequence[Result], check: str) -> Errors:
    found: Errors = {}
    for row in _measured(rows, check):
        errors = [seed["error"] for seed in row.evidence["seeds"]]
        found.setdefault(row.architecture, {})[read_case(row.case)] = errors
    return found


def _place(row: Result) -> str:
    return f"{row.architecture} / {row.check} / {row.case}"
