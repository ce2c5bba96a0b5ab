"""What was approximated, and what theory says can be: rows as measurements, and the expressivity map over targets and regimes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.core.result import Result, Run
from .outcomes import Tally, status_of, tally
from .summary import architecture_names, grouped
from .values import compact, finite, one_line

KINDS = ("function-functional", "invariant-functional", "function-operator", "equivariant-operator")
"""Kinds of targets in the order of the map; others follow."""
THEORY = {"approximable": "universal", "impossible": "not universal", "any": "nothing predicted"}
SEEN = ("leak", "below the floor", "above the threshold", "at the floor", "approximated")
"""What a row can have observed, the one that says most against the prediction first."""


@dataclass(frozen=True)
class Fit:
    """One capacity of one architecture on one target: error and floor over the variance of the target.

    Args:
        parameters: as counted; `asked` is what the suite asked for.
        low, high: interval of the error of the seed chosen by validation, by bootstrap over test samples; None if not given.
        floor: the exact floor of the test set, None where there is none.
    """

    row: Result
    status: str
    target: str
    kind: str
    regime: str
    networks: int
    parameters: float
    asked: float
    error: float
    low: float | None
    high: float | None
    seeds: tuple[float, float] | None
    floor: float | None
    floor_kind: str
    threshold: float | None


def approximation_rows(run: Run) -> list[Result]:
    return [row for row in run.results if row.kind == "approximation"]


def fits(run: Run) -> tuple[Fit, ...]:
    """The rows that measured an error at a parameter count."""
    return tuple(fit for row in approximation_rows(run) if (fit := fit_of(row)) is not None)


def fit_of(row: Result) -> Fit | None:
    """The row as a fit; None without a finite error that is not negative, and a positive parameter count."""
    evidence = row.evidence
    error, parameters = finite(evidence.get("error")), finite(evidence.get("parameters"))
    if error is None or error < 0 or parameters is None or parameters <= 0:
        return None
    asked, networks = finite(evidence.get("asked_parameters")), finite(evidence.get("networks"))
    return Fit(
        row=row,
        status=status_of(row),
        target=target_of(row),
        kind=kind_of(row),
        regime=regime_of(row),
        networks=int(networks) if networks is not None and networks >= 1 else 1,
        parameters=parameters,
        asked=asked if asked is not None and asked > 0 else parameters,
        error=error,
        low=finite(evidence.get("error_low")),
        high=finite(evidence.get("error_high")),
        seeds=_of_seeds(evidence.get("error_range")),
        floor=finite(evidence.get("floor")),
        floor_kind=one_line(evidence.get("floor_kind") or "", 40),
        threshold=finite(evidence.get("threshold")),
    )


def _of_seeds(ends: object) -> tuple[float, float] | None:
    """The least and the largest error of the seeds, where both are finite."""
    if not isinstance(ends, (list, tuple)) or len(ends) != 2:
        return None
    low, high = (finite(end) for end in ends)
    return (low, high) if low is not None and high is not None else None


def target_of(row: Result) -> str:
    return one_line(row.evidence.get("target") or row.check, 60)


def regime_of(row: Result) -> str:
    return one_line(row.evidence.get("regime") or "–", 60)


def kind_of(row: Result) -> str:
    return one_line(row.evidence.get("target_kind") or "", 40)


@dataclass(frozen=True)
class FitCell:
    """One architecture on one check and number of networks: its best error, and what was seen over all capacities."""

    error: str
    floor: str
    word: str
    hint: str
    tally: Tally


@dataclass(frozen=True)
class FitRow:
    """One check at one number of output networks."""

    suite: str
    check: str
    target: str
    regime: str
    networks: int
    cells: Mapping[str, FitCell]


def fit_table(run: Run) -> tuple[FitRow, ...]:
    """Every approximation row in a cell; a row without evidence (an error, say) joins the target of its check."""
    table = []
    for (suite, check), rows in grouped(approximation_rows(run), lambda row: (row.suite, row.check)).items():
        source = next((row for row in rows if row.evidence.get("target")), rows[0])
        for networks, same in sorted(grouped(rows, networks_of).items()):
            cells = {name: _cell(own) for name, own in grouped(same, lambda row: row.architecture).items()}
            table.append(FitRow(suite, check, target_of(source), regime_of(source), networks, cells))
    return tuple(table)


def networks_of(row: Result) -> int:
    """How many networks the output is read as: the evidence's word, else the case's `k=4/...`, else one."""
    told = finite(row.evidence.get("networks"))
    if told is not None and told >= 1:
        return int(told)
    head = row.case.partition("/")[0].removeprefix("k=")
    return int(head) if row.case.startswith("k=") and head.isdecimal() and len(head) < 6 else 1


def _cell(rows: Sequence[Result]) -> FitCell:
    measured = [fit for row in rows if (fit := fit_of(row)) is not None]
    counted = tally(rows)
    best = min(measured, key=lambda fit: fit.error, default=None)
    floors = sorted({fit.floor for fit in measured if fit.floor is not None})
    seen = [row.observed for row in rows if row.observed]
    word = next((one_line(text, 40) for text in SEEN if text in seen), one_line(seen[0], 40) if seen else counted.words)
    hint = "; ".join(
        f"{compact(fit.parameters)} parameters: {compact(fit.error)}"
        + (f" ({compact(fit.low)} to {compact(fit.high)})" if fit.low is not None and fit.high is not None else "")
        for fit in measured
    )
    return FitCell(
        error=compact(best.error) if best else "",
        floor=(compact(floors[0]) if len(floors) == 1 else f"{compact(floors[0])} to {compact(floors[-1])}")
        if floors
        else "",
        word=word,
        hint=f"{one_line(rows[0].architecture, 60)}: {hint or counted.words}; {counted.words}",
        tally=counted,
    )


@dataclass(frozen=True)
class MapCell:
    """One target in one regime: what theory says of the architectures, and what they did.

    Args:
        theory: `universal`, `not universal`, `nothing predicted`, or how many architectures which holds for.
        measured: architectures by the best that any of their capacities did.
        agree: rows as predicted, of the applicable ones.
    """

    theory: str
    measured: str
    errors: str
    floors: str
    claims: tuple[str, ...]
    agree: int
    tally: Tally


@dataclass(frozen=True)
class MapRow:
    """One target: its cells by regime."""

    target: str
    kind: str
    cells: Mapping[str, MapCell]


@dataclass(frozen=True)
class ExpressivityMap:
    """Targets x regimes: what is universal, theory against measurement."""

    regimes: tuple[str, ...]
    rows: tuple[MapRow, ...]


def expressivity_map(run: Run) -> ExpressivityMap | None:
    """The map over all approximation rows; None without any. Rows that never ran far enough to know their target join the
    target and regime of their check."""
    rows = approximation_rows(run)
    if not rows:
        return None
    known: dict[tuple[str, str], Result] = {}
    for row in rows:
        if row.evidence.get("target"):
            known.setdefault((row.suite, row.check), row)
    places = grouped(rows, lambda row: _place(known.get((row.suite, row.check), row)))
    order = {kind: place for place, kind in enumerate(KINDS)}
    targets = sorted(grouped(places, lambda place: place[:2]), key=lambda place: order.get(place[1], len(KINDS)))
    regimes = tuple(dict.fromkeys(regime for _, _, regime in places))
    return ExpressivityMap(
        regimes,
        tuple(
            MapRow(
                target,
                kind,
                {
                    regime: _map_cell(run, places[target, kind, regime])
                    for regime in regimes
                    if (target, kind, regime) in places
                },
            )
            for target, kind in targets
        ),
    )


def _place(row: Result) -> tuple[str, str, str]:
    return target_of(row), kind_of(row), regime_of(row)


def _map_cell(run: Run, rows: Sequence[Result]) -> MapCell:
    counted = tally(rows)
    applicable = [row for row in rows if row.outcome != "not-applicable"]
    by_name = grouped(applicable, lambda row: row.architecture)
    names = [name for name in architecture_names(run) if name in by_name]
    said = Counter(THEORY.get(_one(row.predicted for row in by_name[name]), "nothing predicted") for name in names)
    did = Counter(_best(by_name[name]) for name in names)
    measured = [fit for row in rows if (fit := fit_of(row)) is not None]
    floors = sorted({fit.floor for fit in measured if fit.floor is not None})
    theory = (
        "not applicable" if not names
        else next(iter(said)) if len(said) == 1
        else ", ".join(f"{text} for {count}" for text, count in said.most_common())
    )  # fmt: skip
    return MapCell(
        theory=theory,
        measured=", ".join(f"{count} {text}" for text, count in did.most_common()),
        errors=_range([fit.error for fit in measured]),
        floors=_range(floors),
        claims=tuple(dict.fromkeys(one_line(row.claim, 40) for row in rows if row.claim)),
        agree=counted.counts["pass"],
        tally=counted,
    )


def _one(words: object) -> str:
    """The prediction of an architecture's rows: the one that says most, where capacities differ."""
    found = set(words)  # type: ignore[call-overload]
    return next((word for word in ("impossible", "approximable", "any") if word in found), "")


def _best(rows: Sequence[Result]) -> str:
    seen = {row.observed for row in rows}
    alarming = next((text for text in SEEN[:2] if text in seen), None)
    return alarming or next((text for text in reversed(SEEN) if text in seen), "not measured")


def _range(values: Sequence[float]) -> str:
    if not values:
        return ""
    low, high = compact(min(values)), compact(max(values))
    return low if low == high else f"{low} to {high}"
