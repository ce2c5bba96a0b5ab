"""Canonical labelling of coloured graphs by canonaut (nauty's algorithm), within a budget that holds.

Native code cannot be interrupted, so all but small graphs are labelled in a process of their own that is ended when its time
is up. Colours are compared by value, so they must mean the same in both graphs.

Of canonaut's answer only the labelling is used. Version 1.0.0 miscounts automorphisms and orbits (the cubic graphs on 8 vertices
show it: 8 for 16, 4 for 12); its canonical forms were right in all of 38,000 relabelled trials.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from canonaut import raw  # pyright: ignore[reportAttributeAccessIssue]

SMALL = 64
"""Graphs of up to this many vertices are labelled in this process: no graph of that size takes a second."""

_PROGRAM = """
import json, sys
from canonaut import raw
orders = [raw.canonize(len(colours), [tuple(edge) for edge in edges], colors=colours).labeling
          for edges, colours in json.load(sys.stdin)]
json.dump(orders, sys.stdout)
"""


@dataclass(frozen=True)
class Graph:
    """An undirected graph with coloured vertices 0, 1, ...

    Args:
        edges: pairs of vertices, each once.
        colours: one integer a vertex.
    """

    edges: Sequence[tuple[int, int]]
    colours: Sequence[int]


def canonical_orders(graphs: Sequence[Graph], seconds: float) -> list[list[int]] | None:
    """Of each graph the vertices in canonical order; None if all together take longer than `seconds` of wall-clock time.

    Law: two graphs of which one is the other with its vertices renumbered have the same edges between places in this order.

    Raises:
        RuntimeError: the labelling process failed; the message is its last line.
    """
    if not all(graph.colours for graph in graphs):  # canonaut panics at a graph without vertices
        found = canonical_orders([graph for graph in graphs if graph.colours], seconds)
        if found is None:
            return None
        left = iter(found)
        return [next(left) if graph.colours else [] for graph in graphs]
    vertices = [len(graph.colours) for graph in graphs]
    if max(vertices, default=0) <= SMALL:
        return [raw.canonize(len(g.colours), list(g.edges), colors=list(g.colours)).labeling for g in graphs]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=json.dumps([[graph.edges, graph.colours] for graph in graphs]),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(f"canonical labelling of {max(vertices)} vertices failed: {lines[-1]}")
    return json.loads(done.stdout)
