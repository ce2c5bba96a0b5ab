"""Canonical labelling of coloured graphs by canonaut (nauty's algorithm), within a budget that holds.

Native code cannot be interrupted, so all but small graphs are labelled in a process of their own that is ended when its time
is up. Graphs are plain lists, vertices 0, 1, ...; colours are compared by value, so they must mean the same in both graphs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from canonaut import raw

SMALL = 64
"""Graphs of up to this many vertices are labelled in this process: no graph of that size takes a second."""

_PROGRAM = """
import json, sys
from canonaut import raw
vertices, edges, colours = json.load(sys.stdin)
result = raw.canonize(vertices, [tuple(edge) for edge in edges], colors=colours)
json.dump([result.labeling, result.orbits, result.group_size1, result.group_size2], sys.stdout)
"""


@dataclass(frozen=True)
class Graph:
    """An undirected graph with coloured vertices.

    Args:
        edges: pairs of vertices, each once.
        colours: one integer a vertex.
    """

    edges: Sequence[tuple[int, int]]
    colours: Sequence[int]


@dataclass(frozen=True)
class Labelling:
    """What canonical labelling says of a graph.

    Args:
        order: the vertices in canonical order.
        orbits: per vertex the smallest vertex that an automorphism maps it to.
        size: `(mantissa, exponent)`: the automorphisms number mantissa times 10^exponent, exactly so if the exponent is 0.
    """

    order: tuple[int, ...]
    orbits: tuple[int, ...]
    size: tuple[float, int]


def label(graph: Graph, seconds: float) -> Labelling | None:
    """The canonical labelling, or None if it takes longer than `seconds` of wall-clock time.

    Raises:
        RuntimeError: the labelling process failed; the message is its last line.
    """
    vertices = len(graph.colours)
    if vertices <= SMALL:
        result = raw.canonize(vertices, list(graph.edges), colors=list(graph.colours))
        return Labelling(tuple(result.labeling), tuple(result.orbits), (result.group_size1, result.group_size2))
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=json.dumps([vertices, graph.edges, graph.colours]),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise RuntimeError(f"canonical labelling of {vertices} vertices failed: {done.stderr.strip().splitlines()[-1:]}")
    order, orbits, mantissa, exponent = json.loads(done.stdout)
    return Labelling(tuple(order), tuple(orbits), (mantissa, exponent))


def automorphisms(graph: Graph, seconds: float) -> int | None:
    """The exact number of automorphisms, or None past `seconds` for any one labelling.

    Orbit and stabiliser: the number is the length of a vertex's orbit times the number that keep the vertex in place.
    """
    colours = list(graph.colours)
    total = 1
    while True:
        found = label(Graph(graph.edges, colours), seconds)
        if found is None:
            return None
        mantissa, exponent = found.size
        if exponent == 0:
            return total * round(mantissa)
        vertex = max(found.orbits, key=found.orbits.count)
        total *= found.orbits.count(vertex)
        colours[vertex] = max(colours) + 1
