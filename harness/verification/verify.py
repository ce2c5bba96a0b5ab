"""Re-checking certificates with code of its own: nothing here is shared with the oracles but the data types.

Slow and obvious on purpose. A certificate holds if its digest does, if it speaks of the very vectors of its row, and if each of
its statements follows from them by the argument that its kind names (`oracles/relation.py` lists the kinds).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import isqrt
from typing import Any

import mpmath
import numpy as np

from ..checks.separation.evidence import SeparationEvidence
from ..core.result import Result, Run, digest
from ..pairs.making import make_pair
from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace

Json = Mapping[str, Any]
Neuron = tuple[int, int, int]
"""Net, layer (inputs are layer 0) and index in the layer."""
Marks = Sequence[set[Neuron]]
"""Sets of neurons that start with a colour of their own."""
Form = dict[int, Fraction]
"""A combination: 0 is the constant, positive numbers are inputs, negative ones values of the activation."""

SLOPES = {"relu": (0, 1), "leaky-relu": (Fraction(1, 64), 1), "abs": (-1, 1), "identity": (1, 1)}
"""Of the piecewise-linear activations, left and right of zero."""
SMOOTH = {
    "tanh": mpmath.tanh,
    "sine": mpmath.sin,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}


def verify(run: Run) -> Iterator[tuple[Result, str | None]]:
    """Every row that carries a certificate, with what is wrong with it, or None."""
    checks = {(suite["name"], check["id"]): check for suite in run.suites for check in suite["checks"]}
    known: dict[tuple[str, str, str, str], str | None] = {}
    for row in (row for row in run.results if row.certificate is not None):
        pair = row.evidence
        row_says = [pair.orbit, pair.round, pair.function] if isinstance(pair, SeparationEvidence) else []
        key = (row.suite, row.check, row.case, digest([row.certificate, row_says]))
        check = checks.get((row.suite, row.check))
        if check is None or row.case not in check["cases"]:
            known[key] = "the run's suites have no such check and case"
        elif key not in known:
            make = partial(make_pair, check["parameters"], row.case)
            known[key] = problem_of(row.certificate or {}, make, row_says)
        yield row, known[key]


def problem_of(certificate: Json, make: Callable[[], Pair], row_says: Sequence[Any]) -> str | None:
    """What is wrong with a certificate for the pair that is made, or None; `row_says` is what the row says of it."""
    try:
        pair = make()
        _check(certificate, pair.space, [{name: u[name] + 0.0 for name in u} for u in (pair.v, pair.w)], row_says)
    except Refuted as error:
        return str(error)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return f"malformed: {type(error).__name__} {' '.join(str(error).split())}"
    return None


def _check(certificate: Json, space: WeightSpace, nets: Sequence[Vector], row_says: Sequence[Any]) -> None:
    """Nets without a negative zero, which is the same weight as zero."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    demand(certificate["sha256"] == digest(content), "the digest is that of the content")
    demand(content["version"] == 1 and content["space"] == space.to_json(), "the version and the space")
    for net, printed in zip(nets, content["vectors"], strict=True):
        data = b"".join(np.asarray(net[name], dtype="<f8").tobytes() for name in space.axes)
        demand(printed["sha256"] == hashlib.sha256(data).hexdigest(), "the vectors are those of the row")
        for name, entries in printed.get("entries", {}).items():
            demand(entries == [entry.hex() for entry in net[name].ravel().tolist()], f"the entries of {name}")
    hidden = range(1, len(space.widths) - 1)
    positions = [all(len({*net[f"b{i}"].tolist()}) == space.widths[i] for i in hidden) for net in nets]
    demand(content["general_position"] == positions, "general position")
    refinement, orbit, function = content["refinement"], content["orbit"], content["function"]
    stated = [orbit["relation"], refinement.get("round"), function["relation"]]
    demand(list(row_says) == stated, "the row says what its certificate says")
    _check_refinement(content, space, nets)
    if orbit["relation"] != "unknown":
        _check_orbit(content, space, nets)
    if function["relation"] != "unknown":
        _check_function(content, space, nets)


