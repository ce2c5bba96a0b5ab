"""What every submodule takes and gives while a network answers, by hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ...plugins.subject import Subject
from ...weights.batch import Weights


@dataclass(frozen=True)
class Seen:
    """One call of one module: what it took and gave, every tensor in the order met.

    Args:
        at: number of the event, of entering and of leaving.
    """

    module: str
    type: str
    entered: int
    left: int
    parent: str
    took: tuple[torch.Tensor, ...]
    gave: tuple[torch.Tensor, ...]


def watched(subject: Subject, v: Weights) -> list[Seen]:
    """Every call of every module, the network's own included, while it answers."""
    seen: list[Seen] = []
    stack: list[tuple[str, int, tuple[torch.Tensor, ...]]] = []
    clock = iter(range(10**9))
    handles = []

    def watch(name: str, watched_module: torch.nn.Module) -> None:
        def entering(_: torch.nn.Module, args: Any, kwargs: Any) -> None:
            stack.append((name, next(clock), tuple(tensors_of([*args, *kwargs.values()]))))

        def leaving(_: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            entered, took = stack.pop()[1:]
            parent = stack[-1][0] if stack else ""
            gave = tuple(tensors_of(output))
            seen.append(Seen(name, type(watched_module).__name__, entered, next(clock), parent, took, gave))

        handles.append(watched_module.register_forward_pre_hook(entering, with_kwargs=True))
        handles.append(watched_module.register_forward_hook(leaving, with_kwargs=True))

    for name, submodule in subject.module.named_modules():
        watch(name, submodule)
    try:
        subject(v)
    finally:
        for handle in handles:
            handle.remove()
    return sorted(seen, key=lambda each: each.entered)


def tensors_of(value: Any) -> Iterator[torch.Tensor]:
    """The floating tensors in what a module takes or gives, in float64, in the order met."""
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value.detach().double().clone()
    elif isinstance(value, Weights):
        for tensor in value.tensors.values():
            yield from tensors_of(tensor)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_of(part)
