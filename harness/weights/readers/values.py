"""Stored numbers as float64, exactly: halves, bfloat16 and float8 as they are, integers times their scales.

Law: a value is the very number that is stored, or the exact product of the stored integer and its scale; what float64 would round is refused.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch

from ...core.registry import did_you_mean, nearest
from ..exact import exact
from ..space import SpaceError
from .records import Cause, ReadError, State

Tensors = dict[str, torch.Tensor]
"""Entry name -> tensor as stored, in the order of the file."""


@dataclass(frozen=True)
class Stored:
    """What a file holds.

    Args:
        networks: entry -> its tensors; the one entry of a file with one network is empty.
        said: what was taken to be the network, where there was a choice, in lines.
        ignored: names of what is no tensor and was to be ignored.
        activation: between the layers, where the file says it.
        problem: why the layers are no chain, where the file says it.
        mixed: what the file says is applied between layers, where that is no one activation.
    """

    networks: Mapping[str, Tensors]
    said: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    activation: str | None = None
    problem: str = ""
    mixed: str = ""


LONGEST_LIST = 8
"""Names that one line lists."""
PREFIXES = ("module.", "_orig_mod.")
"""What `DataParallel` and `torch.compile` put before every name."""
NO_WEIGHTS = re.compile(r"(^|\.)(num_batches_tracked|position_ids|total_ops|total_params|n_averaged)$")
"""Entries that count and number, no weights of any function."""
SCALES = re.compile(
    r"(?:(?<=\.)|(?<=_)|^)(weight_scale_inv|weight_scale|weight\.scale|weight_scales|scales|weight\.scales)$"
)
SHIFTS = re.compile(r"(weight_zero_point|weight\.zero_point|zeros|zero_points|qzeros)$")
OTHER_CODES = re.compile(
    r"(^|\.)(SCB|absmax|quant_map|qweight|g_idx|weight\.(absmax|quant_map|nested_absmax|quant_state.*))$"
)
"""Codes of libraries whose values are no exact products."""


def values(tensors: Tensors, ignore: Sequence[str] = (), ignored: Container[str] = ()) -> tuple[State, tuple[str, ...]]:
    """One network's entries as float64 arrays, prefixes of wrappers taken off and scales multiplied in; and what is to be said of them.

    Args:
        ignore: names of entries that are no weights, or patterns of them, with the wrappers' prefixes or without.
        ignored: names that are passed over already.

    Raises:
        ReadError: numbers that are not finite, that float64 would round, or that are codes of another kind; nothing of a name that is to
            be ignored.
    """
    counted = {key: tensor for key, tensor in tensors.items() if not NO_WEIGHTS.search(key) and not fits(key, ignore)}
    names = without_prefixes(list(counted))
    held = {names[key]: tensor for key, tensor in counted.items() if not fits(names[key], ignore)}
    there = {*tensors, *without_prefixes(list(tensors)).values(), *names.values()}
    absent = next((name for name in ignore if name not in there and name not in ignored and not is_pattern(name)), None)
    if absent is not None:
        raise ReadError(Cause.SHAPES, f"has no {absent}, which is to be ignored{did_you_mean(absent, there, 8)}")
    coded = next((name for name in held if OTHER_CODES.search(name)), None)
    if coded is not None:
        raise ReadError(
            Cause.NUMBERS, f"{coded} belongs to codes that no exact number is read from; save the weights as floats"
        )
    try:
        scaled = _scaled(_masked(held))
        state = {name: _array(tensor, name) for name, tensor in scaled.items()}
    except SpaceError as error:
        raise ReadError(Cause.NUMBERS, str(error)) from None
    for name, array in state.items():
        if not np.isfinite(array).all():
            raise ReadError(
                Cause.NUMBERS,
                f"{name} holds numbers that are NaN or infinite; leave the file out, or --ignore {name} if it is no weight",
            )
    whole = [
        f"{name} ({_kind(tensor)})"
        for name, tensor in scaled.items()
        if not tensor.is_floating_point() and not tensor.is_quantized
    ]
    more = f" and {len(whole) - 3} more" if len(whole) > 3 else ""
    said = f"integers without a scale beside them are taken as the numbers that they are: {', '.join(whole[:3])}{more}"
    return state, (said,) if whole else ()


def _kind(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of the patterns, or fits one."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def is_pattern(name: str) -> bool:
    """Whether it may fit other names than itself."""
    return any(sign in name for sign in "*?[")


def under(tensors: Tensors, key: str | None) -> Tensors:
    """The entries below a path, in names parted by dots or slashes; all of them, where none is asked for.

    Raises:
        ReadError: nothing lies below it.
    """
    if key is None:
        return tensors
    for parting in (".", "/"):
        start = f"{key.replace('.', parting)}{parting}"
        found = {name.removeprefix(start): one for name, one in tensors.items() if name.startswith(start)}
        if found:
            return found
    raise no_key(key, dict.fromkeys(name.replace("/", ".").partition(".")[0] for name in tensors))


def no_key(key: str, there: Iterable[Any]) -> ReadError:
    """That nothing lies under a key."""
    names = [str(name) for name in there]
    near = nearest(key, names)
    more = f" and {len(names) - LONGEST_LIST} more" if len(names) > LONGEST_LIST else ""
    told = f'; did you mean "{near}"?' if near else f"; there: {', '.join(names[:LONGEST_LIST]) or 'nothing'}{more}"
    return ReadError(Cause.CONTENT, f"has nothing under --key {key}{told}")


def without_prefixes(names: list[str]) -> dict[str, str]:
    """Name -> name without the prefixes that all of them have."""
    short = {name: name for name in names}
    while True:
        prefix = next((p for p in PREFIXES if names and all(one.startswith(p) for one in short.values())), None)
        if prefix is None:
            break
        short = {name: one.removeprefix(prefix) for name, one in short.items()}
    # torch.compile of a part puts it in the middle
    cleaned = {name: one.replace("._orig_mod.", ".").replace("_orig_mod.", "") for name, one in short.items()}
    return cleaned if len(set(cleaned.values())) == len(names) else short


def _array(tensor: torch.Tensor, name: str) -> np.ndarray:
    """The tensor as a float64 array.

    Raises:
        SpaceError: a sparse or complex tensor, or what float64 would round.
    """
    held = tensor.detach()
    if held.is_meta:
        raise SpaceError(f"{name} is stored without its numbers (on the device meta); load the model before saving it")
    if held.layout != torch.strided:
        raise SpaceError(f"{name} is stored as {held.layout}, not as a plain tensor; save it with .to_dense()")
    if held.is_quantized:
        return _dequantised(held, name)
    if held.is_floating_point():
        try:
            return held.cpu().to(torch.float64).numpy()
        except (NotImplementedError, RuntimeError):  # two numbers of four bits in a byte, and what comes next
            raise SpaceError(
                f"{name} is stored as {held.dtype}, which is not read; save it as floats of 8 bits or more"
            ) from None
    return exact(held.cpu().numpy(), name)


def _dequantised(tensor: torch.Tensor, name: str) -> np.ndarray:
    """torch's own quantised tensors: `(code - zero) scale`, per tensor or per channel."""
    codes = tensor.int_repr().numpy().astype(np.float64)
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return product(codes - tensor.q_zero_point(), np.asarray(tensor.q_scale()), name)
    shape = [1] * codes.ndim
    shape[tensor.q_per_channel_axis()] = -1
    zeros = tensor.q_per_channel_zero_points().numpy().astype(np.float64).reshape(shape)
    return product(codes - zeros, tensor.q_per_channel_scales().double().numpy().reshape(shape), name)


