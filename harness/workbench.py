"""Where networks are run, and what their own calls cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .checkpoint import Checkpoint


@dataclass
class Workbench:
    """A device, the seconds spent inside networks' own calls on it, and how many weight vectors they were shown.

    `checkpoint` is where a training keeps its state while it lasts; None keeps none.
    """

    device: str = "cpu"
    seconds: float = 0.0
    forwards: int = 0
    checkpoint: Checkpoint | None = None
