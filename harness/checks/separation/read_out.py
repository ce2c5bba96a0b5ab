"""The read-out through which the equivariant output of a network is asked what it separates.

Law: `read(g phi(v), g v) = read(phi(v), v)` for every g of the declared group, so that the read-out of an equivariant network is an
invariant one, and whatever it separates the network separates (protocol.md, section 3).

Permutations: fixed smooth features of an entry's channels, averaged over permuted axes. Scales and signs: first each entry is
multiplied by the covector of the input at that entry, the gradient in v of `f_v` at fixed inputs, which moves by inverse factors;
where the space's own function does not have the declared symmetry no covector is known.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from ...core.outcomes import Refusal
from ...core.result import Judgement
from ...plugins.architecture import Architecture, Equivariant, Invariant, Unsupported
from ...plugins.subject import PluginFault
from ...weights.batch import Weights
from ...weights.realisation import Realisation, realisation
from ...weights.space import SpaceError, WeightSpace
from ..applicability import NotReadOut, unsupported

EQUIVARIANT = "equivariant"
"""How a check names the output that is read out."""
FEATURES = 16
"""Smooth features of an entry."""
INPUTS, EXTENT = 3, 3
"""Inputs at which the covector is taken, and their length along axes that the space leaves free."""
CARRIES = {
    "permutation+scale": ("relu", "leaky-relu", "abs", "identity"),
    "permutation+sign": ("tanh", "sine", "identity"),
}
"""Declared symmetry -> activations whose functions have it."""


class ReadOut(torch.nn.Module):
    """An editor and the fixed read-out behind it: `Weights -> [batch, dim]`.

    Raises:
        Unsupported: no invariant read-out is known for the declared symmetry in this space.
    """

    def __init__(self, editor: torch.nn.Module, space: WeightSpace, symmetry: str, dim: int):
        super().__init__()
        self.editor, self.space = editor, space
        generator = torch.Generator().manual_seed(space.parameters)
        self.function: Realisation | None = None
        if symmetry != "permutation":
            self.function = _function(space, symmetry)
            shape = self.function.input_shape(EXTENT)
            self.register_buffer("x", torch.randn(INPUTS, *shape, generator=generator, dtype=torch.float64))
        channels = INPUTS if self.function else 1
        for name, axes in space.tensors:
            fixed = 1
            for axis in axes:
                fixed *= 1 if axis in space.permuted else space.size[axis]
            size = fixed * FEATURES
            draws = [(channels, FEATURES), (FEATURES,), (size, dim)]
            for part, drawn in zip(("in", "shift", "out"), draws, strict=True):
                values = torch.randn(*drawn, generator=generator, dtype=torch.float64)
                self.register_buffer(f"{part}_{name}", values / (size**0.5 if part == "out" else 1.0))
        own = getattr(editor, "redraw_", None)
        if own is not None:
            self.redraw_: Callable[[torch.Generator], None] = own

    def forward(self, v: Weights) -> torch.Tensor:
        answer = self.editor(v)
        if not isinstance(answer, Weights) or (answer.space, answer.batch, answer.channels) != (self.space, v.batch, 1):
            raise PluginFault(f"forward returned {answer!r}; for {Equivariant(1)} it is Weights of {self.space}")
        entries = answer.tensors
        if self.function is not None:
            covectors = self._covectors(v)
            entries = {name: tensor * covectors[name] for name, tensor in entries.items()}
        return torch.stack([self._read(name, axes, entries[name]) for name, axes in self.space.tensors]).sum(0)

    def _read(self, name: str, axes: tuple[str, ...], entries: torch.Tensor) -> torch.Tensor:
        """`[batch, dim]` of one tensor's `[batch, *axes, channels]`."""
        features = torch.nn.functional.gelu(entries @ getattr(self, f"in_{name}") + getattr(self, f"shift_{name}"))
        moving = [place for place, axis in enumerate(axes, 1) if axis in self.space.permuted]
        pooled = features.mean(moving) if moving else features
        return pooled.flatten(1) @ getattr(self, f"out_{name}")

    def _covectors(self, v: Weights) -> dict[str, torch.Tensor]:
        """Tensor name -> `[batch, *axes, inputs]`, the gradient of the sum of `f_v` at each input."""
        assert self.function is not None
        columns = []
        with torch.enable_grad():
            free = v.map(lambda tensor: tensor.detach().requires_grad_())
            values = self.function(free, getattr(self, "x"))  # noqa: B009
            for number in range(INPUTS):
                whole = values[:, number].sum()
                grads = torch.autograd.grad(
                    whole, tuple(free.tensors.values()), retain_graph=True, materialize_grads=True
                )
                columns.append(grads)
        return {name: torch.cat(parts, -1) for name, parts in zip(v.tensors, zip(*columns, strict=True), strict=True)}


def _function(space: WeightSpace, symmetry: str) -> Realisation:
    if space.activation not in CARRIES.get(symmetry, ()):
        raise Unsupported(f"no covector of {space} is known modulo {symmetry}, so an editor cannot be read out")
    try:
        return realisation(space)
    except SpaceError as reason:
        raise Unsupported(f"no covector is known: {reason}") from None


class Reading:
    """The factory of an editor with its read-out; the invariant output is ours, the options are the editor's."""

    def __init__(self, factory: Callable[..., torch.nn.Module], symmetry: str, law: str = "exact"):
        self.__wrapped__, self.symmetry, self.law = factory, symmetry, law
        self.__signature__ = inspect.signature(factory)

    def __call__(self, space: WeightSpace, output: Invariant | Equivariant, **options: Any) -> torch.nn.Module:
        assert isinstance(output, Invariant)
        editor = self.__wrapped__(space, Equivariant(1), **options)
        if self.law == "functional":
            raise NotReadOut("edits are held to their functions, and a read-out of tensors is not invariant then")
        return ReadOut(editor, space, self.symmetry, output.dim)


def is_read_out(architecture: Architecture) -> bool:
    """Whether the architecture is an editor behind its read-out."""
    return isinstance(architecture.factory, Reading)


def read_out(architecture: Architecture) -> Architecture:
    """The same architecture, asked for its equivariant output and read out; entries know one round more than neurons do."""
    traits, rounds = architecture.traits, architecture.rounds
    if rounds is not None:
        low, high = rounds
        traits = replace(traits, rounds=lambda: (low, high + 1))
    return replace(architecture, factory=Reading(architecture.factory, traits.symmetry, traits.law), traits=traits)


def asked(measure: Callable[[Architecture], Judgement], architecture: Architecture) -> Judgement:
    """What `measure` says of the invariant output; of the equivariant one, read out, where the plug-in has no invariant one.

    A row that applies to neither gives both reasons.
    """

    def tried(one: Architecture) -> Judgement:
        try:
            return measure(one)
        except Unsupported as reason:
            return unsupported(reason).judgement()

    first = tried(architecture)
    if first.refusal is not Refusal.UNSUPPORTED:
        return first
    second = tried(read_out(architecture))
    if second.refusal is not Refusal.UNSUPPORTED:
        return second
    return replace(first, reason=f"{first.reason}; read out: {second.reason.removeprefix('unsupported: ')}")