def _masked(held: Tensors) -> Tensors:
    """Entries with the masks of torch's pruning multiplied in: `weight_orig` times `weight_mask` is the weight that the network uses.

    Raises:
        ReadError: as `product`.
    """
    made: Tensors = {}
    for name, tensor in held.items():
        stem, _, kind = name.rpartition("_")
        own = held.get(f"{stem}_{'mask' if kind == 'orig' else 'orig'}") if kind in ("orig", "mask") else None
        if own is None or own.shape != tensor.shape:
            made[name] = tensor
        elif kind == "orig":
            made[stem] = torch.from_numpy(product(_array(tensor, name), _array(own, f"{stem}_mask"), stem))
    return made


def _scaled(held: Tensors) -> Tensors:
    """Entries with their scales multiplied in, and the scales left out.

    A scale is one number, or one a row, of the weight beside it: as in "layer.weight_scale" of "layer.weight".
    """
    found: dict[str, str] = {}
    for name in held:
        match = SCALES.search(name)
        if match:
            weight = name[: match.start()] + "weight"
            if weight not in held:
                continue
            if weight in found:
                raise ReadError(
                    Cause.NUMBERS, f"{weight} has two scales, {found[weight]} and {name}; leave one out with --ignore"
                )
            found[weight] = name
    shifts = {name[: match.start()] + "weight": name for name in held if (match := SHIFTS.search(name))}
    alone = next((weight for weight in shifts if weight in held and weight not in found), None)
    if alone is not None:
        raise ReadError(
            Cause.NUMBERS,
            f"{alone} has a zero point, {shifts[alone]}, and no scale beside it; save the weights as floats, or the scale as {alone}_scale",
        )
    changed: Tensors = {}
    for name, tensor in held.items():
        if name in found.values() or name in shifts.values():
            continue
        changed[name] = tensor
        if name in found:
            codes = _array(tensor, name)
            rows = codes.shape[0] if codes.ndim else 1
            factor = _factor(_array(held[found[name]], found[name]), rows, codes.ndim, found[name])
            if name in shifts:
                codes = codes - _factor(_array(held[shifts[name]], shifts[name]), rows, codes.ndim, shifts[name])
            changed[name] = torch.from_numpy(product(codes, factor, name))
    return changed


