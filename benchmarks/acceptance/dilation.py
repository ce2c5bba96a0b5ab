"""Output capacity expansion: does the error of a dilation of implicit images fall at every doubling of the networks emitted?

    python benchmarks/acceptance/dilation.py JOURNAL [--networks gmn dws] [--parameters 60000] [--steps 2400] [--seeds 5]
                                             [--seconds S] [--keep FILE]

Each network at k = 1, 2, 4, 8 has as many parameters in all: its width is chosen by k. One item is one architecture, k and seed. The
same seed draws the batches of every k, and all are tested on the same 300 networks, so errors are compared in pairs, seed by
seed: a doubling lowers the error if the one-sided interval of the mean fall of its logarithm (Student's t, 95 %) lies above 0.
`dws` trains with hidden neurons negated at random: of 1,297 networks it would learn the weights by heart. What was asked stands in
every key, so that items of another budget are not mixed in.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from journal import Item, Measured, go_on, origin
from scipy.special import stdtrit

from orbitcheck.harness.checks.approximation.data import Problem, problem
from orbitcheck.harness.checks.approximation.learner import Learner
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.learning.augmentation import sign_flips
from orbitcheck.harness.learning.training import CHUNK, Budget, Data, train, unchanged
from orbitcheck.harness.learning.workbench import Workbench
from orbitcheck.harness.plugins.capacity_search import fitted
from orbitcheck.harness.plugins.discovery import load, parse_name
from orbitcheck.harness.plugins.subject import Subject

EMITTED = (1, 2, 4, 8)
LEVEL = 0.95
FLIPPED = ("dws",)
"""Trained with hidden neurons negated at random."""


def paired(before: Sequence[float], after: Sequence[float], level: float = LEVEL) -> dict[str, Any]:
    """Whether errors are lower after than before, pair by pair: the mean fall of the logarithm and its one-sided lower end.

    Raises:
        ValueError: fewer than two pairs, or errors that are not positive numbers.
    """
    falls = [math.log(x) - math.log(y) for x, y in zip(before, after, strict=True)]
    if len(falls) < 2 or not all(map(math.isfinite, falls)):
        raise ValueError(f"two pairs of positive errors at least; got {list(before)} and {list(after)}")
    low = mean(falls) - float(stdtrit(len(falls) - 1, level)) * stdev(falls) / math.sqrt(len(falls))
    return {"pairs": len(falls), "factor": math.exp(-mean(falls)), "at most": math.exp(-low), "falls": low > 0}


def doublings(errors: Mapping[int, Mapping[int, float]]) -> dict[str, Any]:
    """Every doubling of which two seeds at least were measured at both ends.

    Args:
        errors: k -> seed -> error.
    """
    found = {}
    for k in sorted(errors):
        both = sorted(errors[k].keys() & errors.get(2 * k, {}).keys())
        if len(both) > 1:
            found[f"{k} to {2 * k}"] = paired([errors[k][s] for s in both], [errors[2 * k][s] for s in both])
    return found


def asked() -> dict[str, Any]:
    """The parameters of the dilation check of `paper-full`."""
    return next(dict(check.parameters) for check in load_suite("paper-full").checks if check.id == "dilation")


def measured(name: str, networks: int, size: int, steps: int, seed: int) -> Measured:
    """One training: its error on the test set over the variance there."""
    began, parameters = time.process_time(), asked()
    data = problem(parameters)
    output = data.output(networks)
    chosen = fitted(load(parse_name(name)), data.space, output, size)
    subject = Subject(chosen.architecture, data.space, output, seed=seed, dtype=torch.float32, bench=Workbench("cpu"))
    subject(data.samples["test"].weights[:2])
    learner = Learner(subject.module, data, raw=False, reach=parameters["reach"]).float()
    budget = Budget(steps=steps, batch=parameters["batch"], rate=parameters["rate"])
    parts = [Data(data.inputs(part).float(), data.targets[part].float()) for part in ("train", "validation")]
    augment = sign_flips(data.space, [seed]) if name in FLIPPED else unchanged
    (outcome,) = train([learner], *parts, budget, [seed], augment=augment).outcomes
    return {
        "error": error_of(learner, data),
        "validation": outcome.best_error,
        "parameters": chosen.parameters,
        "best step": outcome.best_step,
        "seconds": round(time.process_time() - began, 1),
    }


def error_of(learner: Learner, data: Problem) -> float:
    """Mean squared error over the variance of the test targets, in float64."""
    learner.double()
    with torch.no_grad():
        answers = torch.cat([learner(part) for part in data.inputs("test").split(CHUNK)])
    return float((answers - data.targets["test"]).square().mean()) / data.variance


def items(names: Iterable[str], size: int, steps: int, seeds: int) -> list[Item]:
    """Seed by seed, so that a run that stops early has whole pairs."""
    return [
        Item(
            f"{name} k={k} #{seed} ({size} parameters, {steps} steps)",
            lambda name=name, k=k, seed=seed: measured(name, k, size, steps, seed),
        )
        for seed in range(seeds)
        for name in names
        for k in EMITTED
    ]


def summary(found: Mapping[str, Measured]) -> dict[str, Any]:
    """By architecture and budget: the errors, and what the doublings say."""
    by_network: dict[str, dict[int, dict[int, float]]] = {}
    for key, entry in found.items():
        name, k, seed, budget = key.split(" ", 3)
        of_k = by_network.setdefault(f"{name} {budget}", {})
        of_k.setdefault(int(k.removeprefix("k=")), {})[int(seed.removeprefix("#"))] = entry["error"]
    return {
        "trained": len(found),
        "seconds": round(sum(entry["seconds"] for entry in found.values())),
        "errors": {name: {str(k): list(of.values()) for k, of in ks.items()} for name, ks in by_network.items()},
        "doublings": {name: doublings(ks) for name, ks in by_network.items()},
    }


def main() -> None:
    """Train what the journal lacks, and print what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal", type=Path, help="one line an item; where it stopped it goes on")
    parser.add_argument("--networks", nargs="+", default=["gmn", "dws"], metavar="NAME")
    parser.add_argument("--parameters", type=int, default=60000)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no item after so long")
    parser.add_argument("--keep", type=Path, help="write the summary, with date and commit, to this JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    listed = items(arguments.networks, arguments.parameters, arguments.steps, arguments.seeds)
    told = {**origin(), "asked": len(listed), **summary(go_on(arguments.journal, listed, arguments.seconds))}
    print(json.dumps(told, indent=1))
    if arguments.keep:
        arguments.keep.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
