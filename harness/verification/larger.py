"""A statement about orbits under a larger group, checked again: the element is applied, or both vectors are reduced and the certificate
of their reductions is checked.

Shares nothing with `oracles/larger` but the definition of the reduction (its table): every entry is a `Fraction` in a dictionary, sums
run over indices one by one, projectors come from Gram and Schmidt, scales from distances. Slow and obvious on purpose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ..core.result import digest
from ..weights.algebra.kinds import Role
from ..weights.groups import Group, roles, roles_of
from ..weights.pair import Pair, Vector
from ..weights.space import WeightSpace
from .certificate import MALFORMED, plus_zero, problem_of
from .exact.refuted import Refuted, demand

Index = tuple[int, ...]
Entries = dict[Index, Fraction]
Places = tuple[tuple[str, Role | None], ...]
"""Axis and role of every place of a tensor."""
Tensors = dict[str, tuple[Places, Entries]]

KEYS = {"version", "space", "group", "vectors", "orbit", "sha256"}


def problem_under(certificate: Mapping[str, Any], of: Group, v: Vector, w: Vector) -> str | None:
    """What is wrong with a certificate of `certify_under` for these vectors, or None. "unknown" claims nothing and is right."""
    try:
        _check(certificate, of, [plus_zero(of.space, u) for u in (v, w)])
    except Refuted as error:
        return str(error)
    except (*MALFORMED, AssertionError) as error:
        return f"malformed: {type(error).__name__} {' '.join(str(error).split())[:200]}"
    return None


def _check(said: Mapping[str, Any], of: Group, nets: Sequence[Vector]) -> None:
    demand(set(said) == KEYS, "a certificate has its keys")
    demand(
        said["sha256"] == digest({k: x for k, x in said.items() if k != "sha256"}), "the digest is that of the content"
    )
    demand(said["version"] == 1 and said["space"] == of.space.to_json(), "the version and the space")
    demand(said["group"] == [[f.axis, str(f.kind), f.within] for f in of.factors], "the group")
    for net, printed in zip(nets, said["vectors"], strict=True):
        data = b"".join(np.asarray(net[name], dtype="<f8").tobytes() for name in of.space.axes)
        demand(printed == hashlib.sha256(data).hexdigest(), "the vectors are those of the question")
    orbit = said["orbit"]
    demand(orbit["relation"] in ("same", "different", "unknown"), "a relation")
    if orbit["relation"] == "same":
        demand(set(orbit) == {"relation", "element"}, "an element alone")
        _same(of, nets, orbit["element"])
    elif orbit["relation"] == "different":
        demand(set(orbit) == {"relation", "reductions"}, "the reductions alone")
        space, vectors = reduced(of, nets)
        inner = orbit["reductions"]
        parted = inner["refinement"].get("round")
        demand(inner["orbit"]["relation"] == "different", "the reductions are two orbits")
        row = ["different", parted, inner["function"]["relation"]]
        problem = problem_of(inner, Pair(space, vectors[0], vectors[1]), row)
        demand(problem is None, f"the certificate of the reductions: {problem}")


def tensors_of(of: Group, net: Vector) -> Tensors:
    told = roles(of.space)
    return {
        name: (
            tuple(zip(axes, told[name], strict=True)),
            {place: Fraction(float(net[name][place])) for place in np.ndindex(net[name].shape)},
        )
        for name, axes in of.space.tensors
    }


def _fractions(data: Any) -> Iterator[tuple[Index, Fraction]]:
    """The entries of nested lists of texts, with their places."""
    if isinstance(data, str):
        yield (), Fraction(data)
        return
    for i, part in enumerate(data):
        for place, entry in _fractions(part):
            yield (i, *place), entry


def _same(of: Group, nets: Sequence[Vector], element: Mapping[str, Any]) -> None:
    """Apply the element to v, in the order in which it says what it does, and compare with w."""
    demand(set(element) == {"permutations", "factors", "matrices", "taken", "added"}, "an element has its keys")
    space, size, kinds = of.space, of.space.size, {factor.axis: factor for factor in of.factors}
    demand(set(element["permutations"]) == set(space.permuted), "a permutation for each axis")
    for axis, images in element["permutations"].items():
        demand(
            sorted(images) == list(range(size[axis])) and all(type(i) is int for i in images), f"{axis}: a permutation"
        )
        moves = axis in kinds and kinds[axis].kind.permutes and not kinds[axis].within
        demand(moves or images == sorted(images), f"{axis} is permuted by the group")
    for axis, texts in element["factors"].items():
        factors = [Fraction(text) for text in texts]
        demand(len(factors) == size[axis] and axis in kinds and not kinds[axis].within, f"{axis} has factors")
        kind = kinds[axis].kind
        demand(all(factors) and (kind.signs or all(f > 0 for f in factors)), f"{axis}: factors of its kind")
        demand(kind.scales or all(abs(f) == 1 for f in factors), f"{axis} is not scaled")
    tensors = _shifted(of, tensors_of(of, nets[0]), element["taken"], -1)
    for name, (places, entries) in tensors.items():
        for place in entries:
            for p, (axis, role) in enumerate(places):
                if axis in element["factors"] and role is not None:
                    by = Fraction(element["factors"][axis][place[p]])
                    entries[place] = entries[place] * by if role is Role.IN else entries[place] / by
        tensors[name] = places, entries
    for axis, stacks in element["matrices"].items():
        factor = kinds[axis]
        demand(factor.kind.maps or factor.kind.rotates, f"{axis} is not mapped by matrices")
        matrices = [[[Fraction(text) for text in row] for row in matrix] for matrix in stacks]
        outer = size[factor.within] if factor.within else 1
        demand(
            len(matrices) == outer and all(len(m) == size[axis] == len(row) for m in matrices for row in m), "square"
        )
        duals = [_dual(matrix) for matrix in matrices]
        if factor.kind.rotates:
            demand(all(m == d for m, d in zip(matrices, duals, strict=True)), f"{axis}: orthogonal matrices")
        for name, (places, entries) in tensors.items():
            at = [p for p, (each, _) in enumerate(places) if each == axis]
            if not at:
                continue
            (p,) = at
            o = [q for q, (each, _) in enumerate(places) if each == factor.within]
            by = matrices if places[p][1] is Role.IN else duals
            tensors[name] = (
                places,
                {
                    place: sum(
                        (
                            by[place[o[0]] if o else 0][place[p]][k] * entries[(*place[:p], k, *place[p + 1 :])]
                            for k in range(size[axis])
                        ),
                        Fraction(0),
                    )
                    for place in entries
                },
            )
    for name, (places, entries) in tensors.items():
        tensors[name] = (
            places,
            {
                tuple(
                    element["permutations"].get(axis, range(size[axis]))[i]
                    for (axis, _), i in zip(places, place, strict=True)
                ): x
                for place, x in entries.items()
            },
        )
    tensors = _shifted(of, tensors, element["added"], 1)
    wanted = tensors_of(of, nets[1])
    for name in tensors:
        demand(tensors[name][1] == wanted[name][1], f"the element maps {name} of v to that of w")


def _dual(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """The inverse transpose, by Gauss and Jordan."""
    size = len(matrix)
    rows = [[*matrix[i], *(Fraction(int(i == j)) for j in range(size))] for i in range(size)]
    for column in range(size):
        pivot = next((i for i in range(column, size) if rows[i][column]), None)
        demand(pivot is not None, "an invertible matrix")
        assert pivot is not None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [x / rows[column][column] for x in rows[column]]
        for i in range(size):
            if i != column:
                rows[i] = [x - rows[i][column] * y for x, y in zip(rows[i], rows[column], strict=True)]
    return [[rows[j][size + i] for j in range(size)] for i in range(size)]


def _shifted(of: Group, tensors: Tensors, amounts: Mapping[str, Any], sign: int) -> Tensors:
    allowed = {f.axis for f in of.factors if f.kind.shifts}
    known = {shift.moved: shift for shift in roles_of(of.space).shifts if shift.axis in allowed}
    demand(set(amounts) <= set(known), "the group shifts that")
    for shift in roles_of(of.space).shifts:
        if shift.moved in amounts:
            _shift(tensors, shift, {place: sign * x for place, x in _fractions(amounts[shift.moved])})
    return tensors


def _shift(tensors: Tensors, shift: Any, amount: Mapping[Index, Fraction]) -> None:
    places, entries = tensors[shift.moved]
    demand(set(amount) == set(entries), f"amounts of the shape of {shift.moved}")
    for place in entries:
        entries[place] += amount[place]
    axes = [axis for axis, _ in places]
    for target, through in shift.through:
        along, by = tensors[through]
        made_up = tensors[target][1]
        for place, x in by.items():
            inner = tuple(place[[axis for axis, _ in along].index(axis)] for axis in axes)
            left = tuple(i for (axis, _), i in zip(along, place, strict=True) if axis not in axes)
            made_up[left] -= x * amount[inner]


def reduced(of: Group, nets: Sequence[Vector]) -> tuple[WeightSpace, list[dict[str, np.ndarray]]]:
    """The reductions of the nets by the table of `oracles/larger/reduction.py`.

    Raises:
        Refuted: the group or the vectors have none.
    """
    linear = {f.axis: f for f in of.factors if f.kind.maps or f.kind.rotates}
    scaled = {f.axis for f in of.factors if f.kind.scales}
    signed = {f.axis: f for f in of.factors if f.kind.signs}
    for factor in of.factors:
        demand(not factor.kind.turns, "no half turns")
        demand(not factor.within or factor.kind.atoms <= {"gl", "orth", "shift"}, "no inner permutations")
    started = [tensors_of(of, net) for net in nets]
    for tensors in started:
        _unshifted(of, tensors)
        if scaled:
            read, _ = _products(tensors, linear)
            _normalise(tensors, _distances(read, scaled), scaled)
    done = [_products(tensors, linear) for tensors in started]
    if not all(full for _, full in done):
        done = [
            ({**found, **_projections(tensors, linear)}, full)
            for tensors, (found, full) in zip(started, done, strict=True)
        ]
    ended = [_signs({n: found[n] for n in (sorted(found) if linear else found)}, signed) for found, _ in done]
    values = sorted({x for found in ended for _, entries in found.values() for x in entries.values()})
    code = {x: float(n) for n, x in enumerate(values)}
    sizes: dict[str, int] = {}
    vectors: list[dict[str, np.ndarray]] = []
    for found in ended:
        vectors.append({})
        for name, (places, entries) in found.items():
            shape = tuple(1 + max(place[p] for place in entries) for p in range(len(places)))
            sizes |= {axis: n for (axis, _), n in zip(places, shape, strict=True)}
            array = np.zeros(shape)
            for place, x in entries.items():
                array[place] = code[x]
            vectors[-1][name] = array
    moving = {f.axis for f in of.factors if f.kind.permutes and f.axis not in linear} | set(signed)
    space = WeightSpace(
        tuple((name, tuple(axis for axis, _ in places)) for name, (places, _) in ended[0].items()),
        tuple(sizes.items()),
        tuple(axis for axis in of.space.permuted if axis in sizes and axis in moving),
        of.space.activation,
    )
    return space, vectors


def _unshifted(of: Group, tensors: Tensors) -> None:
    moving = {f.axis for f in of.factors if f.kind.shifts}
    shifts = [shift for shift in roles_of(of.space).shifts if shift.axis in moving] if moving else []
    for _ in range(len(shifts) + 1):
        for shift in shifts:
            _shift(tensors, shift, {place: -x for place, x in tensors[shift.moved][1].items()})
    demand(not any(x for shift in shifts for x in tensors[shift.moved][1].values()), "shifts come to an end")


def _sides(tensors: Tensors, axis: str, factor: Any) -> tuple[list[str], list[str]]:
    """Names of the tensors that have the axis: where it goes out, and where it comes in; of rotations all, twice."""
    own = [name for name, (places, _) in tensors.items() if axis in [each for each, _ in places]]
    role = {name: next(r for each, r in tensors[name][0] if each == axis) for name in own}
    if factor.kind.rotates:
        return own, own
    return [n for n in own if role[n] is Role.OUT], [n for n in own if role[n] is Role.IN]


def _rows(tensors: Tensors, name: str, axis: str, outer: str | None) -> dict[tuple[int, Index], list[Fraction]]:
    """(outer index, indices of all other places) -> the entries along the axis."""
    places, entries = tensors[name]
    axes = [each for each, _ in places]
    found: dict[tuple[int, Index], list[Fraction]] = {}
    for place in sorted(entries):
        o = place[axes.index(outer)] if outer else 0
        rest = tuple(i for each, i in zip(axes, place, strict=True) if each not in (axis, outer))
        found.setdefault((o, rest), []).append(entries[place])
    return dict(sorted(found.items()))


def _rest(tensors: Tensors, name: str, axis: str, outer: str | None) -> Places:
    return tuple(place for place in tensors[name][0] if place[0] not in (axis, outer))


def _products(tensors: Tensors, linear: Mapping[str, Any]) -> tuple[Tensors, bool]:
    """The tensors without linear axes and the products in the others' stead; whether all ranks are full."""
    found = {name: (p, dict(e)) for name, (p, e) in tensors.items() if not {axis for axis, _ in p} & set(linear)}
    full = True
    for name, (places, _) in tensors.items():
        demand(sum(axis in linear for axis, _ in places) < 2, f"{name} has one linear axis at most")
    for axis, factor in linear.items():
        out, into = _sides(tensors, axis, factor)
        outer = factor.within
        lead: Places = ((outer, None),) if outer else ()
        for left, right in product(out, into):
            a, b = _rows(tensors, left, axis, outer), _rows(tensors, right, axis, outer)
            entries = {
                (*((o,) if outer else ()), *i, *j): sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
                for (o, i), x in a.items()
                for (u, j), y in b.items()
                if o == u
            }
            found[f"{left} {right}"] = (
                (*lead, *_rest(tensors, left, axis, outer), *_rest(tensors, right, axis, outer)),
                entries,
            )
        if not factor.kind.rotates:
            for side in (into, out):
                for basis, size in _bases(tensors, side, axis, outer):
                    full = full and len(basis) == size
    return found, full


