"""Stacks of transformer blocks on one shared stream: grouped heads, rotary keys, gated feed-forward layers, with or without biases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..algebra.kinds import Role
from ..algebra.roles import AxisRole, Roles, Shift, Standing
from ..function import Activation, Realisation, Tensors
from ..space import SpaceError, WeightSpace
from .dense import STANDING, Norm, normalised
from .named import named

if TYPE_CHECKING:
    import torch

BASE = 10000.0
"""Of rotary frequencies."""


@named
def transformer(
    inputs: int,
    model: int,
    heads: int,
    key: int,
    value: int,
    hidden: int,
    outputs: int,
    *,
    blocks: int = 1,
    per_group: int = 1,
    norm: Norm = "layer",
    biases: bool = True,
    gated: bool = False,
    rotary: bool = False,
    activation: str = "gelu",
) -> Realisation:
    """`x = U t + u` of tokens t, pre-norm blocks that read the stream and add to it, `V x + c` of the normalised stream.

    Of block k: `WQk[head, member, key, model]`, `WKk[head, key, model]`, `WVk[head, value, model]`, `WOk[model, head, member, value]`
    (`member` only with `per_group` > 1: as many query heads share one key and value head), `W1k[hidden, model]`,
    `W2k[model, hidden]`, gated also `W3k[hidden, model]`: `W2 (act(W1 x) * W3 x)`; biases `bQ, bK, bV, bO, b1, b2, b3`. Gains of the
    normalisation are folded into what reads the stream.

    Axes of block k end in k; `key`, `value` and `member` lie within `head`; the stream `model` is one for all blocks and carries what
    its normalisation leaves. Rotary keys keep the pairs of places that turn together, each at a frequency of its own: no permutation
    of keys is left, so the axis `key` is fixed; what commutes with the turns, a complex number a pair, is their `rotary` factor.

    Raises:
        SpaceError: no block, a size that is no positive integer, an odd number of rotary keys.
    """
    if blocks < 1 or per_group < 1 or (rotary and key % 2):
        raise SpaceError(f"{blocks} blocks, {per_group} heads a group, {key} keys; allowed: positive, even if rotary")
    tensors: list[tuple[str, tuple[str, ...]]] = [("U", ("model", "n0")), *([("u", ("model",))] if biases else [])]
    sizes: list[tuple[str, int]] = [("n0", inputs), ("model", model)]
    permuted, roles = ["model"], [AxisRole("model", STANDING[norm])]
    places: list[tuple[str, tuple[Role | None, ...]]] = []
    shifts: list[Shift] = []
    for k in range(1, blocks + 1):
        head, member, keys, values, units = (f"{axis}{k}" for axis in ("head", "member", "key", "value", "hidden"))
        group = (head, member) if per_group > 1 else (head,)
        told: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
            ("Q", (*group, keys), ("model",)), ("K", (head, keys), ("model",)), ("V", (head, values), ("model",)),
        ]  # fmt: skip
        for letter, rows, columns in told:
            tensors += [(f"W{letter}{k}", (*rows, *columns)), *([(f"b{letter}{k}", rows)] if biases else [])]
            turned = Role.OUT if letter == "K" else Role.IN
            places.append((f"W{letter}{k}", (*(turned for _ in rows), Role.OUT)))
            if biases:
                places.append((f"b{letter}{k}", tuple(turned for _ in rows)))
        tensors += [(f"WO{k}", ("model", *group, values)), *([(f"bO{k}", ("model",))] if biases else [])]
        tensors += [(f"W1{k}", (units, "model")), *([(f"b1{k}", (units,))] if biases else [])]
        tensors += [(f"W3{k}", (units, "model")), *([(f"b3{k}", (units,))] if biases else [])] if gated else []
        tensors += [(f"W2{k}", ("model", units)), *([(f"b2{k}", ("model",))] if biases else [])]
        sizes += [(head, heads), *([(member, per_group)] if per_group > 1 else []), (keys, key), (values, value)]
        sizes += [(units, hidden)]
        inner = [*([member] if per_group > 1 else []), *([] if rotary else [keys]), values]
        permuted += [head, *inner, units]
        # Members read one key and one value head each; a linear map of a key or value has to be one for all of them.
        roles += [AxisRole(head), *([AxisRole(member, within=head)] if per_group > 1 else [])]
        roles += [AxisRole(axis, Standing.LINEAR, within=head) for axis in inner if axis != member]
        roles += [AxisRole(keys, Standing.ROTARY, within=head)] if rotary else []
        roles += [
            # What is multiplied into a gated unit goes through its other half, which passes no activation.
            AxisRole(
                units, Standing.GATED if gated else Standing.HIDDEN, biases=() if gated or not biases else (f"b1{k}",)
            )
        ]
        if gated:
            places.append((f"W1{k}", (None, Role.OUT)))
            if biases:
                places.append((f"b1{k}", (None,)))
        if biases:
            # Softmax does not see what is added to all keys of a head, unless they turn; its weights add up to one, so that what is
            # added to all values is read as it is.
            shifts += [] if rotary else [Shift(keys, f"bK{k}")]
            shifts.append(Shift(values, f"bV{k}", ((f"bO{k}", f"WO{k}"),)))
            if activation == "identity" and not gated:
                shifts.append(Shift(units, f"b1{k}", ((f"b2{k}", f"W2{k}"),)))
    if biases and norm == "none":
        shifts += _of_stream(blocks, gated)
    tensors += [("V", ("m", "model")), ("c", ("m",))]
    space = WeightSpace(
        tuple(tensors),
        (*sizes, ("m", outputs)),
        tuple(permuted),
        activation,
        Roles(tuple(roles), tuple(places), tuple(shifts)),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        import torch
        from torch.nn import functional

        def read(weight: str, bias: str, of: torch.Tensor) -> torch.Tensor:
            found = torch.einsum("bptm,bnm->bptn", of, v[weight].flatten(1, -2))
            return found + v[bias].flatten(1)[:, None, None] if bias in v else found

        x = read("U", "u", x)
        for k in range(1, blocks + 1):
            normal = normalised(x, norm)
            # [batch, points, heads, tokens, entries], the query heads of a group one after the other
            asked, keys = (
                read(f"W{letter}{k}", f"b{letter}{k}", normal).unflatten(-1, (-1, key)).transpose(2, 3)
                for letter in "QK"
            )
            values = read(f"WV{k}", f"bV{k}", normal).unflatten(-1, (-1, value)).transpose(2, 3)
            if rotary:
                asked, keys = turned_by_place(asked), turned_by_place(keys)
            keys, values = (each.repeat_interleave(per_group, 2) for each in (keys, values))
            mixed = functional.scaled_dot_product_attention(asked, keys, values).transpose(2, 3).flatten(3)
            added = torch.einsum("bptn,bmn->bptm", mixed, v[f"WO{k}"].flatten(2))
            x = x + (added + v[f"bO{k}"][:, None, None] if biases else added)
            normal = normalised(x, norm)
            inner = phi(read(f"W1{k}", f"b1{k}", normal))
            inner = inner * read(f"W3{k}", f"b3{k}", normal) if gated else inner
            x = x + read(f"W2{k}", f"b2{k}", inner)
        return read("V", "c", normalised(x, norm))

    return Realisation(space, ("tokens", "n0"), compute)


def _of_stream(blocks: int, gated: bool) -> list[Shift]:
    """What a bias adds to a stream without normalisation, everything that reads it after that takes off again."""
    steps: list[tuple[str, list[tuple[str, str]]]] = [("u", [])]
    for k in range(1, blocks + 1):
        steps += [(f"bO{k}", [(f"b{x}{k}", f"W{x}{k}") for x in "QKV"])]
        steps += [(f"b2{k}", [(f"b{x}{k}", f"W{x}{k}") for x in ("13" if gated else "1")])]
    # A step reads the stream before it writes to it.
    return [
        Shift("model", moved, (*(pair for _, read in steps[at + 1 :] for pair in read), ("c", "V")))
        for at, (moved, _) in enumerate(steps)
    ]


def turned_by_place(x: torch.Tensor) -> torch.Tensor:
    """Rotary encoding: at token t the places i and i + n/2 of a key turn by `t BASE^(-2i/n)`."""
    import torch

    half = x.shape[-1] // 2
    speeds = BASE ** (-torch.arange(half, dtype=x.dtype, device=x.device) / half)
    angles = torch.arange(x.shape[-2], dtype=x.dtype, device=x.device)[:, None] * speeds
    first, second = x[..., :half], x[..., half:]
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