def _factor(scale: np.ndarray, rows: int, rank: int, name: str) -> np.ndarray:
    """One number, or one a row, shaped so that it multiplies rows."""
    if scale.size == 1:
        return scale.reshape(())
    if scale.size == rows == scale.shape[0]:
        return scale.reshape(rows, *[1] * (rank - 1))
    raise ReadError(
        Cause.NUMBERS,
        f"{name} has the shape {scale.shape}; allowed: one number, or one for each of {rows} rows; save the weights as floats",
    )


def product(codes: np.ndarray, factor: np.ndarray, name: str) -> np.ndarray:
    """`codes * factor`, exactly.

    Raises:
        ReadError: a product that float64 would round.
    """
    with np.errstate(all="ignore"):
        made = codes * factor
        # Veltkamp and Dekker: the rounding error of a product, from halves of 26 bits
        high_a, high_b = _upper_half(codes), _upper_half(np.broadcast_to(factor, codes.shape))
        low_a, low_b = codes - high_a, factor - high_b
        error = ((high_a * high_b - made) + high_a * low_b + low_a * high_b) + low_a * low_b
    if not bool(np.isfinite(made).all()):
        raise ReadError(Cause.NUMBERS, f"{name} times its scale is not finite; save the weights as floats")
    tiny = (made != 0) & (np.abs(made) < 2.0**-960)
    if np.any(error != 0) or np.any(tiny) or np.any((made == 0) & (codes != 0) & (factor != 0)):
        raise ReadError(
            Cause.NUMBERS, f"{name} times its scale is a number that float64 would round; save the weights as floats"
        )
    return made


def _upper_half(values: np.ndarray) -> np.ndarray:
    big = values * 134217729.0
    return big - (big - values)