def _bases(
    tensors: Tensors, side: Sequence[str], axis: str, outer: str | None
) -> list[tuple[list[list[Fraction]], int]]:
    """Per outer index an orthogonal basis of the rows `[n, all entries of the side]`, by Gram and Schmidt; and n."""
    found = []
    columns = [_rows(tensors, name, axis, outer) for name in side]
    for o in sorted({key[0] for each in columns for key in each}):
        beside = [entries for each in columns for (u, _), entries in each.items() if u == o]
        rows = [list(row) for row in zip(*beside, strict=True)]
        basis: list[list[Fraction]] = []
        for row in rows:
            for each in basis:
                along = sum((x * y for x, y in zip(row, each, strict=True)), Fraction(0)) / sum(
                    (y * y for y in each), Fraction(0)
                )
                row = [x - along * y for x, y in zip(row, each, strict=True)]
            if any(row):
                basis.append(row)
        found.append((basis, len(rows)))
    return found


def _projections(tensors: Tensors, linear: Mapping[str, Any]) -> Tensors:
    found: Tensors = {}
    for axis, factor in linear.items():
        if factor.kind.rotates:
            continue
        outer = factor.within
        lead: Places = ((outer, None),) if outer else ()
        out, into = _sides(tensors, axis, factor)
        for side in (into, out):
            keys = [(name, key) for name in side for key in _rows(tensors, name, axis, outer)]
            for o, (basis, _) in enumerate(_bases(tensors, side, axis, outer)):
                own = [(name, rest) for name, (u, rest) in keys if u == o]
                lengths = [sum((y * y for y in each), Fraction(0)) for each in basis]
                for (i, (one, p)), (j, (two, q)) in product(enumerate(own), repeat=2):
                    name = f"rows of {axis}: {one} {two}"
                    places = (*lead, *_rest(tensors, one, axis, outer), *_rest(tensors, two, axis, outer))
                    entry = sum((e[i] * e[j] / n for e, n in zip(basis, lengths, strict=True)), Fraction(0))
                    found.setdefault(name, (places, {}))[1][(*((o,) if outer else ()), *p, *q)] = entry
    return found


