"""A function in a file, which makes a user's module and an example of its input -> the space of that module."""

from __future__ import annotations

import runpy
from pathlib import Path

import torch

from ..weights.readers.wiring import Wired
from ..weights.tracing.modules import wired_module


def wired_by(reference: str) -> Wired:
    """The space that the function's module has; its parameters play no part, so it may be untrained.

    Args:
        reference: the file and the function, with a colon between; it takes nothing and returns `(module, example)`.

    Raises:
        ValueError: no such function, an error in it, another return value, or what `modules.wired_module` refuses; one line.
    """
    file, colon, name = reference.rpartition(":")
    if not colon or not Path(file).is_file():
        raise ValueError(f"{reference}: reads as FILE.py:FUNCTION, and there is no such file")
    try:
        function = runpy.run_path(file).get(name)
        made = function() if callable(function) else None
    except Exception as error:  # whatever a user's file raises
        raise ValueError(f"{reference}: {type(error).__name__}: {' '.join(str(error).split())}") from None
    if not callable(function):
        raise ValueError(f"{reference}: {file} has no function {name}")
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], torch.nn.Module)):
        raise ValueError(f"{reference}: does not return a module and an example of its input")
    try:
        return wired_module(*made)[0]
    except ValueError as error:
        raise ValueError(f"{reference}: {error}") from None
