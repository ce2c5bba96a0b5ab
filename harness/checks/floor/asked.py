"""The floors of a label in plain Python: what no network of a power can go below on a population of networks.

Law: `floor(...)` gives for orbits, 1-WL classes by round and functions the least squared error over variance that any map can have
on these very networks which is constant there (docs/floor.md). All is exact, in the floats as they are or in a coarser form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...core.registry import UnknownName, did_you_mean
from ...oracles.audit import formed
from ...oracles.levels.floors import LabelFloors, LevelFloor, Says, label_floors
from ...oracles.levels.labels import Labels, labelled
from ...oracles.levels.partitions import Level, Nets, levels
from ...oracles.orbit import SECONDS
from ...weights.batch import Weights, exact_tensor
from ...weights.space import SpaceError

if TYPE_CHECKING:
    from ...zoo.recipe import Zoo

GIVEN = "weights"
"""The name of a population that has none."""


class Labelled(Protocol):
    """A population: a batch of weights, and per name what is known of each network, `[batch]` or `[batch, k]`."""

    @property
    def weights(self) -> Weights: ...

    @property
    def metadata(self) -> Any: ...


def floor(
    population: str | Weights | Labelled | Sequence[Weights | Labelled],
    label: Any,
    *,
    form: str = "float",
    classes: bool | None = None,
    names: Sequence[str] | None = None,
    seconds: float = SECONDS,
) -> LabelFloors:
    """What no network of a power can go below: the least error over variance at orbit, 1-WL by round, and function level.

    Args:
        population: a zoo as suites name it, `Weights` with one channel, or a list of either kind; in several spaces if need be.
        label: name of what the zoo knows of its networks, or one value (or vector) a network, in their order.
        form: as `--form` of `orbitcheck audit`: weights are compared as stored, or as 8-bit, pruned-50%, ...
        classes: whether the label names classes (one-hot, and the share of wrong answers beside); left out, texts and truth values
            do, in a manifest's tables too, and numbers where the zoo says so.
        names: of the networks, for what is told of the costliest classes; left out, a manifest's are called by their files, all
            others by their numbers.
        seconds: budget of each canonical labelling; past it orbits are finer than the truth, and floors lower.

    Raises:
        UnknownName: no such zoo, group or label.
        ValueError: labels that do not fit, are not finite, or a form that is none.
        SpaceError: what is no population, weights of several channels, or that are not finite.
        ZooError: a zoo that cannot be built.
    """
    [found] = floors(population, label, forms=[form], classes=classes, names=names, seconds=seconds)
    return found


def floors(
    population: str | Weights | Labelled | Sequence[Weights | Labelled],
    label: Any,
    *,
    forms: Sequence[str],
    classes: bool | None = None,
    names: Sequence[str] | None = None,
    seconds: float = SECONDS,
) -> list[LabelFloors]:
    """As `floor`, in several forms."""
    title, parts = _parts(population)
    zoo, groups = _zoo_of(population)
    if zoo is not None and isinstance(label, str) and label in zoo.told.lacking:
        raise ValueError(f"{zoo.name}: {label} is no label: {zoo.told.lacking[label]}")
    if classes is None and zoo is not None and isinstance(label, str) and label in zoo.classes:
        classes = True
    known = _labels(label, [metadata for _, metadata in parts], classes)
    if zoo is not None and known.classes and label in zoo.told.words:
        words = zoo.told.words[label]
        known = replace(known, classes=tuple(words[int(float(place))] for place in known.classes))
    batches = [part for part, _ in parts]
    count = sum(part.batch for part in batches)
    if len(known.values) != count:
        raise ValueError(f'label "{known.name}" has {len(known.values)} values for {count} networks')
    if names is not None and len(names) != count:
        raise ValueError(f"{len(names)} names for {count} networks")
    if names is None and zoo is not None and zoo.told.names:
        names = [name for group in groups for name in zoo.told.names[group]]
    called = list(names) if names is not None else _numbers(batches)
    nets, order = _by_space(batches)
    known, called = replace(known, values=known.values[order]), [called[net] for net in order]
    spaces = tuple(str(space) for space, _ in nets)
    return [
        label_floors(_levels(nets, form, seconds), known, called, population=title, spaces=spaces, form=form)
        for form in forms
    ]


def _by_space(batches: Sequence[Weights]) -> tuple[Nets, list[int]]:
    """The networks of each space together, and the places that they had."""
    starts = np.cumsum([0, *(batch.batch for batch in batches)])
    nets, order = [], []
    for space in dict.fromkeys(batch.space for batch in batches):
        own = [number for number, batch in enumerate(batches) if batch.space == space]
        arrays = [_arrays(batches[number]) for number in own]
        nets.append((space, {name: np.concatenate([each[name] for each in arrays]) for name in space.axes}))
        order += [net for number in own for net in range(starts[number], starts[number + 1])]
    return nets, order


def _levels(nets: Nets, form: str, seconds: float) -> tuple[Level, ...]:
    return levels([(space, formed(arrays, form)) for space, arrays in nets], seconds=seconds)


def _parts(population: Any) -> tuple[str, list[tuple[Weights, Any]]]:
    """Name of the population, and per batch its weights and metadata."""
    if isinstance(population, str):
        from ...zoo.population import populations

        return population, [(part.weights, part.metadata) for part in populations(population)]
    listed = population if isinstance(population, Sequence) else [population]
    for part in listed:
        if not isinstance(part, Weights) and not (hasattr(part, "weights") and hasattr(part, "metadata")):
            raise SpaceError(
                f"got a {type(part).__name__}; allowed: the name of a zoo, Weights (load_weights reads them from files), or a list of them"
            )
    parts = [(part, {}) if isinstance(part, Weights) else (part.weights, part.metadata) for part in listed]
    if not parts:
        raise ValueError("a population has at least one network")
    return GIVEN, parts


def _arrays(weights: Weights) -> dict[str, np.ndarray]:
    if weights.channels != 1:
        raise SpaceError(f"a plain weight vector has one channel, this batch has {weights.channels}")
    return {name: exact_tensor(tensor.detach()[..., 0], name).cpu().numpy() for name, tensor in weights.items()}


def _labels(label: Any, metadata: Sequence[Any], classes: bool | None) -> Labels:
    if not isinstance(label, str):
        return labelled("label", _plain(label), classes=classes)
    available = [name for name in metadata[0] if all(name in each for each in metadata)]
    if label not in available:
        raise UnknownName(f'unknown label "{label}"{did_you_mean(label, available)}')
    return labelled(label, np.concatenate([_plain(each[label]) for each in metadata]), classes=classes)


def _plain(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)


def _zoo_of(population: Any) -> tuple[Zoo | None, list[str]]:
    """The zoo that a population is of, and which of its groups it has."""
    if not isinstance(population, str):
        return None, []
    from ...zoo.manifest import split_reference
    from ...zoo.recipe import ZOOS

    name, group = split_reference(population)
    zoo = ZOOS[name]
    return zoo, list(zoo.spaces) if group is None else [zoo.group(group)]


def _numbers(parts: Iterable[Weights]) -> list[str]:
    """Names of networks that have none: their numbers, with their widths, or the space, where there are several spaces."""
    listed = list(parts)
    if len({part.space for part in listed}) == 1:
        return [str(number) for number in range(sum(part.batch for part in listed))]
    titles = ["-".join(map(str, part.space.widths)) if part.space.is_mlp else str(part.space) for part in listed]
    return [f"{title}[{number}]" for title, part in zip(titles, listed, strict=True) for number in range(part.batch)]


def noted(population: str, label: str) -> list[str]:
    """What a manifest's zoo says of its label, in lines."""
    zoo, _ = _zoo_of(population)
    return [] if zoo is None else [line for line in zoo.told.notes if line.startswith(f"label {label} ")]


