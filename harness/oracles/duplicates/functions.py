"""Networks of one function in a set: proved in rationals, or equal to rounding at tested inputs.

Law: a link `function` rests on equal normal forms (`functions/normal_form.py`); a link `rounded` on outputs that differ by less than
`ROUNDED` of their spread at `POINTS` inputs, which copies by factors that floats round look like. Networks may have different widths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...weights.activations import ACTIVATIONS
from ...weights.element import Diagonal
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ...weights.symmetry import GroupElement
from ..function import values_in_floats
from ..functions.enclosure import enclose
from ..functions.normal_form import FeatureTable
from ..orbit import moved
from .links import Likeness, Link
from .matching import match
from .near import normal
from .neurons import NeuronMap, corresponding
from .outputs import CHUNK, POINTS, ROUNDED, alike, inputs, outputs_beyond_mlps, spreads

SAME_IN_FLOATS = 1e-9
"""Largest gap at which a proof is tried."""
MAX_PRODUCTS = 20_000_000
"""Products of rationals spent on all proofs; about a minute and a half."""

Net = tuple[WeightSpace, Vector]
Nets = Sequence[Net]


def function_links(nets: Nets, numbers: Sequence[int]) -> Iterator[Link]:
    """Links among `nets`: MLPs of one activation and one number of inputs and outputs, or networks of one space with a known function.

    Args:
        numbers: names of the nets.

    Of MLPs alone a function is proved; of other networks outputs are compared.

    Raises:
        SpaceError: a space whose function is not known (`weights/realisation`).
    """
    outputs = _outputs(nets)
    spread = spreads(outputs)
    prover = _Prover()
    for members in alike(outputs.reshape(len(nets), -1), np.where(np.isfinite(spread), ROUNDED * spread, 0.0)):
        found: list[int] = []
        for net in members.tolist():
            for other in found:
                share = float(np.abs(outputs[net] - outputs[other]).max())
                share = share / float(spread[other]) if spread[other] else (np.inf if share else 0.0)
                if not share <= ROUNDED:
                    continue
                ends = numbers[other], numbers[net]
                tried = share <= SAME_IN_FLOATS and nets[net][0].is_mlp
                proof = prover.proof(nets[other], nets[net]) if tried else None
                if proof is not None:
                    yield Link(*ends, Likeness.FUNCTION, proof.element, proof.neurons)
                elif spread[other]:  # that two networks without a spread agree at tested inputs says little
                    found_by = rescaling(nets[other], nets[net])
                    element = found_by[0] if found_by and found_by[1] <= ROUNDED else None
                    yield Link(*ends, Likeness.ROUNDED, element, share=share)
                else:
                    continue
                break
            else:
                found.append(net)


def _outputs(nets: Nets) -> np.ndarray:
    """`[nets, points, outputs]`."""
    first = nets[0][0]
    if not first.is_mlp:
        return outputs_beyond_mlps(first, [v for _, v in nets])
    points = inputs((first.widths[0],))
    found = np.empty((len(nets), POINTS, first.widths[-1]))
    by_space: dict[WeightSpace, list[int]] = {}
    for number, (space, _) in enumerate(nets):
        by_space.setdefault(space, []).append(number)
    for space, own in by_space.items():
        for start in range(0, len(own), CHUNK):
            part = own[start : start + CHUNK]
            stack = {name: np.stack([nets[number][1][name] for number in part]) for name in space.axes}
            found[part] = values_in_floats(space, stack, points)
    return found


@dataclass(frozen=True)
class Proof:
    """That two nets compute one function: an element that maps the first to the second, or equal forms."""

    element: GroupElement | None = None
    neurons: NeuronMap | None = None


class _Prover:
    """Proofs, the cheap ones first, within one budget."""

    def __init__(self) -> None:
        self.left = MAX_PRODUCTS

    def proof(self, first: Net, second: Net) -> Proof | None:
        found = rescaling(first, second)
        if found is not None and found[1] == 0:
            return Proof(found[0])
        if _refuted(first, second):
            return None
        for fold in (False, True):
            table = FeatureTable(first[0], fold=fold)
            tables = table, table.alongside(second[0])
            self.left -= sum(table.products for table in tables)
            if self.left < 0:
                return None
            forms = tables[0].layers(first[1]), tables[1].layers(second[1])
            if forms[0][-1] == forms[1][-1]:
                return Proof(neurons=corresponding((first[0], second[0]), (first[1], second[1]), forms))
        return None


def _refuted(first: Net, second: Net) -> bool:
    """Whether one input tells the two apart in exact arithmetic: then forms, which take longer, prove nothing.

    Where none is known for the activation, nothing is refuted.
    """
    if ACTIVATIONS[first[0].activation].opaque:
        return False
    x = (np.random.default_rng(1).integers(-64, 65, first[0].widths[0]) / 16).tolist()
    return any(
        left[1] < right[0] or right[1] < left[0]
        for left, right in zip(enclose(*first, x), enclose(*second, x), strict=True)
    )


def rescaling(first: Net, second: Net) -> tuple[GroupElement, float] | None:
    """The permutation g with positive factors or signs that weight matching finds between two nets of a space, and how far it is off.

    Off by the largest `|g v - w|` of an entry, as a share of the largest entry of w; 0 only where `g v = w` in rationals, which a
    product that floats round does not show.
    """
    (space, v), (other_space, w) = first, second
    if space != other_space:
        return None
    pair = normal(space, {name: np.stack([v[name], w[name]]) for name in space.axes})
    if pair is None:
        return None
    g = match(space, pair.net(0), pair.net(1)).element
    start = moved(space, g, v)
    copy, diagonals = dict(start), []
    with np.errstate(over="ignore", divide="ignore"):
        for layer, axis in enumerate(space.permuted, 1):
            own, other = (
                np.concatenate([u[f"W{layer}"], np.asarray(u[f"b{layer}"])[:, None]], axis=1) for u in (copy, w)
            )
            place = np.abs(other).argmax(axis=1)[:, None]
            over, under = (np.take_along_axis(array, place, axis=1)[:, 0] for array in (other, own))
            factor = np.divide(over, under, out=np.ones_like(over), where=(under != 0) & (over != 0))
            if not (np.isfinite(factor) & np.isfinite(1 / factor)).all():
                return None
            if not ACTIVATIONS[space.activation].homogeneous:
                factor = np.sign(factor)
            elif (factor < 0).any() and not ACTIVATIONS[space.activation].odd:
                return None
            diagonals.append(Diagonal(axis, tuple(factor.tolist()), tuple((1 / factor).tolist())))
            copy[f"W{layer}"] = copy[f"W{layer}"] * factor[:, None]
            copy[f"b{layer}"] = copy[f"b{layer}"] * factor
            copy[f"W{layer + 1}"] = copy[f"W{layer + 1}"] * (1 / factor)[None, :]
        largest = max(float(np.abs(w[name]).max()) for name in space.axes) or 1.0
        off = max(float(np.abs(copy[name] - w[name]).max()) for name in space.axes) / largest
    if not off and not _rescaled(space, start, [each.inward for each in diagonals], w):
        off = math.ulp(0.0)
    return GroupElement(g.permutations, tuple(diagonals)), off


def _rescaled(space: WeightSpace, v: Vector, factors: Sequence[tuple[float, ...]], w: Vector) -> bool:
    """Whether w is v with each hidden neuron's incoming weights and bias times its factor and its outgoing ones divided by it, exactly."""
    one = (1.0,)
    for layer in range(1, len(space.widths)):
        rows = factors[layer - 1] if layer <= len(factors) else one * space.widths[layer]
        columns = factors[layer - 2] if layer > 1 else one * space.widths[0]
        for name, divided in ((f"W{layer}", columns), (f"b{layer}", one)):
            entries = [np.asarray(u[name]).reshape(space.widths[layer], -1) for u in (v, w)]
            if not _multiples(entries[0], np.array(rows)[:, None], entries[1], np.array(divided)[None]):
                return False
    return True


def _multiples(a: np.ndarray, x: np.ndarray, b: np.ndarray, y: np.ndarray) -> bool:
    """Whether `a x = b y` entry by entry, in rationals; of powers of two by fractions and exponents of floats."""
    (low_a, high_a), (low_x, high_x), (low_b, high_b), (low_y, high_y) = map(np.frexp, (a, x, b, y))
    if (np.abs(low_x) == 0.5).all() and (np.abs(low_y) == 0.5).all():
        return bool(
            ((low_a * np.sign(x) == low_b * np.sign(y)) & ((a == 0) | (high_a + high_x == high_b + high_y))).all()
        )
    return all(
        Fraction(p) * Fraction(q) == Fraction(r) * Fraction(s)
        for p, q, r, s in zip(*(each.ravel().tolist() for each in np.broadcast_arrays(a, x, b, y)), strict=True)
    )