def _normalise(tensors: Tensors, factors: Mapping[tuple[str, int], Fraction], scaled: set[str]) -> None:
    for places, entries in tensors.values():
        for place in entries:
            for (axis, role), i in zip(places, place, strict=True):
                if axis in scaled and role is not None:
                    by = factors.get((axis, i), Fraction(1))
                    entries[place] = entries[place] * by if role is Role.IN else entries[place] / by


def _distances(read: Tensors, scaled: set[str]) -> dict[tuple[str, int], Fraction]:
    """By what each index is scaled: first how far it is from what does not scale, then factors in that order."""
    edges: list[tuple[list[tuple[tuple[str, int], Role]], Fraction]] = []
    for places, entries in read.values():
        for place, x in entries.items():
            ends = [
                ((axis, i), r) for (axis, r), i in zip(places, place, strict=True) if axis in scaled and r is not None
            ]
            if x and ends and not (len(ends) == 2 and ends[0][0] == ends[1][0] and ends[0][1] is not ends[1][1]):
                edges.append((ends, abs(x)))
    alike = [edge for edge in edges if (len(edge[0]) == 2 and edge[0][0][1] is edge[0][1][1]) or len(edge[0]) > 2]
    usable = [edge for edge in edges if edge not in alike]
    far = {ends[0][0]: 1 for ends, _ in usable if len(ends) == 1}
    grew = True
    while grew:
        grew = False
        for ends, _ in usable:
            for (one, _), (two, _) in (ends, ends[::-1]) if len(ends) == 2 else ():
                if one in far and far.get(two, 1 << 60) > far[one] + 1:
                    far[two], grew = far[one] + 1, True
    demand(all(node in far for ends, _ in edges for node, _ in ends), "every scaled index is reached")
    factors: dict[tuple[str, int], Fraction] = {}
    for node in sorted(far, key=lambda each: far[each]):
        sizes: dict[Role, list[Fraction]] = {Role.IN: [], Role.OUT: []}
        for ends, x in usable:
            own = [role for each, role in ends if each == node]
            others = [(each, role) for each, role in ends if each != node]
            if not own or any(far[each] != far[node] - 1 for each, _ in others) or (far[node] > 1) != bool(others):
                continue
            for each, role in others:
                x = x * factors[each] if role is Role.IN else x / factors[each]
            sizes[own[0]].append(x)
        factors[node] = 1 / max(sizes[Role.IN]) if sizes[Role.IN] else max(sizes[Role.OUT])
    return factors


