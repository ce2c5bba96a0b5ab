"""The global settings of a process, which are the harness's: what a plug-in changes is noted, named and put back.

Action, comparison, floors and verdict are computed under the harness's own settings (protocol.md, section 7), so those of torch and
numpy are put back after every call into a plug-in, and all of them after a row.
"""

from __future__ import annotations

import _signal  # pyright: ignore[reportMissingImports]  # `signal` with its enumerations takes a hundred times as long
import gc
import locale
import os
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

_SMALLEST = sys.float_info.min
_LEFT: list[object] = []
"""Guards that hold a mode off which a plug-in entered and did not leave; it lasts as long as they do."""


@dataclass(frozen=True)
class Setting:
    """One global setting: its name, and how it is read and set."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def _leave_inference(enabled: bool) -> None:
    _LEFT.append(torch._C._InferenceMode(enabled))


def _pop_modes(depth: int) -> None:
    from torch.overrides import _pop_mode

    while torch._C._len_torch_function_stack() > depth:
        _pop_mode()


def _pop_dispatch_modes(depth: int) -> None:
    from torch.utils._python_dispatch import _pop_mode

    while torch._C._len_torch_dispatch_stack() > depth:
        _pop_mode()


def _set_deterministic(wanted: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(wanted[0], warn_only=wanted[1])


BY_BACKEND = hasattr(torch._C, "_get_fp32_precision_getter")
"""Whether this torch has precisions of each backend's operations (`torch.backends.*.fp32_precision`) beside the one of products."""
PRODUCTS = (("cuda", "matmul"), ("mkldnn", "matmul"))
OTHERS = (
    ("generic", "all"),
    *((backend, operation) for backend in ("cuda", "mkldnn") for operation in ("all", "conv", "rnn")),
)


def _precision() -> str | tuple[str, ...]:
    """Of float32 products: the one setting of all, which raises once those of each backend disagree with it; then these."""
    try:
        return torch._C._get_float32_matmul_precision()  # the public function takes ten times as long
    except RuntimeError:
        return _by_backend(PRODUCTS)


def _set_precision(wanted: str | tuple[str, ...]) -> None:
    if isinstance(wanted, str):
        torch.set_float32_matmul_precision(wanted)  # those of each backend, too
    else:
        _set_by_backend(PRODUCTS, wanted)


