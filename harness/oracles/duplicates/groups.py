"""All that is alike in a set of networks: the strictest likeness first, each network linked once to what it belongs to.

Law: two networks are in one group iff a chain of links connects them, and every link has its witness: `g v = w` applied and compared,
equal forms in rationals, or a measured distance. What is alike in a stricter way is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...weights.networks.forms import has_function
from ...weights.pair import Vector
from ...weights.space import WeightSpace
from ..classes import orbit_classes
from ..refinement import stacked
from ..tuples.orbits import orbit_classes as orbits_of_a_space
from ..tuples.orbits import same_orbit
from .functions import function_links
from .links import Forest, Groups, Likeness, Link
from .near import SHARE, Population, measured, near_links, nearest, normal

Nets = Sequence[tuple[WeightSpace, Vector]]


def groups(
    nets: Nets, *, share: float = SHARE, spread: bool = False, say: Callable[[str], None] = lambda line: None
) -> Groups:
    """The groups of a set.

    Args:
        nets: space and arrays of each; weights are compared within a space, functions of MLPs across widths, of others within a space.
        share: of the median matched distance, up to which networks are near copies.
        spread: whether to measure each network's distance to the nearest other one, for figures.
        say: is told what is going on.

    Raises:
        SpaceError: arrays that do not fit their space or are not finite.
    """
    forest, links, scales, near = Forest(len(nets)), [], [], []

    def join(link: Link) -> None:
        if forest.join(link.first, link.second):
            links.append(link)

    spaces: dict[WeightSpace, list[int]] = {}
    for number, (space, _) in enumerate(nets):
        spaces.setdefault(space, []).append(number)
    held: dict[WeightSpace, tuple[np.ndarray, dict[str, np.ndarray]]] = {}
    for space, own in spaces.items():
        say(f"{len(own)} networks of {space}")
        arrays = stacked(space, {name: np.stack([nets[i][1][name] for i in own]) for name in space.axes})
        numbers = np.array(own)
        numbers, arrays = _identical(space, numbers, arrays, join)
        held[space] = _permuted(space, numbers, arrays, join)
    unasked = [
        f"{space}: its function is not known, so functions are not compared"
        for space in held
        if not has_function(space)
    ]
    ends: dict[object, list[tuple[int, WeightSpace, Vector]]] = {}
    for space, (numbers, arrays) in held.items():
        if has_function(space):
            alike = (space.activation, space.widths[0], space.widths[-1]) if space.is_mlp else space
            together = ends.setdefault(alike, [])
            together += [
                (number, space, {name: array[place] for name, array in arrays.items()})
                for place, number in enumerate(numbers.tolist())
            ]
    for together in ends.values():
        say(f"{len(together)} functions")
        for link in function_links([(space, v) for _, space, v in together], [number for number, *_ in together]):
            join(link)
    for space, (numbers, arrays) in held.items():
        if len(numbers) < 2:
            continue
        say(f"near copies among {len(numbers)}")
        population = Population(space, arrays)
        scale = measured(population)
        scales.append(scale)
        links += near_links(population, scale, forest, numbers, share)
        beyond = normal(space, arrays)
        if beyond is not None:
            links += near_links(beyond, measured(beyond), forest, numbers, share)
        if spread:
            near += zip(numbers.tolist(), nearest(population, scale), strict=True)
    links.sort(key=lambda link: (forest.root(link.first), link.second, link.first))
    return Groups(len(nets), tuple(links), tuple(scales), tuple(near), tuple(unasked))


Kept = tuple[np.ndarray, dict[str, np.ndarray]]


def _identical(space: WeightSpace, numbers: np.ndarray, arrays: dict[str, np.ndarray], join: Callable) -> Kept:
    first: dict[bytes, int] = {}
    kept = []
    for place, number in enumerate(numbers.tolist()):
        content = b"".join(arrays[name][place].tobytes() for name in space.axes)
        other = first.setdefault(content, number)
        if other == number:
            kept.append(place)
        else:
            join(Link(other, number, Likeness.IDENTICAL))
    return numbers[kept], {name: array[kept] for name, array in arrays.items()}


def _permuted(space: WeightSpace, numbers: np.ndarray, arrays: dict[str, np.ndarray], join: Callable) -> Kept:
    """Linked are those whose permutation was found, applied and compared; the others stay apart, for weight matching to find."""
    classes = orbit_classes(space, arrays) if space.is_mlp else _orbits(space, arrays)
    first: dict[int, int] = {}
    kept = []
    for place, orbit in enumerate(classes.tolist()):
        other = first.setdefault(orbit, place)
        if other != place:
            pair = [{name: array[net] for name, array in arrays.items()} for net in (other, place)]
            element = same_orbit(space, *pair).element
            if element is not None:
                join(Link(int(numbers[other]), int(numbers[place]), Likeness.PERMUTED, element))
                continue
        kept.append(place)
    return numbers[kept], {name: array[kept] for name, array in arrays.items()}


def _orbits(space: WeightSpace, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """`[n]`: the orbit of every net of a space that is no MLP's; only nets with the same entries in every tensor are asked together."""
    together: dict[bytes, list[int]] = {}
    ordered = [np.sort(array.reshape(len(array), -1) + 0.0, axis=1) for array in arrays.values()]
    for net in range(len(ordered[0])):
        together.setdefault(b"".join(each[net].tobytes() for each in ordered), []).append(net)
    orbits, count = np.zeros(len(ordered[0]), dtype=np.int64), 0
    for members in together.values():
        own = np.zeros(1, dtype=np.int64)
        if len(members) > 1:
            own = orbits_of_a_space(space, {name: array[members] for name, array in arrays.items()})[0]
        orbits[members] = own + count
        count += int(own.max()) + 1
    return orbits
