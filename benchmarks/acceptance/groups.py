"""Errors over floors of right and wrong networks, over groups and spaces; and the laws of groups on many elements.

    python -m benchmarks.acceptance.groups rows [--seeds N]     a line for each group, space, output and seed
    python -m benchmarks.acceptance.groups laws [--count N]     failures of the laws, for each group

Right: at most 10 floors. Wrong by one part in a million in one tensor: at least 1,000. Floors above 100 units of rounding are listed
with what lifts them.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from orbitcheck import Weights, act, compose, generators, identity, inverse, random_elements
from orbitcheck.harness.core.cell import Cell
from orbitcheck.harness.plugins.architecture import Architecture
from orbitcheck.harness.plugins.traits import Traits
from orbitcheck.harness.running.evaluate import evaluate
from orbitcheck.harness.running.planting.functions import Reading
from orbitcheck.harness.running.planting.plants import law
from orbitcheck.harness.weights.algebra.kinds import OutputKind
from orbitcheck.harness.weights.groups import GROUPS, NotCarried, group
from orbitcheck.harness.weights.space import WeightSpace, mlp
from orbitcheck.harness.weights.spaces import conv_net, recurrent, residual_mlp, transformer_block

UNIT = 2.0**-53
OF: dict[str, WeightSpace] = {
    "mlp relu": mlp(2, 4, 3, 1),
    "mlp tanh": mlp(2, 4, 3, 1, activation="tanh"),
    "mlp sine": mlp(2, 4, 3, 1, activation="sine"),
    "mlp identity": mlp(2, 4, 3, 1, activation="identity"),
    "conv relu": conv_net(1, 3, 2, 2),
    "recurrent tanh": recurrent(2, 3, 1),
    "recurrent identity": recurrent(2, 3, 1, activation="identity"),
    "residual relu": residual_mlp(2, 4, (3,), 1),
    "residual sine": residual_mlp(2, 4, (3,), 1, activation="sine"),
    "block gelu": transformer_block(3, 2, 2, 2, 3),
    "block relu": transformer_block(3, 2, 4, 2, 3, activation="relu"),
}


class Slightly(Reading):
    """One tensor of the output, or the invariant output, is off by at most one part in a million, the same for all entries."""

    def finish(self, result: torch.Tensor, v: Weights) -> torch.Tensor:
        return result * (1 + 1e-6 * _seen(v)[:, None])

    def finish_weights(self, tensors: dict[str, torch.Tensor], v: Weights) -> dict[str, torch.Tensor]:
        name = next(name for name, tensor in tensors.items() if bool(tensor.any()))
        factors = 1 + 1e-6 * _seen(v).view(-1, *[1] * (tensors[name].ndim - 1))
        return {**tensors, name: tensors[name] * factors}


def _seen(v: Weights) -> torch.Tensor:
    """One entry of the last tensor that has a permuted axis, through a curve: no group here leaves it alone."""
    name = [name for name, axes in v.space.tensors if set(axes) & set(v.space.permuted)][-1]
    return v.tensors[name].flatten(1)[:, 0].tanh()


def rows(seeds: int) -> None:
    worst, least, loud = 0.0, float("inf"), 0
    for name in GROUPS:
        for label, space in OF.items():
            try:
                group(space, name)
            except NotCarried:
                continue
            for output in ("invariant", "equivariant"):
                for seed in range(seeds):
                    found = {
                        network: _row(network, name, space, output, seed).evidence for network in (Reading, Slightly)
                    }
                    right, wrong = (each.error64 / each.floor64 for each in found.values())  # type: ignore[attr-defined]
                    floor = found[Reading].floor64 / UNIT  # type: ignore[attr-defined]
                    worst, least, loud = max(worst, right), min(least, wrong), loud + (floor > 100)
                    told = [note for note in found[Reading].notes if "rounding" in note]  # type: ignore[attr-defined]
                    print(
                        f"{name:24s} {label:20s} {output:12s} right {right:6.2f} wrong {wrong:8.1e} floor {floor:7.1f}",
                        *told,
                        flush=True,
                    )
    print(f"largest of right ones {worst:.2f}, least of wrong ones {least:.1e}, floors above 100 units: {loud}")


def _row(network: type[Reading], name: str, space: WeightSpace, output: str, seed: int):
    cell = law(output).cell("asked")
    spaces = {"tiny": {"space": space.to_json(), "zoo": None, "inputs": ["generic"]}}
    cell = Cell(
        "groups", "asked", "equivariance", {**cell.parameters, "spaces": spaces}, cell.case, None, f"{name}-{seed}"
    )
    return evaluate(cell, Architecture(network.__name__, network, Traits(symmetry=name)), shrinks=False)


def laws(count: int) -> None:
    for name in GROUPS:
        for label, space in OF.items():
            try:
                of = group(space, name)
            except NotCarried:
                continue
            rng, failures = np.random.default_rng(0), 0
            exact = not any(kind.turns for kind in of.kind.values())
            for _ in range(count):
                g, h, k = random_elements(of, 3, rng)
                v = Weights.from_flat(space, torch.from_numpy(rng.integers(-8, 9, (1, space.parameters)) / 4.0))
                failures += compose(compose(g, h), k) != compose(g, compose(h, k))
                failures += compose(g, inverse(g)) != identity(of) or compose(inverse(g), g) != identity(of)
                for kind in OutputKind:
                    apart = (act(g, act(h, v, kind), kind).flat() - act(compose(g, h), v, kind).flat()).abs().max()
                    failures += float(apart) > (0 if exact or kind is not OutputKind.POINT else 1e-12)
            print(
                f"{name:24s} {label:20s} {count} triples, {len(generators(of))} generators, {failures} failures",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["rows", "laws"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    asked = parser.parse_args()
    rows(asked.seeds) if asked.what == "rows" else laws(asked.count)
