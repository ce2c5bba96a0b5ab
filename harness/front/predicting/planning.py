"""What is asked of a population whose label is to be predicted: a suite, with the parts and what is known of them in lines.

Law: parts share no orbit, no proved function and no value of a label that keeps networks together; the label is what training and test are
measured by, and nothing is promised of it but that no network goes below the floor of its power.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import yaml

from ...core.registry import UnknownName, did_you_mean
from ...regimes.own import ZooParameters, pools_of
from ...regimes.parts import NoParts, Pools
from ...zoo.entries import ZooError
from ...zoo.manifest import split_reference
from ...zoo.population import load
from ...zoo.recipe import ZOOS, Zoo

SUITE = "predict"
FEWEST = 10
"""Networks of a space that are trained and tested with."""
SEEN = 2000
"""Networks up to which near copies are looked for."""


@dataclass(frozen=True)
class Question:
    """What is to be predicted, and how.

    Args:
        zoo: a zoo or the path of a manifest, with a group behind it or none.
        label: what is known of its networks.
        classes: whether the label's numbers name classes; words do anyway.
        split, together: as the parameters of the regime `zoo`.
        steps, seeds, parameters: of the training, as suites say them.
    """

    zoo: str
    label: str
    classes: bool = False
    split: str | None = None
    together: str | None = None
    steps: int = 400
    seeds: int = 2
    parameters: Sequence[int] = (5000,)


@dataclass(frozen=True)
class Planned:
    """The suite's text, and what is to be said before it runs; `checks` are the ids of the checks that train."""

    text: str
    lines: tuple[str, ...]
    checks: tuple[str, ...]


def planned(question: Question) -> Planned:
    """The suite that asks a question.

    Raises:
        UnknownName: no such zoo, group or label.
        ZooError: a zoo that cannot be built, a split without parts, or too few networks.
    """
    name, named = split_reference(question.zoo)
    zoo = ZOOS[name]
    groups = list(zoo.spaces) if named is None else [zoo.group(named)]
    lines: list[str] = []
    spaces: dict[str, Any] = {}
    checks: list[dict[str, Any]] = []
    trained: list[str] = []
    for group in groups:
        behind = f"-{group}" if len(groups) > 1 else ""
        made = _group(question, zoo, group, lines)
        if made is None:
            continue
        regime, sizes, target = made
        space = f"networks{behind}"
        spaces[space] = {"zoo": zoo.name, "group": group}
        trained.append(f"label{behind}")
        checks.append({"id": f"law{behind}", "kind": "equivariance", "spaces": [space], "inputs": ["generic"]})
        if zoo.spaces[group].is_mlp:
            whole = {key: regime[key] for key in ("name", "zoo", "label")}
            forms = {"float": {"orbit": [0, 1], "1-wl": [0, 1]}}
            more = {"classes": True} if "classes" in target else {}
            checks.append(
                {"id": f"floor{behind}", "kind": "floor", "regime": whole, "label": "label", "forms": forms, **more}
            )
        checks.append(
            {
                "id": trained[-1], "kind": "approximation", "title": f"{question.label} of {zoo.name}/{group}",
                "target": target, "regime": regime, "sizes": dict(zip(("train", "validation", "test"), sizes, strict=True)),
                "steps": question.steps, "seeds": question.seeds, "parameters": list(question.parameters),
                "batch": min(64, sizes[0]),
            }
        )  # fmt: skip
    if not checks:
        raise ZooError("; ".join(lines))
    suite = {"suite": SUITE, "version": 1, "title": f"{question.label} of {question.zoo}, predicted from weights"}
    suite |= {"spaces": spaces, "checks": checks}
    text = yaml.dump(suite, Dumper=WrittenOut, sort_keys=False, allow_unicode=True)
    return Planned(text, tuple(lines), tuple(trained))


