"""What a zoo is: a population of trained networks, described; the registry of zoos, and how suites name them.

A recipe holds every hyper-parameter of the training, so that its digest names the weights that come of it. No torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.registry import Registry, UnknownName, did_you_mean
from ..core.result import digest
from ..weights.space import WeightSpace
from .described import Told, describe
from .entries import ZooError
from .manifest import is_manifest, split_reference


@dataclass(frozen=True)
class Zoo:
    """A population of trained networks, described.

    Args:
        name: as suites name it.
        title: one line for people.
        spaces: group name -> the weight space of the group's networks.
        recipe: plain JSON data: every hyper-parameter of the training, seeds among them, and `threads` if it is not one.
        trainer: `module:function`, imported only to build; `function(zoo, progress) -> {group: Trained}` (`trainer.py`).
        version: raised when the trainer changes what it makes of the same recipe.
        classes: names of the metadata that name a class by its number, as the digit of an image; all others are amounts.
        told: what the files of a manifest say of its networks; of the zoos that are trained, nothing.
    """

    name: str
    title: str
    spaces: Mapping[str, WeightSpace]
    recipe: Mapping[str, Any]
    trainer: str
    version: int = 1
    classes: tuple[str, ...] = ()
    told: Told = field(default_factory=Told)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the weights, up to the machine and the version of torch."""
        spaces = {group: space.to_json() for group, space in self.spaces.items()}
        if is_manifest(self.name):
            return digest([self.version, self.trainer, spaces, self.recipe])
        return digest([self.name, self.version, self.trainer, spaces, self.recipe])

    @property
    def stem(self) -> str:
        """Of the files that the cache keeps of it."""
        name = (
            self.name.replace("\\", "/").rpartition("/")[2].partition(".")[0] if is_manifest(self.name) else self.name
        )
        return f"{name}-{self.digest[:16]}"

    def group(self, name: str | None) -> str:
        """The group of that name, or for None the only one.

        Raises:
            UnknownName: there is no such group, or several and none was named.
        """
        if name is None and len(self.spaces) == 1:
            return next(iter(self.spaces))
        if name is None:
            raise UnknownName(
                f'zoo "{self.name}" has several groups; name one, as in "{self.name}/{next(iter(self.spaces))}"; available: {", ".join(self.spaces)}'
            )
        if name not in self.spaces:
            raise UnknownName(f'zoo "{self.name}" has no group "{name}"{did_you_mean(name, self.spaces)}')
        return name


class Zoos(Registry[Zoo]):
    """The registered zoos; a name that is a path to a manifest is the zoo that it describes."""

    def __getitem__(self, name: str) -> Zoo:
        if name not in self and not is_manifest(name) and os.path.exists(name):
            raise UnknownName(
                f"{name}: files of your own stand for a zoo under a manifest, as in files: {name}; orbitcheck zoo check {name} tells it"
            )
        if name in self or not is_manifest(name):
            return super().__getitem__(name)
        try:
            title, spaces, recipe, told = describe(name)
        except ZooError as error:
            raise UnknownName(str(error)) from None
        trainer = "orbitcheck.harness.zoo.imported:train"
        return Zoo(name, title, spaces, recipe, trainer, classes=tuple(told.words), told=told)


ZOOS: Zoos = Zoos("zoo")


def zoo(
    name: str,
    title: str,
    *,
    spaces: Mapping[str, WeightSpace],
    recipe: Mapping[str, Any],
    trainer: str,
    version: int = 1,
    classes: tuple[str, ...] = (),
) -> Zoo:
    """Register a zoo; arguments are those of `Zoo`.

    Raises:
        DuplicateName: a zoo of that name is there.
        ValueError: a trainer that does not read as module:function, or a recipe that is no JSON data.
    """
    if not re.fullmatch(r"[\w.]+:\w+", trainer):
        raise ValueError(f"zoo {name}: trainer {trainer!r} does not read as module:function")
    made = Zoo(name, title, spaces, recipe, trainer, version, classes)
    try:
        _ = made.digest
    except TypeError as error:
        raise ValueError(f"zoo {name}: the recipe is no plain JSON data ({error})") from None
    ZOOS.add(name, made)
    return made


def parse_reference(reference: str) -> tuple[Zoo, str]:
    """Zoo and group of `name` or `name/group`, as suites write it; the name may be a path to a manifest.

    Raises:
        UnknownName: no such zoo or group, or a group is needed and missing; with the nearest match.
    """
    name, group = split_reference(reference)
    zoo = ZOOS[name]
    return zoo, zoo.group(group)
