"""Adapters of low rank, as PEFT, diffusers and kohya's scripts save them: each pair `up [out, r]`, `down [r, in]` of one layer.

Law: a layer's change is `up down`, so the r between the two may be permuted (and more, as the constructor lora says); inputs and outputs belong to the
model that is adapted, and are numbered. Names say which is which: lora_A and lora_B, down and up.
"""

from __future__ import annotations

import re
from math import prod

from ..algebra.roles import AxisRole, Roles, Standing
from ..networks.dense import lora
from ..space import SpaceError, WeightSpace
from .records import Cause, ReadError, State
from .wiring import Part, Wired

DOWN = re.compile(
    r"(?P<layer>.*?)[._](?P<word>lora_A|lora\.down|lora_down|lora_embedding_A)(?:\.(?P<name>[^.]+))??(?:\.weight)?$"
)
UP_OF = {"lora_A": "lora_B", "lora.down": "lora.up", "lora_down": "lora_up", "lora_embedding_A": "lora_embedding_B"}
SCALE = re.compile(r"[._](alpha|lora_alpha)$")
"""Factors of the product, which no permutation moves and no function is compared without: they are said, and left out."""
FIXED = re.compile(r"\.lora_magnitude_vector(\.[^.]+)?(\.weight)?$")
"""DoRA's lengths of rows."""


def is_adapter(state: State) -> bool:
    """Whether any entry is one half of a pair of low rank."""
    return any(DOWN.match(name) for name in state)


def wired_adapter(state: State) -> Wired:
    """The space of an adapter: `A`, `B` of each layer, whose common axis is permuted.

    Raises:
        ReadError: half a pair, ranks that differ, or an entry that belongs to no pair.
    """
    tensors: list[tuple[str, tuple[str, ...]]] = []
    sizes: dict[str, int] = {}
    parts: list[Part] = []
    taken: set[str] = set()
    for name in state:
        match = DOWN.match(name)
        if match is None:
            continue
        start, end = match.span("word")
        other = name[:start] + UP_OF[match["word"]] + name[end:]
        if other not in state:
            raise ReadError(
                Cause.SHAPES,
                f"has {name} without {other}, its other half; save the whole adapter, or leave it out with --ignore {name}",
            )
        down, up = state[name], state[other]
        if down.ndim < 2 or up.ndim < 2 or down.shape[0] != up.shape[1]:
            raise ReadError(
                Cause.SHAPES,
                f"{other} of shape {up.shape} does not follow {name} of shape {down.shape}: their ranks differ; save the adapter anew",
            )
        taken |= {name, other}
        number = len(taken) // 2
        rank = f"r{number}"
        sizes |= {f"in{number}": down.shape[1], f"out{number}": up.shape[0], rank: down.shape[0]}
        for tensor, entry, axes in (
            (f"A{number}", name, (rank, f"in{number}")),
            (f"B{number}", other, (f"out{number}", rank)),
        ):
            shape = state[entry].shape
            places = tuple(f"{tensor}{place}" for place, size in enumerate(shape[2:]) if size > 1)
            sizes |= dict(zip(places, (size for size in shape[2:] if size > 1), strict=True))
            kept = (*shape[:2], *(size for size in shape[2:] if size > 1))
            tensors.append((tensor, (*axes, *places)))
            parts.append(Part(tensor, entry, kept, tuple(range(len(kept)))))
    assumed = ["halves of an adapter go together as their names say"]
    for name in state:
        if name in taken:
            continue
        if SCALE.search(name) and prod(state[name].shape) == 1:
            if len(assumed) == 1:
                assumed.append("factors alpha of adapters are no part of the space")
            continue
        if not FIXED.search(name):
            raise ReadError(
                Cause.AMBIGUOUS,
                f"{name} belongs to no pair of an adapter; leave it out with --ignore {name}, or a manifest says what it is",
            )
        axis = f"m{len(parts)}"
        sizes[axis] = state[name].size
        tensors.append((axis, (axis,)))
        parts.append(Part(axis, name, (state[name].size,), (0,)))
    ranks = tuple(axis for axis in sizes if re.fullmatch(r"r\d+", axis))
    try:
        roles = Roles(tuple(AxisRole(axis, Standing.LINEAR) for axis in ranks))
        space = _as_made(WeightSpace(tuple(tensors), tuple(sizes.items()), ranks, "identity", roles))
    except SpaceError as error:
        raise ReadError(Cause.SHAPES, str(error)) from None
    return Wired(space, tuple(parts), tuple(assumed))


def _as_made(space: WeightSpace) -> WeightSpace:
    """The same as the constructor makes it, which knows its function, where all pairs have one rank and nothing stands beside them."""
    numbers = range(1, len(space.permuted) + 1)
    layers = [(space.size[f"out{number}"], space.size[f"in{number}"]) for number in numbers]
    made = lora(*layers, rank=space.size["r1"]).space
    return made if (made.tensors, made.size, made.permuted) == (space.tensors, space.size, space.permuted) else space