class WrittenOut(yaml.SafeDumper):
    """What stands twice is written twice: suites have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _group(
    question: Question, zoo: Zoo, group: str, lines: list[str]
) -> tuple[dict[str, Any], tuple[int, int, int], dict[str, Any]] | None:
    """Regime, sizes and target of one space's networks, or None where there are too few; `lines` says so."""
    found = load(zoo, group)
    shown = f"{zoo.name}/{group}" if len(zoo.spaces) > 1 else zoo.name
    if question.label in zoo.told.lacking:
        raise ZooError(f"{shown}: {question.label} is no label: {zoo.told.lacking[question.label]}")
    if question.label not in found.metadata:
        raise UnknownName(
            f'{shown} has no label "{question.label}"{did_you_mean(question.label, list(found.metadata))}'
        )
    known = {key: value for key in ("split", "together") if (value := getattr(question, key)) is not None}
    given = {"zoo": f"{zoo.name}/{group}", "label": question.label, **known}
    try:
        pools = pools_of(ZooParameters.model_validate(given), found)
    except NoParts as error:
        raise ZooError(f"{shown}: {error}") from None
    sizes = pools.sizes()
    lines.append(f"{shown}: {found.weights.batch} networks of {found.space}; {_told(question, zoo, found.metadata)}")
    if found.weights.batch < FEWEST or min(sizes) < 2:
        parts = "training {}, validation {}, test {}".format(*sizes)
        lines.append(
            f"{shown}: too few to train and test with, copies left out: {parts}; {FEWEST} networks and 2 a part"
        )
        return None
    lines += _parts(question, pools, sizes)
    return {"name": "zoo", **given}, sizes, _target(question, zoo, found.metadata[question.label])


def _target(question: Question, zoo: Zoo, values: torch.Tensor) -> dict[str, Any]:
    words = zoo.told.words.get(question.label)
    if words is None and not question.classes and question.label not in zoo.classes:
        return {"name": "label"}
    count = len(words) if words is not None else int(values.max()) + 1
    if bool((values != values.round()).any()) or count < 2:
        raise ZooError(f"{question.label} names no classes: they are numbered from 0, and there are two at least")
    return {"name": "label", "classes": count}


def _told(question: Question, zoo: Zoo, metadata: Any) -> str:
    values = metadata[question.label].double()
    words = zoo.told.words.get(question.label)
    if words is not None:
        return f"{question.label}: {len(words)} classes"
    return f"{question.label}: {float(values.min()):.4g} to {float(values.max()):.4g}"


def _parts(question: Question, pools: Pools, sizes: Sequence[int]) -> Iterator[str]:
    how = f"by {question.split}" if question.split else "by chance"
    yield f"parts {how}: {sizes[0]} to train, {sizes[1]} to validate, {sizes[2]} to test"
    if pools.left_out:
        yield f"left out, since a later part holds a copy: {pools.left_out} network{'s' * (pools.left_out > 1)}"
    several, networks = pools.several
    what = f"one orbit, function or {question.together}" if question.together else "one orbit or function"
    if several:
        yield f"never in two parts: {several} class{'es' * (several > 1)} of {what}, with {networks} networks"


def near_copies(suite: Any, checks: Sequence[str]) -> Iterator[str]:
    """What lies so near a test network that it may give its label away, though it is no copy; a line for each check.

    Args:
        suite: as loaded.
    """
    from ...checks.approximation.data import samples_of
    from ..duplicates import duplicates

    for check in suite.checks:
        if check.id not in checks:
            continue
        if sum(check.parameters["sizes"].values()) > SEEN:
            yield f"{check.id}: near copies are not looked for among more than {SEEN} networks; orbitcheck duplicates does"
            continue
        parts, _ = samples_of(check.parameters)
        before = [parts[name].weights for name in ("train", "validation")]
        tensors = {name: torch.cat([each.tensors[name] for each in before]) for name, _ in before[0].items()}
        found = duplicates(type(before[0])(before[0].space, tensors), parts["test"].weights)
        if found.groups:
            yield f"{check.id}: {len(found.groups)} near copies lie in training and in test: their labels may be known by heart"


def constant(suite: Any, check: str) -> float:
    """The error on the test set, over the variance there, of the mean of the training labels."""
    from ...checks.approximation.data import problem

    (own,) = (each for each in suite.checks if each.id == check)
    data = problem(own.parameters)
    guess = data.targets["train"].mean(0)
    return float((data.targets["test"] - guess).square().mean()) / data.variance
