"""The slow, obvious oracles that the families are held against: refinement by dictionaries, bliss, exact evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import igraph
import numpy as np
import pytest

from orbitcheck.harness.pairs import Pair, Vector


def _layers(pair: Pair, vector: Vector) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(vector[f"W{n}"], vector[f"b{n}"]) for n in range(1, len(pair.space.widths))]


def _start(pair: Pair, vector: Vector) -> dict:
    """Layer, index if input or output neuron, bias."""
    last = len(pair.space.widths) - 1
    colours: dict = {(0, i): (0, i, 0.0) for i in range(pair.space.widths[0])}
    for number, (_, bias) in enumerate(_layers(pair, vector), 1):
        colours |= {(number, i): (number, i if number == last else -1, b) for i, b in enumerate(bias.tolist())}
    return colours


def parting_round(pair: Pair, *, forward_only: bool = False, as_sets: bool = False) -> int | None:
    """The first round of refinement whose histograms differ, or None; theory.md, section 4 word by word.

    Args:
        forward_only: neurons look at their incoming edges alone.
        as_sets: neurons forget how often they see the same, as under max pooling.
    """
    collect: Callable = (lambda seen: tuple(sorted(set(seen)))) if as_sets else (lambda seen: tuple(sorted(seen)))
    nets = [pair.v, pair.w]
    colourings = [_start(pair, net) for net in nets]
    round_number, classes = 0, 0
    while True:
        names = {colour: n for n, colour in enumerate(sorted({c for each in colourings for c in each.values()}))}
        colourings = [{node: names[colour] for node, colour in each.items()} for each in colourings]
        histograms = [Counter(each.values()) for each in colourings]
        if (set(histograms[0]) != set(histograms[1])) if as_sets else (histograms[0] != histograms[1]):
            return round_number
        if len(names) == classes:
            return None
        classes = len(names)
        refined = []
        for net, old in zip(nets, colourings, strict=True):
            incoming: dict = {node: [] for node in old}
            outgoing: dict = {node: [] for node in old}
            for number, (weight, _) in enumerate(_layers(pair, net), 1):
                for (row, column), value in np.ndenumerate(weight):
                    incoming[number, row].append((float(value), old[number - 1, column]))
                    outgoing[number - 1, column].append((float(value), old[number, row]))
            refined.append(
                {n: (old[n], collect(incoming[n]), () if forward_only else collect(outgoing[n])) for n in old}
            )
        colourings = refined
        round_number += 1


def _graph(pair: Pair, vector: Vector, names: dict) -> tuple[igraph.Graph, list[int]]:
    """The parameter graph with every edge subdivided by a vertex of its weight's colour."""
    start = _start(pair, vector)
    number_of = {node: n for n, node in enumerate(start)}
    colours, edges = list(start.values()), []
    for number, (weight, _) in enumerate(_layers(pair, vector), 1):
        for (row, column), value in np.ndenumerate(weight):
            middle = len(colours)
            colours.append((f"W{number}", float(value)))
            edges += [(number_of[number - 1, column], middle), (middle, number_of[number, row])]
    return igraph.Graph(len(colours), edges), [names.setdefault(colour, len(names)) for colour in colours]


def same_orbit(pair: Pair) -> bool:
    """Whether bliss finds the two parameter graphs isomorphic."""
    names: dict = {}
    (g, v_colours), (h, w_colours) = _graph(pair, pair.v, names), _graph(pair, pair.w, names)
    return sorted(v_colours) == sorted(w_colours) and g.isomorphic_bliss(h, color1=v_colours, color2=w_colours)


ACTIVATIONS: dict[str, Callable] = {
    "relu": lambda x: max(x, Fraction(0)),
    "leaky-relu": lambda x: x if x > 0 else x / 64,
    "abs": abs,
    "identity": lambda x: x,
    "tanh": lambda x: np.tanh(float(x)),
    "sine": lambda x: np.sin(float(x)),
}


def value(pair: Pair, vector: Vector, x: list[Fraction]) -> list:
    """`f_v(x)`, exact for piecewise-linear activations."""
    exact = pair.space.activation not in ("tanh", "sine")
    number = Fraction if exact else float
    hidden: list = [number(entry) for entry in x]
    layers = _layers(pair, vector)
    for position, (weight, bias) in enumerate(layers, 1):
        hidden = [
            sum((number(w) * h for w, h in zip(row, hidden, strict=True)), number(b))
            for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
        ]
        if position < len(layers):
            hidden = [ACTIVATIONS[pair.space.activation](h) for h in hidden]
    return hidden


def same_function(pair: Pair, points: int = 25) -> bool:
    """Whether the two nets agree at random points: exactly, or within rounding for tanh and sine."""
    rng = np.random.default_rng(0)
    for _ in range(points):
        x = [Fraction(int(n), 7) for n in rng.integers(-70, 71, pair.space.widths[0])]
        first, second = value(pair, pair.v, x), value(pair, pair.w, x)
        if pair.space.activation in ("tanh", "sine"):
            if not np.allclose(first, second, rtol=0, atol=1e-12):
                return False
        elif first != second:
            return False
    return True


@pytest.fixture(scope="session")
def slow() -> SimpleNamespace:
    """The slow oracles."""
    return SimpleNamespace(parting_round=parting_round, same_orbit=same_orbit, same_function=same_function)