def _check_refinement(content: Json, space: WeightSpace, nets: Sequence[Vector]) -> None:
    part = content["refinement"]
    statement = part["relation"], part["kind"]
    if statement == ("equivalent", "orbit"):
        demand(content["orbit"]["relation"] == "same", "1-WL-equivalent, since in one orbit")
    elif statement == ("equivalent", "colouring"):
        demand(not parted(space, nets), "1-WL-equivalent: equal histograms")
        mine = colours_of(space, nets)
        shape = [[len(colours) for colours in layers] for layers in part["colours"]]
        demand(shape == [list(space.widths)] * 2, "a colour for each neuron of each layer")
        stated = {(net, layer, i): (layer, part["colours"][net][layer][i]) for net, layer, i in mine}
        pairs = {(mine[neuron], stated[neuron]) for neuron in mine}
        demand(len({*mine.values()}) == len({*stated.values()}) == len(pairs), "the stated colouring is the stable one")
    else:
        demand(statement == ("different", "round"), "a known kind of refinement statement")
        last = part["round"]
        demand(last == 0 or not parted(space, nets, last - 1), f"not parted before round {last}")
        colours = colours_of(space, nets, last)
        same = [neuron for neuron in colours if colours[neuron] == colours[tuple(part["neuron"])]]
        counts = [sum(neuron[0] == net for neuron in same) for net in (0, 1)]
        demand(counts == part["counts"] and counts[0] != counts[1], f"the counts of a colour in round {last}")


def _check_orbit(content: Json, space: WeightSpace, nets: Sequence[Vector]) -> None:
    part = content["orbit"]
    statement = part["relation"], part["kind"]
    if statement == ("same", "permutation"):
        element = part["element"]
        demand(list(element) == list(space.permuted), "the permutation is on the permuted axes")
        for axis, images in element.items():
            demand(sorted(images) == list(range(space.size[axis])), f"a permutation of {axis}")
        for name, axes in space.tensors:
            images = np.ix_(*(np.array(element.get(axis, range(space.size[axis])), dtype=int) for axis in axes))
            demand((nets[1][name][images] == nets[0][name]).all(), f"the permutation maps {name} of v to that of w")
    elif statement == ("different", "refinement"):
        demand(content["refinement"]["relation"] == "different", "two orbits, since parted by refinement")
    elif statement in (("different", "rank"), ("different", "components")):
        field = part.get("field", "Q")
        prime = isinstance(field, int) and field > 1 and all(field % i for i in range(2, isqrt(field) + 1))
        demand(field == "Q" or prime, "the field is Q or that of a prime")
        demand(part["tensor"] in [f"W{i}" for i in range(2, len(space.widths) - 1)], "an inner weight matrix")
        tensors, entry = [net[part["tensor"]] for net in nets], part["entry"]
        exact = integers(tensors if entry is None else [tensor == float.fromhex(entry) for tensor in tensors])
        values = [rank(matrix, field) if part["kind"] == "rank" else components(matrix) for matrix in exact]
        demand(values == part["values"] and values[0] != values[1], f"the {part['kind']} of {part['tensor']}")
    else:
        demand(statement == ("different", "individualisation"), "a known kind of orbit statement")
        _check_individualisation(part["neurons"], space, nets)


def _check_individualisation(neurons: Sequence[Sequence[int]], space: WeightSpace, nets: Sequence[Vector]) -> None:
    """No choice of neurons of w survives; choices grow one by one, and those that are parted already are dropped."""
    marked = [(0, layer, i) for layer, i in neurons]
    demand(len({*marked} & {*neurons_of(space, nets)}) == len(marked) > 0, "the marked neurons exist and are distinct")
    choices: list[list[set[Neuron]]] = [[]]
    for neuron in marked:
        longer = [[*choice, {neuron, (1, neuron[1], i)}] for choice in choices for i in range(space.widths[neuron[1]])]
        choices = [choice for choice in longer if not parted(space, nets, marks=choice)]
    demand(not choices, "no choice of neurons of w matches the marked ones of v")


