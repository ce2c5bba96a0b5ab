"""Where networks are run: the device, its arithmetic, and what the networks' own calls cost. No torch without a GPU."""

from __future__ import annotations

import ctypes
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.progress import mark

if TYPE_CHECKING:
    import torch

    from .checkpoint import Checkpoint


@dataclass
class Workbench:
    """A device, the seconds spent inside networks' own calls on it, and how many weight vectors they were shown.

    `checkpoint` is where a training keeps its state while it lasts; None keeps none. `shrinks` says whether a failure is searched for
    its smallest counter-example: of a planted defect it is known.
    """

    device: str = "cpu"
    seconds: float = 0.0
    forwards: int = 0
    checkpoint: Checkpoint | None = None
    shrinks: bool = True

    @contextmanager
    def call(self, samples: int) -> Iterator[None]:
        """Counts what happens inside as one call of a network on so many weight vectors, to the end of its work."""
        wait, start = waiting(self.device), time.perf_counter()
        try:
            yield
            wait()
        finally:
            self.seconds += time.perf_counter() - start
            self.forwards += samples
            mark()


def waiting(device: str | torch.device) -> Callable[[], None]:
    """A function that returns once the device has finished its work; a GPU answers before it has."""
    if not _is_gpu(device):
        return lambda: None
    import torch

    return torch.cuda.synchronize


def _is_gpu(device: str | torch.device) -> bool:
    return str(device).partition(":")[0] == "cuda"


@contextmanager
def exact_arithmetic(device: str) -> Iterator[None]:
    """On a GPU too float32 means float32 and the same call gives the same bits; the CPU is so by itself.

    Else cuDNN multiplies float32 with ten bits of mantissa (TF32), which would make a correct network break its law, and
    sums that many threads add to come in the order of their arrival. Operations without an ordered form stay as they are.
    """
    if not _is_gpu(device):
        yield
        return
    import torch

    deterministic: Any = torch.utils.deterministic  # a module with settable attributes, unknown to type checkers
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
    products, ordered = torch.backends.cuda.matmul.allow_tf32, torch.are_deterministic_algorithms_enabled()
    warn_only, fill = torch.is_deterministic_algorithms_warn_only_enabled(), deterministic.fill_uninitialized_memory
    with ExitStack() as stack:
        stack.enter_context(
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        )
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message=".* does not have a deterministic implementation")
        stack.callback(torch.use_deterministic_algorithms, ordered, warn_only=warn_only)
        stack.callback(setattr, deterministic, "fill_uninitialized_memory", fill)
        stack.callback(setattr, torch.backends.cuda.matmul, "allow_tf32", products)
        torch.use_deterministic_algorithms(True, warn_only=True)
        deterministic.fill_uninitialized_memory = False  # a debugging aid that writes every tensor twice
        torch.backends.cuda.matmul.allow_tf32 = False
        yield


KEPT_MEMORY = 2**30
"""Bytes of freed memory at the end of the heap that a process keeps."""
TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""glibc's own numbers of these settings."""


def keep_memory(kept: int = KEPT_MEMORY) -> None:
    """From here on freed memory stays with this process, up to so many bytes; without glibc nothing happens.

    Else every tensor of some hundred KiB is mapped afresh and given back when it is freed, and the kernel fills each new page with
    zeros, which costs as much as the arithmetic on it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another allocator
    mallopt(TRIM_THRESHOLD, kept)
    mallopt(MMAP_MAX, 0)