def _by_backend(which: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(torch._C._get_fp32_precision_getter(*each) for each in which) if BY_BACKEND else ()


def _set_by_backend(which: Iterable[tuple[str, str]], wanted: Iterable[str]) -> None:
    for each, precision in zip(which, wanted, strict=False):
        torch._C._set_fp32_precision_setter(*each, precision)


_CUDNN = (
    ("enabled", "benchmark", "deterministic") if BY_BACKEND else ("allow_tf32", "enabled", "benchmark", "deterministic")
)
"""Of cuDNN; `allow_tf32` is one of the precisions where there are such."""


def _flags() -> tuple[Any, ...]:
    told = _by_backend(OTHERS)
    return (*told, *(getattr(torch.backends.cudnn, name) for name in _CUDNN))


def _set_flags(wanted: tuple[Any, ...]) -> None:
    _set_by_backend(OTHERS, wanted)
    for name, value in zip(_CUDNN, wanted[-len(_CUDNN) :], strict=True):
        setattr(torch.backends.cudnn, name, value)


AT_CALLS = (
    Setting("torch's stack of function modes (default device)", torch._C._len_torch_function_stack, _pop_modes),
    Setting("torch's stack of dispatch modes", torch._C._len_torch_dispatch_stack, _pop_dispatch_modes),
    Setting("torch's inference mode", torch.is_inference_mode_enabled, _leave_inference),
    Setting("torch's gradient mode", torch.is_grad_enabled, torch._C._set_grad_enabled),
    Setting("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    Setting("torch's precision of float32 products", _precision, _set_precision),
    Setting("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
    Setting(
        "torch's deterministic algorithms",
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        _set_deterministic,
    ),
    Setting("torch's anomaly detection", torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    Setting(
        "torch's autocast on the CPU",
        lambda: torch.is_autocast_enabled("cpu"),
        lambda on: torch.set_autocast_enabled("cpu", on),
    ),
    Setting("flushing of denormal numbers", lambda: _SMALLEST * 0.5 == 0.0, torch.set_flush_denormal),
    Setting("numpy's handling of floating-point errors", np.geterr, lambda kept: np.seterr(**kept)),
)
"""Those by which arithmetic depends on who came before; read around every call, for a few microseconds. The first stand in the way of others."""


_SIGNALS = tuple(map(int, signal.valid_signals()))


def _handlers() -> dict[int, Any]:
    return {number: _signal.getsignal(number) for number in _SIGNALS}


def _set_handlers(wanted: dict[int, Any]) -> None:
    for number, handler in wanted.items():
        if _signal.getsignal(number) is not handler and handler is not None:
            with suppress(OSError, ValueError):
                signal.signal(number, handler)


TIMERS = tuple(map(int, (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)))


def _timers() -> tuple[bool, ...]:
    return tuple(_signal.getitimer(which) != (0.0, 0.0) for which in TIMERS)


def _stop_timers(wanted: tuple[bool, ...]) -> None:
    for which in TIMERS:
        _signal.setitimer(which, 0.0)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


class _Entries(tuple[Any, ...]):
    """What may be added to, but from which nothing may go: another than one before, if it lacks an entry of that."""

    def __ne__(self, before: object) -> bool:
        return isinstance(before, tuple) and not set(before) <= set(self)


def _set_path(wanted: Iterable[str]) -> None:
    sys.path[:] = [*wanted, *(each for each in sys.path if each not in wanted)]


def _set_hook(name: str) -> Setting:
    return Setting(f"sys.{name}", lambda: getattr(sys, name), lambda kept: setattr(sys, name, kept))


AT_ROWS = (
    Setting("an alarm or interval timer", _timers, _stop_timers),
    Setting("signal handlers", _handlers, _set_handlers),
    Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("the working folder", _folder, lambda kept: kept and os.chdir(kept)),
    Setting("the umask", _umask, os.umask),
    Setting("the tracing function", sys.gettrace, sys.settrace),
    Setting("the profiling function", sys.getprofile, sys.setprofile),
    Setting("the garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    Setting("the flags of cuDNN and the precisions of its operations", _flags, _set_flags),
    Setting("the variables of the environment", lambda: _Entries(os.environ.items()), os.environ.update),
    Setting("sys.path", lambda: _Entries(sys.path), _set_path),
    Setting("the switch interval of threads", sys.getswitchinterval, sys.setswitchinterval),
    Setting("the locale", lambda: locale.setlocale(locale.LC_ALL), lambda kept: locale.setlocale(locale.LC_ALL, kept)),
    *map(_set_hook, ("stdin", "stdout", "stderr", "excepthook", "unraisablehook")),
)
"""Those that reach the next row of a process; a timer first, before it goes off."""


class Kept:
    """Settings as they were, and the names of those that were found changed, in the order in which they were."""

    def __init__(self, settings: Iterable[Setting] = AT_CALLS):
        self._kept = [(setting, setting.read()) for setting in settings]

    def put_back(self) -> list[str]:
        """Put back what has changed; its names."""
        changed = []
        for setting, before in self._kept:
            if setting.read() != before:
                changed.append(setting.name)
                with suppress(Exception):
                    setting.write(before)
        return changed


_noted: list[str] | None = None
"""What plug-ins changed during this row; None outside of rows."""


@contextmanager
def own_settings() -> Iterator[None]:
    """Around a call into a plug-in: what it sets is noted and put back."""
    kept = Kept()
    try:
        yield
    finally:
        _note(kept.put_back())


def _note(changed: Iterable[str]) -> None:
    if _noted is not None:
        _noted.extend(name for name in changed if name not in _noted)


@contextmanager
def watched_row(seed: int) -> Iterator[list[str]]:
    """Around a row: all settings and the random states of torch, numpy and random are put back; gives the names of what was changed.

    The states begin at `seed`, so that a network that draws from them draws the same in whatever process and order.
    """
    global _noted
    outer, _noted = _noted, []
    noted, kept = _noted, Kept((*AT_ROWS[:2], *AT_CALLS, *AT_ROWS[2:]))
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    with warnings.catch_warnings():
        torch.default_generator.manual_seed(seed % (1 << 63))
        np.random.seed(seed % (1 << 32))
        random.seed(seed)
        try:
            yield noted
        finally:
            _note(kept.put_back())
            _noted = outer
            with suppress(Exception):  # of another type, where a plug-in has put another generator
                torch.set_rng_state(states[0])
                np.random.set_state(states[1])
                random.setstate(states[2])