def _check_function(content: Json, space: WeightSpace, nets: Sequence[Vector]) -> None:
    """Polylines: layer by layer, an argument is linear between points (and beyond) if all arguments before it keep their signs."""
    part, last = content["function"], len(space.widths) - 1
    statement = part["relation"], part["kind"]
    if statement == ("different", "input"):
        (low, high), (other_low, other_high) = ends = [list(map(Fraction, part[side])) for side in ("v", "w")]
        demand(high < other_low or other_high < low, "the intervals of the two outputs are disjoint")
        slack = 0 if space.activation in SLOPES else Fraction(1, 10**40)  # of 60 digits a net loses fewer than 20
        for net, (least, most) in zip(nets, ends, strict=True):
            value = traced(space, net, [Fraction(float.fromhex(c) if "0x" in c else c) for c in part["x"]])[1][
                part["output"]
            ]
            demand(least - slack <= value <= most + slack, "the output lies in its interval")
    elif statement == ("equal", "orbit"):
        demand(content["orbit"]["relation"] == "same", "the same function, since in one orbit")
    elif statement == ("equal", "refinement"):
        demand(not parted(space, nets, last), "the same function, since not parted by round L")
    elif statement == ("equal", "forward-refinement"):
        colours = colours_of(space, nets, last, back=False)
        demand(all(colours[0, last, i] == colours[1, last, i] for i in range(space.widths[last])), "equal colours")
    elif statement == ("equal", "polyline") and space.activation in SLOPES:
        points = sorted(map(Fraction, part["points"]))
        traces = [[traced(space, net, [x]) for x in points] for net in nets]
        demand([y for _, y in traces[0]] == [y for _, y in traces[1]], "equal outputs at the points")
        for z in [[arguments for arguments, _ in trace] for trace in traces]:
            between = [a * b for pair in pairwise(z) for a, b in zip(*pair, strict=True)]
            beyond = [a * (b - a) for i, j in ((1, 0), (-2, -1)) for a, b in zip(z[i], z[j], strict=True)]
            demand(min(between + beyond) >= 0, "no argument changes its sign between the points or beyond them")
    else:
        demand(statement == ("equal", "normal-form"), "a known kind of function statement")
        known: dict[frozenset[Any], int] = {}
        demand(normal_form(space, nets[0], known) == normal_form(space, nets[1], known), "equal normal forms")


class Refuted(Exception):
    """A statement that does not follow; the message says which one."""


def demand(holds: object, statement: str) -> None:
    """Raises Refuted unless the statement holds."""
    if not holds:
        raise Refuted(f"does not hold: {statement}")


def colours_of(
    space: WeightSpace, nets: Sequence[Vector], rounds: int | None = None, marks: Marks = (), back: bool = True
) -> dict[Neuron, int]:
    """Joint colours after so many rounds, or stable ones, by the definition (theory.md, section 4).

    Without `back` neurons see their incoming edges alone.
    """
    last = len(space.widths) - 1

    def start(neuron: Neuron) -> tuple[Any, ...]:
        net, layer, i = neuron
        bias = float(nets[net][f"b{layer}"][i]) if layer else 0.0
        mark = next((number for number, marked in enumerate(marks) if neuron in marked), None)
        return layer, i if layer in (0, last) else None, bias, mark

    def seen(neuron: Neuron, colours: dict[Neuron, int]) -> tuple[Any, ...]:
        net, layer, i = neuron
        below = nets[net][f"W{layer}"][i].tolist() if layer else []
        above = nets[net][f"W{layer + 1}"][:, i].tolist() if back and layer < last else []
        incoming = sorted((weight, colours[net, layer - 1, j]) for j, weight in enumerate(below))
        outgoing = sorted((weight, colours[net, layer + 1, j]) for j, weight in enumerate(above))
        return colours[neuron], tuple(incoming), tuple(outgoing)

    def numbered(keys: dict[Neuron, tuple[Any, ...]]) -> dict[Neuron, int]:
        names: dict[tuple[Any, ...], int] = {}
        return {neuron: names.setdefault(key, len(names)) for neuron, key in keys.items()}

    colours = numbered({neuron: start(neuron) for neuron in neurons_of(space, nets)})
    for _ in range(len(colours) if rounds is None else rounds):
        after = numbered({neuron: seen(neuron, colours) for neuron in colours})
        if max(after.values()) == max(colours.values()):
            break  # no class was split: stable from here on
        colours = after
    return colours


def neurons_of(space: WeightSpace, nets: Sequence[Vector]) -> list[Neuron]:
    return [(n, layer, i) for n in range(len(nets)) for layer, width in enumerate(space.widths) for i in range(width)]


def parted(space: WeightSpace, nets: Sequence[Vector], rounds: int | None = None, marks: Marks = ()) -> bool:
    """Whether the histograms of colours of two nets differ after so many rounds, or for good."""
    colours = colours_of(space, nets, rounds, marks)
    return len({tuple(sorted(c for (net, _, _), c in colours.items() if net == side)) for side in (0, 1)}) > 1


def integers(matrices: Sequence[np.ndarray]) -> list[list[list[int]]]:
    """The matrices times the least power of two that makes all their entries integers."""
    exact = [[[Fraction(entry) for entry in row] for row in matrix.tolist()] for matrix in matrices]
    unit = max(entry.denominator for matrix in exact for row in matrix for entry in row)
    return [[[int(entry * unit) for entry in row] for row in matrix] for matrix in exact]


