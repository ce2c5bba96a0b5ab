"""Neurons whose argument keeps one sign for every input, proved: dead ones, and those that are linear.

Law: a *bound* of an argument z is an identity `z + sum of m c = u` (or `-z + sum of m c = -l`) of affine forms with multipliers
`m >= 0` and *constraints* `c >= 0` that hold of every input; hence `z <= u` (or `z >= l`) everywhere. A neuron with `u <= 0` or
`l >= 0` is linear from then on. Forms are over the inputs and the values h of the neurons that are not linear.

Constraints of an earlier neuron with argument z, value `h = max(a z, b z)` for slopes `a < b`, and bounds l, u:

| name | constraint | needs |
|---|---|---|
| `below`, `above` | `h - a z`, `h - b z` | |
| `upper`, `lower` | `u - z`, `z - l` | the bound |
| `cap` | `a z + (b - a) u - h` | u > 0 |
| `chord` | `a l + (b u - a l) (z - l) / (u - l) - h` | l < 0 < u |

Intervals are found first: they bound every value by itself. Where they do not decide, a linear program looks for multipliers, and
its answer is solved again in rationals on the constraints that it used; what does not come out exactly is no bound.

What stays open: signs that no constraint of single neurons implies, such as that of `relu(x + 1) - relu(x)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...core.certificates.signs import LETTERS_OF_A_BOUND, Constraint
from ...weights.activations import KINKED, SLOPES
from ...weights.space import WeightSpace

if TYPE_CHECKING:
    from ...weights.pair import Vector

Neuron = tuple[int, int]
"""Layer (inputs are layer 0) and index."""

Affine = dict[Neuron | None, Fraction]
"""Input or neuron that is not linear -> non-zero coefficient; None is the constant."""

ONE: Affine = {None: Fraction(1)}

Side = Literal["upper", "lower"]

PROGRAMS = 200
"""Linear programs a net."""

CONSTRAINTS = 400
"""Of one linear program; a tenth of a second."""

USED = 64
"""Constraints with a multiplier in the answer of one linear program; more take too long in rationals."""

MAX_PRODUCTS = 1_000_000
"""Nets whose forms take more products of rationals than this are not looked at."""

SAMPLES = 256
"""Random inputs; a neuron that has both signs at some of them needs no linear program."""


@dataclass(frozen=True)
class Bound:
    """A proved bound of one argument.

    Args:
        neuron: whose argument.
        side: which bound.
        value: u or l.
        terms: `(neuron, constraint, multiplier)`, multipliers positive.
    """

    neuron: Neuron
    side: Side
    value: Fraction
    terms: tuple[tuple[Neuron, Constraint, Fraction], ...]

    @property
    def decides(self) -> bool:
        """Whether the argument has one sign."""
        return self.value <= 0 if self.side == "upper" else self.value >= 0


@dataclass(frozen=True)
class Signs:
    """The proved signs of one net.

    Args:
        bounds: in the order in which each rests on earlier ones; those alone on which a sign rests.
        slopes: neuron -> the slope of its activation where its argument always lies.
    """

    bounds: tuple[Bound, ...]
    slopes: Mapping[Neuron, Fraction]

    @property
    def letters(self) -> int:
        """Of all multipliers in writing."""
        return sum(len(str(multiplier)) for bound in self.bounds for _, _, multiplier in bound.terms)


def signs(space: WeightSpace, v: Vector, points: np.ndarray) -> Signs:
    """The signs of a net's arguments that intervals or linear programs prove; none for an activation without a kink.

    Args:
        points: `[n, n_0]` inputs at which signs are tried in floats, to spare linear programs.
    """
    widths = space.widths
    hidden = sum(widths[1:-1])
    if space.activation not in KINKED or hidden * sum(widths[:-1]) * max(widths[:-1]) > MAX_PRODUCTS:
        return Signs((), {})
    return _Search(space, v, points).found()


class _Search:
    """One net, layer by layer; `z` and `h` are the affine forms of arguments and values so far."""

    def __init__(self, space: WeightSpace, v: Vector, points: np.ndarray):
        self.space, self.v, self.points = space, v, points
        self.below, self.above = SLOPES[space.activation]
        self.z: dict[Neuron, Affine] = {}
        self.h: dict[Neuron, Affine] = {(0, i): {(0, i): Fraction(1)} for i in range(space.widths[0])}
        self.bounds: dict[tuple[Neuron, Side], Bound] = {}
        self.slopes: dict[Neuron, Fraction] = {}
        self.programs = PROGRAMS

    def found(self) -> Signs:
        values = self.points
        for layer in range(1, len(self.space.widths) - 1):
            weight, bias = self.v[f"W{layer}"], self.v[f"b{layer}"]
            with np.errstate(all="ignore"):
                values = values @ weight.T + bias
            for index, (row, start) in enumerate(zip(weight.tolist(), bias.tolist(), strict=True)):
                neuron = layer, index
                entering = [(Fraction(w), self.h[layer - 1, j]) for j, w in enumerate(row) if w]
                self.z[neuron] = total((Fraction(start), ONE), *entering)
                self._bound(neuron, values[:, index])
                slope = self._slope(neuron)
                if slope is None:
                    self.h[neuron] = {neuron: Fraction(1)}
                else:
                    self.slopes[neuron] = slope
                    self.h[neuron] = total((slope, self.z[neuron]))
            with np.errstate(all="ignore"):
                values = np.where(values < 0, float(self.below) * values, float(self.above) * values)
        return Signs(tuple(self._needed()), self.slopes)

    def _bound(self, neuron: Neuron, seen: np.ndarray) -> None:
        sides: tuple[Side, Side] = ("upper", "lower")
        for side in sides:
            self._keep(self._interval(neuron, side))
        scale = 1e-9 * np.abs(seen).max()
        for side, sign in zip(sides, (1, -1), strict=True):
            if self._slope(neuron) is None and neuron[0] > 1 and not (sign * seen > scale).any():
                self._keep(self._program(neuron, side))

    def _keep(self, bound: Bound | None) -> None:
        if bound is not None:
            self.bounds[bound.neuron, bound.side] = bound

    def _slope(self, neuron: Neuron) -> Fraction | None:
        upper, lower = self._value(neuron, "upper"), self._value(neuron, "lower")
        if upper is not None and upper <= 0:
            return self.below
        return self.above if lower is not None and lower >= 0 else None

    def _value(self, neuron: Neuron, side: Side) -> Fraction | None:
        bound = self.bounds.get((neuron, side))
        return None if bound is None else bound.value

    def _interval(self, neuron: Neuron, side: Side) -> Bound | None:
        """Every value replaced by a bound of its own; None where one has none."""
        terms: list[tuple[Neuron, Constraint, Fraction]] = []
        sign = 1 if side == "upper" else -1
        for variable, coefficient in self.z[neuron].items():
            if variable is None:
                continue
            if variable[0] == 0:
                return None
            weight = sign * coefficient
            parts = self._most(variable) if weight > 0 else self._least(variable)
            if parts is None:
                return None
            terms.extend((variable, name, abs(weight) * part) for name, part in parts if part)
        return self._proved(neuron, side, terms)

    def _least(self, neuron: Neuron) -> list[tuple[Constraint, Fraction]] | None:
        """Constraints whose sum is h less a constant."""
        a, b = self.below, self.above
        if a <= 0 <= b:
            return [("below", b / (b - a)), ("above", -a / (b - a))]
        return None if self._value(neuron, "lower") is None else [("below", Fraction(1)), ("lower", a)]

    def _most(self, neuron: Neuron) -> list[tuple[Constraint, Fraction]] | None:
        """Constraints whose sum is a constant less h."""
        if self._value(neuron, "upper") is None or self.below < 0:
            return None  # no interval bounds an absolute value: its argument would have two bounds, and no sign
        return [("cap", Fraction(1)), ("upper", self.below)]

    def _program(self, neuron: Neuron, side: Side) -> Bound | None:
        """Multipliers of the least upper (or greatest lower) bound, by the simplex method, made exact."""
        from scipy.optimize import linprog

        names: list[tuple[Neuron, Constraint]] = [
            (other, name) for other in self.h if other[0] and other not in self.slopes for name in self._names(other)
        ]
        if not names or len(names) > CONSTRAINTS or not self.programs:
            return None
        self.programs -= 1
        goal = total((Fraction(-1 if side == "upper" else 1), self.z[neuron]))
        forms = [self._constraint(*name) for name in names]
        variables = sorted({variable for form in (goal, *forms) for variable in form if variable is not None})
        columns = [[form.get(variable, Fraction(0)) for variable in variables] for form in forms]
        wanted = [goal.get(variable, Fraction(0)) for variable in variables]
        try:
            matrix, right = np.array(columns, dtype=np.float64).T, np.array(wanted, dtype=np.float64)
            costs = [float(form.get(None, Fraction(0))) for form in forms]
        except OverflowError:
            return None
        answer = linprog(costs, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs-ds")
        if answer.x is None:
            return None
        used = [number for number, multiplier in enumerate(answer.x) if multiplier > 1e-9]
        exact = solved([columns[number] for number in used], wanted) if len(used) <= USED else None
        if exact is None or min(exact, default=Fraction(0)) < 0:
            return None
        return self._proved(neuron, side, [(*names[n], m) for n, m in zip(used, exact, strict=True) if m])

    def _names(self, neuron: Neuron) -> Iterator[Constraint]:
        upper, lower = self._value(neuron, "upper"), self._value(neuron, "lower")
        yield from ("below", "above")
        if upper is not None:
            yield from ("upper", "cap" if lower is None else "chord")
        if lower is not None:
            yield "lower"

    def _constraint(self, neuron: Neuron, name: Constraint) -> Affine:
        upper, lower = self._value(neuron, "upper"), self._value(neuron, "lower")
        a, b = self.below, self.above
        z, h = self.z[neuron], (Fraction(1), self.h[neuron])
        if name in ("below", "above"):
            return total(h, (-a if name == "below" else -b, z))
        if name == "upper" and upper is not None:
            return total((upper, ONE), (Fraction(-1), z))
        if name == "lower" and lower is not None:
            return total((-lower, ONE), (Fraction(1), z))
        assert upper is not None
        less = (Fraction(-1), self.h[neuron])
        if name == "cap":
            return total((a, z), ((b - a) * upper, ONE), less)
        assert lower is not None
        slope = (b * upper - a * lower) / (upper - lower)
        return total((a * lower - slope * lower, ONE), (slope, z), less)

    def _proved(self, neuron: Neuron, side: Side, terms: Sequence[tuple[Neuron, Constraint, Fraction]]) -> Bound | None:
        """The bound, if all but the constant cancels."""
        sign = Fraction(1 if side == "upper" else -1)
        rest = total((sign, self.z[neuron]), *((m, self._constraint(other, name)) for other, name, m in terms))
        if set(rest) - {None}:
            return None
        if sum(len(str(multiplier)) for _, _, multiplier in terms) > LETTERS_OF_A_BOUND:
            return None
        return Bound(neuron, side, sign * rest.get(None, Fraction(0)), tuple(terms))

    def _needed(self) -> list[Bound]:
        """The bounds that give a neuron its slope, and those on which these rest."""
        wanted: set[tuple[Neuron, Side]] = set()
        kept = []
        for bound in reversed(self.bounds.values()):
            if (bound.neuron, bound.side) in wanted or (bound.neuron in self.slopes and bound.decides):
                kept.append(bound)
                for other, name, _ in bound.terms:
                    wanted |= {(other, side) for side in NEEDS[name]}
        return kept[::-1]


NEEDS: Mapping[Constraint, tuple[Side, ...]] = {
    "below": (),
    "above": (),
    "upper": ("upper",),
    "lower": ("lower",),
    "cap": ("upper",),
    "chord": ("upper", "lower"),
}
"""The bounds of its neuron on which a constraint rests."""


def total(*parts: tuple[Fraction, Affine]) -> Affine:
    """The sum of multiples of forms, without zeros."""
    result: Affine = {}
    for factor, form in parts:
        for variable, coefficient in form.items():
            result[variable] = result.get(variable, Fraction(0)) + factor * coefficient
    return {variable: coefficient for variable, coefficient in result.items() if coefficient}


def solved(columns: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> list[Fraction] | None:
    """The multipliers with which the columns sum up to `right`; None where there are none, or several."""
    rows = [[column[i] for column in columns] + [entry] for i, entry in enumerate(right)]
    for number in range(len(columns)):
        pivot = next((i for i in range(number, len(rows)) if rows[i][number]), None)
        if pivot is None:
            return None
        rows[number], rows[pivot] = rows[pivot], rows[number]
        head = [entry / rows[number][number] for entry in rows[number]]
        rows[number] = head
        for i, row in enumerate(rows):
            if i != number and row[number]:
                rows[i] = [entry - row[number] * own for entry, own in zip(row, head, strict=True)]
    if any(row[-1] for row in rows[len(columns) :]):
        return None
    return [row[-1] for row in rows[: len(columns)]]