def told(found: LabelFloors) -> Iterator[str]:
    """The floors as a page: how many classes have several networks, the floors, the classes that cost most."""
    kind = f"{found.label_classes} classes" if found.label_classes else f"variance {found.variance:.4g}"
    yield f"{found.population}, {found.form}: {found.nets} networks of {', '.join(found.spaces)}; {found.label} ({kind})"
    if found.silent:
        yield f"0 classes with more than one network: {Says.NOTHING}; {_advice(found)}"
        return
    rows = [("level", "shared", "networks", "classes", "least error", "wrong", found.label)]
    rows += [_row(level) for level in found.levels]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
    yield "shared: classes with more than one network, and the networks in them; least error: over the variance"
    shown: set[object] = set()
    for level in found.levels:
        if level.costliest and level.costliest not in shown:
            yield f"costliest classes at {level.level}:"
            for costly in level.costliest:
                more = f" and {costly.size - len(costly.networks)} more" if costly.size > len(costly.networks) else ""
                yield f"  {costly.share:.1%}: {costly.values} ({', '.join(costly.networks)}{more})"
        shown.add(level.costliest)


def _row(level: LevelFloor) -> tuple[str, ...]:
    least = f"{level.relative:.4g}"
    if level.upper is not None and level.upper > level.relative:
        least = f"{least} to {level.upper:.4g}"
    wrong = "-" if level.wrong is None else f"{level.wrong:.1%}"
    return level.level, str(level.shared), str(level.networks), str(level.classes), least, wrong, str(level.says)


def _advice(found: LabelFloors) -> str:
    told_apart = all(level.upper is None for level in found.levels)
    which = "they compute pairwise different functions" if told_apart else "some may compute one function"
    return f"{which}; coarser forms may share classes (--form 8-bit, 2-bit, pruned-50%, ...)"
