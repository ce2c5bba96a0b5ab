"""What one forward pass costs: counted, so that machines agree, and timed beside it.

On one reference batch for every architecture: the widths of an implicit image of two coordinates.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ..weights.inputs import constructed
from ..weights.space import WeightSpace, mlp
from .architecture import Architecture, Equivariant, Invariant, Unsupported

WIDTHS = (2, 32, 32, 1)
ACTIVATIONS = ("sine", "relu")
"""The first that the plug-in takes."""
BATCH, REPEATS = 8, 3
DTYPE = torch.float32


class Meter(TorchDispatchMode):
    """Counts what the operations inside the context do: multiplications and additions of matrix products, and bytes of tensors.

    `peak` is the most bytes alive at once of the tensors that they made; what an operation needs only while it runs is not
    seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = self.peak = 0
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: else torch imports its compiler at the first call here, for two processor seconds of every process."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        given = {_storage(leaf) for leaf in tree_leaves((args, named)) if isinstance(leaf, torch.Tensor)}
        result = func(*args, **named)
        if func._overloadpacket in flop_registry:
            self.operations += flop_registry[func._overloadpacket](*args, **named, out_val=result)
        self._alive = {key: kept for key, kept in self._alive.items() if not kept[0].expired()}
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and _storage(leaf) not in given | set(self._alive):
                storage = leaf.untyped_storage()
                self._alive[_storage(leaf)] = StorageWeakRef(storage), storage.nbytes()
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return result


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def cost(architecture: Architecture) -> Mapping[str, Any]:
    """Plain JSON: `of` (the batch in words), `head`, `parameters`, `operations`, `bytes` (of tensors alive at once, parameters
    and input apart), `seconds` (median of a few calls).

    Raises:
        Unsupported: the plug-in takes none of the reference tasks.
        Exception: whatever the plug-in raises.
    """
    module, space, head = _built(architecture)
    v = constructed("generic", space, BATCH, np.random.default_rng(0)).to(DTYPE)
    with torch.no_grad():
        with Meter() as meter:
            module(v)
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            module(v)
            seconds.append(time.perf_counter() - start)
    return {
        "of": f"a batch of {BATCH} networks of widths ({', '.join(map(str, WIDTHS))}) in float32",
        "head": head,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "operations": meter.operations,
        "bytes": meter.peak,
        "seconds": statistics.median(seconds),
    }


def _built(architecture: Architecture) -> tuple[torch.nn.Module, WeightSpace, str]:
    """The invariant head where the plug-in has one, else the equivariant one, on the first activation that it takes."""
    refusal = Unsupported("no reference task")
    for activation in ACTIVATIONS:
        space = mlp(*WIDTHS, activation=activation)
        for head, output in (("invariant", Invariant(1)), ("equivariant", Equivariant(1))):
            try:
                return architecture.build(space, output, seed=0, dtype=DTYPE), space, head
            except Unsupported as reason:
                refusal = reason
    raise refusal