def _signs(tensors: Tensors, signed: Mapping[str, Any]) -> Tensors:
    """Every index that may change its sign, twice: as it is, and with opposite entries."""
    sizes: dict[str, int] = {}
    for places, entries in tensors.values():
        for p, (axis, _) in enumerate(places):
            sizes[axis] = 1 + max(place[p] for place in entries)
    found: Tensors = {}
    for name, (places, entries) in tensors.items():
        twice: Entries = {}
        for place, x in entries.items():
            for turns in product(*((0, 1) if axis in signed else (0,) for axis, _ in places)):
                sign = (-1) ** sum(turn for turn, (_, role) in zip(turns, places, strict=True) if role is not None)
                at = tuple(i + turn * sizes[axis] for i, turn, (axis, _) in zip(place, turns, places, strict=True))
                twice[at] = x * sign
        found[name] = places, twice
    # In the order in which the tensors name the axes.
    for axis in [each for each in sizes if each in signed]:
        n = sizes[axis]
        both = product(range(2 * n), repeat=2)
        found[f"twins of {axis}"] = (
            ((axis, None), (axis, None)),
            {(i, j): Fraction(int(i % n == j % n)) for i, j in both},
        )
        if not signed[axis].kind.permutes:
            found[f"index of {axis}"] = ((axis, None),), {(i,): Fraction(i % n) for i in range(2 * n)}
    return found
