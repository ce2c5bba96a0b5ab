"""Canonical labelling: the law of the order it gives, where it runs, and what is said when it does not come to an end."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from orbitcheck.harness.oracles import labelling
from orbitcheck.harness.oracles.labelling import Graph, canonical_orders

FRAME = [(0, 2), (1, 3), (2, 4), (3, 5)]
"""Two paths of three vertices."""


def in_order(graph: Graph, order: list[int]) -> tuple[list[int], list[list[int]]]:
    """The graph with its vertices numbered by their places in the order."""
    assert sorted(order) == list(range(len(graph.colours)))
    place = {vertex: rank for rank, vertex in enumerate(order)}
    return [graph.colours[v] for v in order], sorted(sorted((place[a], place[b])) for a, b in graph.edges)


def renumbered(graph: Graph, rng: np.random.Generator) -> Graph:
    images = rng.permutation(len(graph.colours)).tolist()
    colours = [0] * len(images)
    for vertex, image in enumerate(images):
        colours[image] = graph.colours[vertex]
    edges = [(images[a], images[b]) for a, b in graph.edges]
    return Graph([edges[i] for i in rng.permutation(len(edges))], colours)


def test_renumbered_graphs_are_the_same_in_canonical_order():
    rng = np.random.default_rng(0)
    for _ in range(30):
        graph = Graph(
            [(a, b) for a in range(8) for b in range(a) if rng.random() < 0.4], rng.integers(0, 3, 8).tolist()
        )
        graphs = [graph, renumbered(graph, rng)]
        first, second = (
            in_order(g, order) for g, order in zip(graphs, canonical_orders(graphs, 10) or [], strict=True)
        )
        assert first == second
        assert first[0] == sorted(first[0])  # colours come in order of their value


@pytest.mark.parametrize("small", [64, 2])
def test_graphs_without_vertices_have_the_empty_order(monkeypatch: pytest.MonkeyPatch, small: int):
    monkeypatch.setattr(labelling, "SMALL", small)
    graph, none = Graph([(0, 1), (1, 2)], [1, 0, 2]), Graph([], [])
    assert canonical_orders([none, graph, none, Graph([], [7])], 10) == [[], [1, 0, 2], [], [0]]
    assert canonical_orders([none], 10) == [[]]
    assert canonical_orders([], 10) == []


def test_a_process_of_its_own_labels_as_this_one_does(monkeypatch: pytest.MonkeyPatch):
    graph = Graph(FRAME, [0, 0, 1, 1, 2, 2])
    here = canonical_orders([graph], 10)
    monkeypatch.setattr(labelling, "SMALL", 5)
    assert canonical_orders([graph], 10) == here
    assert canonical_orders([Graph([], []), graph], 0) is None  # no time at all
    with pytest.raises(RuntimeError, match=r"^canonical labelling of 6 vertices failed: .*9"):
        canonical_orders([graph, Graph([(0, 9)], [0])], 10)


def test_only_graphs_of_more_than_64_vertices_are_labelled_elsewhere(monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple] = []

    def run(command, *, input, timeout, **options):
        asked.append((command[:2], timeout))
        answer = json.dumps([[0]] * len(json.loads(input)))
        return subprocess.CompletedProcess(command, 0, stdout=answer, stderr="a warning")

    monkeypatch.setattr(subprocess, "run", run)
    assert len((canonical_orders([Graph([], [0] * 64)], 2.5) or [])[0]) == 64
    assert asked == []
    assert canonical_orders([Graph([], [0] * 65)], 2.5) == [[0]]
    assert canonical_orders([Graph([], [0]), Graph([], [0] * 65), Graph([], [])], 3.5) == [[0], [0], []]
    assert asked == [([sys.executable, "-c"], 2.5), ([sys.executable, "-c"], 3.5)]


@pytest.mark.parametrize(
    ("stderr", "last"), [("", "exit code 3"), (" \n", "exit code 3"), ("first\nlast one\n", "last one")]
)
def test_a_failure_is_told_by_its_last_line(monkeypatch: pytest.MonkeyPatch, stderr: str, last: str):
    failed = subprocess.CompletedProcess([], 3, stdout="", stderr=stderr)
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: failed)
    graphs = [Graph([], [0] * size) for size in (1, 70, 65)]
    message = re.escape(f"canonical labelling of 70 vertices failed: {last}")
    with pytest.raises(RuntimeError, match=f"^{message}$"):
        canonical_orders(graphs, 10)
