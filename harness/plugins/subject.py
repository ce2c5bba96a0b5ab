"""The network under test, held to its contract at every call: types, shapes, dtype, finite numbers, time spent.

A plug-in may do anything wrong. Whatever it does inside a call surfaces here as one `PluginFault`, whose message is the
line that the report shows.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core.outcomes import Fault
from ..learning.workbench import Workbench
from ..weights.batch import Weights
from ..weights.space import SpaceError, WeightSpace
from .architecture import Architecture, Equivariant, Invariant, Unsupported, cast_
from .redraw import real
from .settings import own_settings

lists: Any = torch  # its operations on whole lists of tensors are not exported to type checkers
HARNESS = f"{Path(__file__).resolve().parents[1]}/"


class PluginFault(Exception):
    """The plug-in broke its contract or raised; the message says what it did and where, `fault` which of the two."""

    fault = Fault.CONTRACT


class PluginRaised(PluginFault):
    """The plug-in's own code raised."""

    fault = Fault.RAISED


class NonFinite(PluginFault):
    """The output holds NaN or infinity."""

    fault = Fault.NON_FINITE


class Subject:
    """One built network as a function on batches of weights.

    Args:
        architecture: what to build.
        space, output: for which task.
        seed: of the parameters; the same in every precision.
        dtype: of parameters, inputs and outputs.
        mode: "eval" or "train".
        bench: the device, and where time and forwards are added up.

    Raises:
        Unsupported: the plug-in's constructor does not claim the task.
        PluginFault: the constructor failed.
    """

    def __init__(
        self,
        architecture: Architecture,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        seed: int,
        dtype: torch.dtype,
        bench: Workbench,
        mode: str = "eval",
    ):
        self.space, self.output, self.dtype, self.bench = space, output, dtype, bench
        try:
            with own_settings():
                self.module = architecture.build(space, output, seed=seed, dtype=dtype, device=bench.device)
                if mode == "train":
                    self.module.train()
        except Unsupported:
            raise
        except (Exception, SystemExit) as error:
            raise PluginRaised(f"constructor raised {describe_error(error)}{forgotten(error)}") from error

    def __call__(self, v: Weights, *, gradients: bool = False) -> torch.Tensor:
        """`phi(v)` as `[batch, entries]` in float64, entries in the order of the space, a copy that later calls leave alone.

        Args:
            gradients: whether they are recorded during the call; the answer carries none either way.

        Raises:
            PluginFault: the call raised, or its result is not what the contract promises.
            NonFinite: the result holds NaN or infinity.
        """
        v = v.to(self.bench.device, self.dtype)
        return self.answer(v, gradients).detach().to("cpu", torch.float64, copy=True)

    def answer(self, v: Weights, gradients: bool = True) -> torch.Tensor:
        """The network's own answer to `v`, which has its dtype and device, as `[batch, entries]` with its gradients.

        Raises:
            PluginFault, NonFinite: as for a call.
        """
        try:
            with self.bench.call(v.batch), torch.set_grad_enabled(gradients), own_settings():
                result = self.module(v)
        except (Exception, SystemExit) as error:
            raise PluginRaised(f"forward raised {describe_error(error)}{forgotten(error)}") from error
        return self.checked(result, v)

    def jitter_(self, seed: int) -> None:
        """Move every parameter by one unit in the last place, up or down at random, in place.

        Stands for the rounding inside the network, which noise on the input does not show where the input is zero.
        Parameters that float32 holds exactly come back by `lower_`.
        """
        self._jitter(list(self.module.parameters()), seed)

    def _jitter(self, parameters: list[torch.nn.Parameter], seed: int) -> None:
        with torch.no_grad():
            moving = [real(each) for each in parameters if each.is_floating_point() or each.is_complex()]
            sizes, step = [parameter.numel() for parameter in moving], torch.finfo(self.dtype).eps
            # A bit each, unpacked: fifty times as fast as torch's own Bernoulli numbers, which cost more than a call of a small network.
            packed = np.frombuffer(np.random.default_rng(seed).bytes(sum(sizes) // 8 + 1), np.uint8)
            up = torch.from_numpy(np.unpackbits(packed, count=sum(sizes))).to(self.bench.device, self.dtype)
            factors = up.mul_(2 * step).add_(1 - step).split(sizes)
            if moving:
                lists._foreach_mul_(
                    moving, [factor.view(each.shape) for each, factor in zip(moving, factors, strict=True)]
                )

    def gradients(self, loss: torch.Tensor, of: Sequence[torch.Tensor]) -> list[torch.Tensor | None]:
        """Of a scalar made of an answer; None for what the answer does not depend on.

        Raises:
            PluginRaised: going backwards raised.
        """
        try:
            with self.bench.call(0), own_settings():  # its time is the network's own; it is shown nothing new
                return list(torch.autograd.grad(loss, list(of), allow_unused=True))
        except (Exception, SystemExit) as error:
            raise PluginRaised(f"backward raised {describe_error(error)}") from error

    @contextmanager
    def jittered(self, seed: int) -> Iterator[None]:
        """Inside, every parameter is moved by one unit in the last place; after it every bit is back."""
        parameters = list(self.module.parameters())
        kept = [parameter.detach().clone() for parameter in parameters]
        self._jitter(parameters, seed)
        try:
            yield
        finally:
            if parameters:
                with torch.no_grad():
                    lists._foreach_copy_(parameters, kept)

    def lower_(self) -> Subject:
        """The same network in float32, in place: cheaper than another one, and its float64 self is no longer needed."""
        cast_(self.module, torch.float32)
        self.dtype = torch.float32
        return self

    def checked(self, result: object, v: Weights) -> torch.Tensor:
        """The network's answer to `v` as `[batch, entries]`, once it is seen to keep the contract.

        Raises:
            PluginFault, NonFinite: as for a call.
        """
        if isinstance(self.output, Invariant):
            wanted = f"a tensor ({v.batch}, {self.output.dim})"
            if not isinstance(result, torch.Tensor):
                raise PluginFault(f"forward returned {type(result).__name__}; for {self.output} it is {wanted}")
            if result.shape != (v.batch, self.output.dim):
                raise PluginFault(f"forward returned shape {tuple(result.shape)}; for {self.output} it is {wanted}")
            flat = result
        else:
            if not isinstance(result, Weights):
                raise PluginFault(f"forward returned {type(result).__name__}; for {self.output} it is Weights")
            got = (result.space, result.batch, result.channels)
            if got != (v.space, v.batch, self.output.channels):
                raise PluginFault(
                    f"forward returned {result!r}; for {self.output} it is Weights of {v.space} with batch {v.batch} "
                    f"and {self.output.channels} channel(s)"
                )
            flat = result.flat()
        if flat.dtype != self.dtype:
            raise PluginFault(f"forward returned {flat.dtype}; the input and the parameters are {self.dtype}")
        if not bool(torch.isfinite(flat).all()):
            raise NonFinite(f"forward returned {int((~torch.isfinite(flat)).sum())} numbers that are NaN or infinite")
        return flat


def forgotten(error: BaseException) -> str:
    """What to add where a plug-in asked a space or an output for what it has not: it was not meant to serve this one."""
    asked = error.obj if isinstance(error, AttributeError) else None
    if isinstance(error, SpaceError) or isinstance(asked, Invariant | Equivariant | WeightSpace | Weights):
        return "; a space or output that it does not serve is refused by raising Unsupported in the constructor"
    return ""


def describe_error(error: BaseException) -> str:
    """`Type: the telling line of the message (file:line)`, the place being the innermost frame of the plug-in.

    The first line; with the next where it only announces one, and the last of what TorchScript says, which tells its own
    traceback first.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    message = lines[-1] if "TorchScript" in lines[0] else " ".join(lines[: 1 + lines[0].endswith(":")])
    origin = _place(error)
    place = f" ({origin})" if origin else ""
    return f"{type(error).__name__}: {message}{place}" if message else f"{type(error).__name__}{place}"


def origin_of(error: BaseException) -> str:
    """`Type at file:line`: what rows of one cause have in common, whatever sizes the message names."""
    place = _place(error)
    return f"{place}:{type(error).__name__}" if place else type(error).__name__


def _place(error: BaseException) -> str:
    """The plug-in's own line: neither torch's nor ours, where there is another."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "torch" not in frame.filename.split("/")]
    frames = [frame for frame in frames if not frame.filename.startswith(HARNESS)] or frames
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