def rank(matrix: Sequence[Sequence[int]], field: str | int) -> int:
    """Rank over "Q", or over GF(field) for a prime, by elimination: the number of rows that served as pivots."""
    reduced: Any = Fraction if field == "Q" else lambda entry: entry % field
    rows: list[list[Any]] = [[reduced(entry) for entry in row] for row in matrix]
    for column in range(len(matrix[0])):
        if pivot := next((row for row in rows if row[column]), None):
            rows.remove(pivot)
            inverse = 1 / pivot[column] if field == "Q" else pow(pivot[column], -1, int(field))
            for row in rows:
                row[:] = [reduced(a - row[column] * inverse * b) for a, b in zip(row, pivot, strict=True)]
    return len(matrix) - len(rows)


def components(matrix: Sequence[Sequence[int]]) -> list[int]:
    """Sizes of the connected components of the bipartite graph of the non-zero entries, in rising order."""
    parts = [{("column", j)} for j in range(len(matrix[0]))]
    for i, row in enumerate(matrix):
        joined = [part for part in parts if any(row[j] for side, j in part if side == "column")]
        parts = [part for part in parts if part not in joined] + [{("row", i)}.union(*joined)]
    return sorted(len(part) for part in parts)


def combination(parts: Iterable[tuple[Any, Form]]) -> Form:
    """The sum of multiples of forms, without zeros."""
    total: Form = {}
    for factor, form in parts:
        for feature, coefficient in form.items():
            total[feature] = total.get(feature, Fraction(0)) + Fraction(factor) * coefficient
    return {feature: coefficient for feature, coefficient in total.items() if coefficient}


def outputs(space: WeightSpace, net: Vector, forms: list[Form], activated: Callable[[Form], Form]) -> list[Form]:
    """What the net makes of these inputs."""
    for layer in range(1, len(space.widths)):
        inputs = forms if layer == 1 else [activated(form) for form in forms]
        forms = [
            combination([(bias, {0: Fraction(1)}), *zip(row, inputs, strict=True)])
            for row, bias in zip(net[f"W{layer}"].tolist(), net[f"b{layer}"].tolist(), strict=True)
        ]
    return forms


def traced(space: WeightSpace, net: Vector, x: Sequence[float | Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """The arguments of all hidden neurons, and `f_v(x)`, exactly; smooth activations to 60 digits."""
    arguments: list[Fraction] = []

    def activated(form: Form) -> Form:
        arguments.append(z := form.get(0, Fraction(0)))
        if space.activation in SLOPES:
            return {0: z * SLOPES[space.activation][z > 0]}
        with mpmath.workdps(60):
            return {0: Fraction(str(SMOOTH[space.activation](mpmath.mpf(z.numerator) / z.denominator)))}

    forms = outputs(space, net, [{0: Fraction(entry)} for entry in x], activated)
    return arguments, [form.get(0, Fraction(0)) for form in forms]


def normal_form(space: WeightSpace, net: Vector, known: dict[frozenset[Any], int]) -> list[Form]:
    """Outputs as combinations of features; equal combinations, numbered by one dictionary, are equal functions."""
    inputs = [{i: Fraction(1)} for i in range(1, space.widths[0] + 1)]
    return outputs(space, net, inputs, lambda form: _feature(space.activation, form, known))


def _feature(activation: str, z: Form, known: dict[frozenset[Any], int]) -> Form:
    """`phi(z)` in features."""
    slopes = SLOPES.get(activation)
    if not z or activation == "identity":
        return z  # every activation is zero at zero
    never_negative = set(z) == {0} or (activation in ("relu", "abs") and max(z) <= 0)
    if slopes and never_negative and len({value > 0 for value in z.values()}) == 1:
        return combination([(slopes[next(iter(z.values())) > 0], z)])  # one sign for every input
    lead = z[min(z, key=lambda feature: (feature == 0, feature < 0, abs(feature)))]
    scale, sign = abs(lead) if slopes else Fraction(1), 1 if lead > 0 else -1
    key = frozenset((feature, sign * value / scale) for feature, value in z.items())
    feature = {known.setdefault(key, -1 - len(known)): scale}
    if activation in ("tanh", "sine"):
        return combination([(sign, feature)])
    skew = sum(slopes) if slopes else 1  # phi(-y) = phi(y) - skew y for all the others
    return combination([(1, feature), (skew if sign < 0 else 0, z)])
