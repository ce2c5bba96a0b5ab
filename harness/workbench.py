"""Where networks are run, and what their own calls cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Workbench:
    """A device, the seconds spent inside networks' own calls on it, and how many weight vectors they were shown."""

    device: str = "cpu"
    seconds: float = 0.0
    forwards: int = 0
