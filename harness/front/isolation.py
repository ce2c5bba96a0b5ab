"""The settings of a worker process inside a process that is not ours: the same numbers and verdicts in pytest as on the command line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """One thread, float32 as the default type, gradients on, warnings that stay warnings; all put back afterwards.

    A project's own settings (`filterwarnings = error`, another default type in its conftest) would turn rows into errors
    that are none on the command line.
    """
    import torch

    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    try:
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        with torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("default")
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
