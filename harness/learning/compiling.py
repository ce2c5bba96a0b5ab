"""Networks through torch.compile: which compiler there is, and what to leave as it was."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

BACKEND = "inductor"


def compiler() -> str | None:
    """The C++ compiler that the backend would call: that of `CXX`, else g++, or clang++; None where there is none."""
    named = os.environ.get("CXX")
    return next((found for name in ((named,) if named else ("g++", "clang++")) if (found := shutil.which(name))), None)


def compiled(module: torch.nn.Module) -> Any:
    """The module, of the same parameters, compiled at its first call."""
    return torch.compile(module, backend=BACKEND)


@contextmanager
def compiling() -> Iterator[None]:
    """Inside, nothing is left of earlier compilations, no pool of processes compiles, and what the compiler warns of is no error."""
    import torch._dynamo
    import torch._inductor.config

    torch._dynamo.reset()
    with warnings.catch_warnings(), torch._inductor.config.patch(compile_threads=1):
        warnings.simplefilter("ignore")
        yield
    torch._dynamo.reset()
