"""Re-checking certificates with code of its own: nothing here is shared with the oracles but the data types.

Slow and obvious on purpose. A certificate holds if its digest does, if it speaks of the very vectors of its row, and if each of
its statements follows from them by the argument that its kind names (`oracles/relation.py` lists the kinds).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import numpy as np

from .pairs.making import make_pair
from .result import Result, Run, digest
from .space import WeightSpace
from .suite import Suite
from .verify_function import Refuted, check_function, demand

Vector = Mapping[str, np.ndarray]
Colouring = list[list[int]]
"""One colour for each neuron of each layer, inputs first."""


def verify(run: Run) -> Iterator[tuple[Result, str | None]]:
    """Every row that carries a certificate, with what is wrong with it, or None."""
    checks = {(suite.name, check.id): check for suite in map(Suite.from_json, run.suites) for check in suite.checks}
    known: dict[tuple[str, str, str, str], str | None] = {}
    for row in run.results:
        if row.certificate is None:
            continue
        key = (row.suite, row.check, row.case, digest([row.certificate, _told(row)]))
        if key not in known:
            check = checks.get((row.suite, row.check))
            if check is None or row.case not in check.cases:
                known[key] = "the run's suites have no such check and case"
            else:
                pair = make_pair(check.parameters, row.case)
                known[key] = problem_of(row.certificate, pair.space, pair.v, pair.w, _told(row))
        yield row, known[key]


def _told(row: Result) -> list[Any]:
    return [row.evidence.get(key) for key in ("orbit", "round", "function")]


def problem_of(
    certificate: Mapping[str, Any], space: WeightSpace, v: Vector, w: Vector, told: Sequence[Any]
) -> str | None:
    """What is wrong with a certificate for these two vectors, or None; `told` is what the row says of it."""
    try:
        _check(certificate, space, v, w, told)
    except Refuted as error:
        return str(error)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return f"malformed: {type(error).__name__} {error}"
    return None


def _check(certificate: Mapping[str, Any], space: WeightSpace, v: Vector, w: Vector, told: Sequence[Any]) -> None:
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    demand(certificate["sha256"] == digest(content), "the digest is that of the content")
    demand(content["version"] == 1 and content["space"] == space.to_json(), "the version and the space")
    for vector, printed in zip((v, w), content["vectors"], strict=True):
        data = b"".join((np.asarray(vector[name], dtype="<f8") + 0.0).tobytes() for name in space.axes)
        demand(printed["sha256"] == hashlib.sha256(data).hexdigest(), "the vectors are those of the row")
        for name, entries in printed.get("entries", {}).items():
            demand(
                entries == [(entry + 0.0).hex() for entry in vector[name].ravel().tolist()], f"the entries of {name}"
            )
    hidden = range(1, len(space.widths) - 1)
    positions = [all(len(set((u[f"b{i}"] + 0.0).tolist())) == space.widths[i] for i in hidden) for u in (v, w)]
    demand(content["general_position"] == positions, "general position")
    refinement, orbit, function = content["refinement"], content["orbit"], content["function"]
    parted = refinement["round"] if refinement["relation"] == "different" else None
    demand(list(told) == [orbit["relation"], parted, function["relation"]], "the row says what its certificate says")
    _check_refinement(refinement, orbit, space, v, w)
    _check_orbit(orbit, refinement, space, v, w)
    check_function(function, refinement, orbit, space, v, w)


def refined(
    space: WeightSpace, nets: Sequence[Vector], rounds: int, marks: Sequence[Mapping[tuple[int, int], int]] = ()
) -> list[Colouring]:
    """Joint colourings after so many rounds, by the definition (theory.md section 4); colours are numbers of dictionaries."""
    last = len(space.widths) - 1
    names: dict[Any, int] = {}

    def start(net: int, layer: int, i: int) -> int:
        place = i if layer in (0, last) else -1
        bias = float(nets[net][f"b{layer}"][i]) + 0.0 if layer else 0.0
        return names.setdefault((layer, place, bias, marks[net].get((layer, i), 0) if marks else 0), len(names))

    colours = [
        [[start(net, layer, i) for i in range(width)] for layer, width in enumerate(space.widths)]
        for net in range(len(nets))
    ]
    for _ in range(rounds):
        names = {}
        after = []
        for net, old in zip(nets, colours, strict=True):
            layers = []
            for layer, width in enumerate(space.widths):
                seen = []
                for i in range(width):
                    above, below = [], []
                    if layer:
                        below = sorted(zip((net[f"W{layer}"][i] + 0.0).tolist(), old[layer - 1], strict=True))
                    if layer < last:
                        above = sorted(zip((net[f"W{layer + 1}"][:, i] + 0.0).tolist(), old[layer + 1], strict=True))
                    seen.append(names.setdefault((old[layer][i], tuple(below), tuple(above)), len(names)))
                layers.append(seen)
            after.append(layers)
        if len(names) == len({colour for net in colours for layer in net for colour in layer}):
            return after  # no class was split: stable from here on
        colours = after
    return colours


def _histogram(colouring: Colouring) -> Counter[int]:
    return Counter(colour for layer in colouring for colour in layer)


def _check_refinement(
    part: Mapping[str, Any], orbit: Mapping[str, Any], space: WeightSpace, v: Vector, w: Vector
) -> None:
    if part["relation"] == "equivalent" and part["kind"] == "orbit":
        demand(orbit["relation"] == "same", "1-WL-equivalent, since in one orbit")
    elif part["relation"] == "equivalent":
        demand(part["kind"] == "colouring", "a known kind of refinement statement")
        left, right = refined(space, [v, w], sum(space.widths))
        demand(_histogram(left) == _histogram(right), "1-WL-equivalent: equal histograms")
        both = zip(left + right, part["colours"][0] + part["colours"][1], strict=True)
        pairs = {(n % len(left), *pair) for n, layers in enumerate(both) for pair in zip(*layers, strict=True)}
        mine, stated = ({(layer, names[side]) for layer, *names in pairs} for side in (0, 1))
        demand(len(mine) == len(stated) == len(pairs), "the stated colouring is the stable one")
    else:
        demand(part["relation"] == "different" and part["kind"] == "round", "a known kind of refinement statement")
        parted = part["round"]
        if parted:
            left, right = refined(space, [v, w], parted - 1)
            demand(_histogram(left) == _histogram(right), f"not parted before round {parted}")
        both = refined(space, [v, w], parted)
        net, layer, i = part["neuron"]
        counts = [_histogram(colouring)[both[net][layer][i]] for colouring in both]
        demand(counts == part["counts"] and counts[0] != counts[1], f"the counts of a colour in round {parted}")


def _check_orbit(
    part: Mapping[str, Any], refinement: Mapping[str, Any], space: WeightSpace, v: Vector, w: Vector
) -> None:
    kind = part.get("kind")
    if part["relation"] == "unknown":
        return
    if part["relation"] == "same":
        element = part["element"]
        demand(
            kind == "permutation" and list(element) == list(space.permuted), "the permutation is on the permuted axes"
        )
        for axis, images in element.items():
            demand(sorted(images) == list(range(space.size[axis])), f"a permutation of {axis}")
        for name, axes in space.tensors:
            for index in product(*map(range, v[name].shape)):
                image = tuple(element[axis][i] if axis in element else i for axis, i in zip(axes, index, strict=True))
                demand(w[name][image] == v[name][index], f"the permutation maps {name} of v to that of w")
    elif kind == "refinement":
        demand(refinement["relation"] == "different", "two orbits, since parted by refinement")
    elif kind in ("rank", "components"):
        field = part.get("field", "Q")
        prime = isinstance(field, int) and field > 1 and all(field % i for i in range(2, isqrt(field) + 1))
        demand(field == "Q" or prime, "the field is Q or that of a prime")
        demand(part["tensor"] in [f"W{i}" for i in range(2, len(space.widths) - 1)], "an inner weight matrix")
        matrices = [u[part["tensor"]] for u in (v, w)]
        if part["entry"] is not None:
            matrices = [(matrix == float.fromhex(part["entry"])).astype(float) for matrix in matrices]
        exact = _integers(matrices)
        values = [rank(matrix, field) if kind == "rank" else components(matrix) for matrix in exact]
        demand(values == part["values"] and values[0] != values[1], f"the {kind} of {part['tensor']}")
    else:
        demand(kind == "individualisation", "a known kind of orbit statement")
        _check_individualisation([tuple(neuron) for neuron in part["neurons"]], space, v, w)


def _check_individualisation(neurons: list[tuple[int, int]], space: WeightSpace, v: Vector, w: Vector) -> None:
    """No choice of neurons of w survives; choices grow one by one, and those that are parted already are dropped."""
    for layer, i in neurons:
        demand(0 <= layer < len(space.widths) and 0 <= i < space.widths[layer], "the marked neurons exist")
    demand(len(set(neurons)) == len(neurons) > 0, "the marked neurons are distinct")
    choices: list[tuple[tuple[int, int], ...]] = [()]
    for depth in range(1, len(neurons) + 1):
        marked = {neuron: mark for mark, neuron in enumerate(neurons[:depth], 1)}
        layer = neurons[depth - 1][0]
        extended = [(*choice, (layer, i)) for choice in choices for i in range(space.widths[layer])]
        choices = []
        for choice in extended:
            marks = [marked, {neuron: mark for mark, neuron in enumerate(choice, 1)}]
            left, right = refined(space, [v, w], sum(space.widths), marks)
            if _histogram(left) == _histogram(right):
                choices.append(choice)
    demand(not choices, "no choice of neurons of w matches the marked ones of v")


def _integers(matrices: Sequence[np.ndarray]) -> list[list[list[int]]]:
    """Both matrices times the least power of two that makes all their entries integers."""
    exact = [[[Fraction(entry) for entry in row] for row in matrix.tolist()] for matrix in matrices]
    unit = max(entry.denominator for matrix in exact for row in matrix for entry in row)
    return [[[int(entry * unit) for entry in row] for row in matrix] for matrix in exact]


def rank(matrix: list[list[int]], field: str | int) -> int:
    """Rank over Q, or over GF(p) for a prime `field`, by elimination."""
    rows: list[list[Any]] = [[Fraction(e) if field == "Q" else e % int(field) for e in row] for row in matrix]
    found = 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        head = rows[found]
        inverse = 1 / head[column] if field == "Q" else pow(int(head[column]), -1, int(field))
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] * inverse
            if factor:
                row = [a - factor * b for a, b in zip(rows[i], head, strict=True)]
                rows[i] = row if field == "Q" else [entry % int(field) for entry in row]
        found += 1
    return found


def components(matrix: list[list[int]]) -> list[int]:
    """Sizes of the connected components of the bipartite graph of the non-zero entries, in rising order."""
    edges = {(("row", i), ("column", j)) for i, row in enumerate(matrix) for j, entry in enumerate(row) if entry}
    left = {("row", i) for i in range(len(matrix))} | {("column", j) for j in range(len(matrix[0]))}
    sizes = []
    while left:
        found, border = set(), {left.pop()}
        while border:
            found |= border
            border = {b for edge in edges for a, b in (edge, edge[::-1]) if a in border} - found
        left -= found
        sizes.append(len(found))
    return sorted(sizes)
