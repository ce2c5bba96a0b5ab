"""The floors of labels: what no map of a power can go below on a population, with the classes that cost most.

Law: a map that is constant on the classes of a partition has at least the squared error that the mean of each class has
(`oracles/floors.py`); of labels that name classes, at least the share is wrong that is in the minority of its class. Floors
hold for these very networks and labels, and are not always reached. Where all classes are single networks they say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...core.evidence import Evidence
from ..floors import functional_floor
from .labels import Labels
from .partitions import Level

COSTLIEST, SHOWN = 5, 8
"""Classes that are named a level, and networks of one."""


class Says(StrEnum):
    """What a partition says of a label."""

    NOTHING = "says nothing at this precision"
    CONSTANT = "constant on every class"
    VARIES = "varies inside classes"


@dataclass(frozen=True, slots=True)
class CostlyClass(Evidence):
    """One class and what it costs.

    Args:
        size: networks in it.
        networks: the first of them, by name.
        share: of the level's floor.
        values: of the label inside it: its least and greatest amount in the column that costs most, or how often each class is named.
    """

    size: int
    networks: tuple[str, ...]
    share: float
    values: str


@dataclass(frozen=True, slots=True, repr=False)
class LevelFloor(Evidence):
    """What no map of one power can go below.

    Args:
        level: orbit, 2-fwl, 2-fwl-1, 1-wl, 1-wl-2, function, ...
        shared: classes with more than one network, `networks` the networks in them; `classes` all.
        says: of the label.
        mse: least mean squared error; `relative` over the variance of the label, 0 for a constant one.
        upper: where equality could not be decided for all, what `relative` is if all that may be equal is; else None.
        wrong: least share of wrong answers, of labels that name classes; else None.
        costliest: the classes with the largest parts of the floor.
    """

    level: str
    shared: int
    networks: int
    classes: int
    says: str
    mse: float
    relative: float
    upper: float | None
    wrong: float | None
    costliest: tuple[CostlyClass, ...]

    def __repr__(self) -> str:
        least = f"{self.relative:.4g}" + ("" if self.upper is None else f" to {self.upper:.4g}")
        return f"LevelFloor({self.level}: {least}, {self.networks} networks in {self.shared} shared classes)"


@dataclass(frozen=True, slots=True, repr=False)
class LabelFloors(Evidence):
    """The floors of one label on one population in one form.

    Args:
        population: its name.
        spaces: of its networks.
        nets: how many.
        label: its name.
        label_classes: how many classes it names, None for amounts.
        form: in which weights are compared: float, 8-bit, pruned-50%, ...
        variance: of the label; squared errors are held against it.
        levels: strongest power first.
    """

    population: str
    spaces: tuple[str, ...]
    nets: int
    label: str
    label_classes: int | None
    form: str
    variance: float
    levels: tuple[LevelFloor, ...]

    def __repr__(self) -> str:
        whole = ", ".join(
            f"{level.level} {level.relative:.4g}" for level in self.levels if not level.level[-1].isdigit()
        )
        found = str(Says.NOTHING) if self.silent else whole
        return f"LabelFloors({self.label} of {self.nets} networks as {self.form}: {found})"

    @property
    def silent(self) -> bool:
        """Whether every network is alone at every level, so that nothing is said of any label."""
        return all(level.says == Says.NOTHING for level in self.levels)

    def at(self, level: str) -> LevelFloor:
        """The floor at a level.

        Raises:
            LookupError: there is none of that name; a later round than the last that is listed is the stable one's.
        """
        for found in self.levels:
            if found.level == level:
                return found
        for stable in ("1-wl", "2-fwl"):
            if level.startswith(f"{stable}-"):
                return self.at(stable)
        raise LookupError(f'no level "{level}"; there are {", ".join(found.level for found in self.levels)}')


def label_floors(
    found: Sequence[Level], labels: Labels, names: Sequence[str], *, population: str, spaces: Sequence[str], form: str
) -> LabelFloors:
    """The floors of a label at every level.

    Args:
        found: the levels of the population (`partitions.levels`).
        names: of its networks.

    Raises:
        ValueError: labels for another number of networks.
    """
    if len(labels.values) != len(names):
        raise ValueError(f'label "{labels.name}" has {len(labels.values)} values for {len(names)} networks')
    return LabelFloors(
        population=population,
        spaces=tuple(spaces),
        nets=len(names),
        label=labels.name,
        label_classes=len(labels.classes) or None,
        form=form,
        variance=functional_floor(np.zeros(len(names), dtype=np.int64), labels.values).mse,
        levels=tuple(level_floor(level, labels, names) for level in found),
    )


def level_floor(level: Level, labels: Labels, names: Sequence[str]) -> LevelFloor:
    """The floor at one level."""
    floor = functional_floor(level.members, labels.values)
    sizes = np.bincount(level.members)
    shared = sizes > 1
    upper = None if level.most is None else functional_floor(level.most, labels.values)
    return LevelFloor(
        level=level.name,
        shared=int(shared.sum()),
        networks=int(sizes[shared].sum()),
        classes=floor.classes,
        says=str(Says.NOTHING if not shared.any() else Says.VARIES if floor.mse > 0 else Says.CONSTANT),
        mse=floor.mse,
        relative=floor.relative,
        upper=None if upper is None or upper.classes == floor.classes else upper.relative,
        wrong=_wrong(level.members, labels) if labels.classes else None,
        costliest=_costliest(level.members, labels, names),
    )


def _wrong(members: np.ndarray, labels: Labels) -> float:
    """The share of networks whose label is in the minority of its class."""
    counts = np.zeros((int(members.max()) + 1, len(labels.classes)))
    np.add.at(counts, members, labels.values)
    return 1 - float(counts.max(axis=1).sum()) / len(members)


def _costliest(members: np.ndarray, labels: Labels, names: Sequence[str]) -> tuple[CostlyClass, ...]:
    """The classes with the largest sums of squares around their own mean."""
    order = np.argsort(members, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(members[order])) + 1)
    costs = [(_squares(labels.values[part]).sum(), part) for part in parts if len(part) > 1]
    total = math.fsum(cost for cost, _ in costs)
    dear = sorted((each for each in costs if each[0] > 0), key=lambda each: (-each[0], each[1][0]))[:COSTLIEST]
    return tuple(
        CostlyClass(
            len(part),
            tuple(names[int(net)] for net in part[:SHOWN]),
            float(cost / total),
            _told(labels.values[part], labels),
        )
        for cost, part in dear
    )


def _squares(values: np.ndarray) -> np.ndarray:
    """Per column the sum of squares around the mean; exactly 0 where all values agree."""
    centred = values - values[0]
    return ((centred - centred.mean(axis=0)) ** 2).sum(axis=0)


def _told(values: np.ndarray, labels: Labels) -> str:
    if labels.classes:
        counts = values.sum(axis=0).astype(int)
        return ", ".join(
            f"{labels.classes[at]}: {counts[at]}" for at in np.argsort(-counts, kind="stable") if counts[at]
        )
    column = values[:, int(np.argmax(_squares(values)))]
    return f"{column.min():.6g} to {column.max():.6g}"
