"""What one task may use, and when it has used too much: pure functions of what was sampled (protocol.md, section 7).

No clock and no neighbour decides. A task is hung once its processes have used more CPU seconds than its limit, or once they have
neither computed nor made progress for so long, counted by the beats of a canary beside it: on a machine that stands still, or has no
time for us, they do not beat either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .task import Loss, Lost

GIB = 1 << 30
RESERVE = 2 * GIB
"""Bytes of the machine that are left to everything else."""
LEAST_MEMORY = GIB
CHILDREN = 64
"""Processes that a task may have beside its own."""
FILES = 1 << 30
"""Bytes that it may write under its folder."""
LOG = 10 << 20
"""Bytes of a plug-in's own output that are kept."""
IDLE = 0.01
"""Share of a CPU below which nothing is computed."""
BEAT = 0.25
"""Seconds between two beats of the canary."""
PATIENCE = 100
"""Limits after which a task that goes on making progress without computing is hung, too."""


@dataclass(frozen=True)
class Usage:
    """What the processes of a task have used: CPU seconds, bytes resident, processes beside the first, bytes of files."""

    cpu: float = 0.0
    resident: int = 0
    children: int = 0
    files: int = 0


@dataclass(frozen=True)
class Watch:
    """A task that is going on.

    Args:
        limit: seconds, or None.
        beats: of the canary when it began.
        cpu: seconds that its process had used before.
        quiet_beats, quiet_cpu: the same where the present stretch without progress began.
        peak: most bytes resident.
    """

    limit: float | None
    beats: int
    cpu: float
    quiet_beats: int
    quiet_cpu: float
    peak: int = 0

    @staticmethod
    def begun(limit: float | None, beats: int, cpu: float) -> Watch:
        return Watch(limit, beats, cpu, beats, cpu)

    def after(self, beats: int, usage: Usage, progressed: bool) -> Watch:
        """Once more was sampled; a mark of progress, or CPU time, begins a new stretch."""
        watch = replace(self, peak=max(self.peak, usage.resident))
        if progressed or (self.limit is not None and usage.cpu - self.quiet_cpu > IDLE * self.limit):
            return replace(watch, quiet_beats=beats, quiet_cpu=usage.cpu)
        return watch

    def hung(self, beats: int, usage: Usage) -> Lost | None:
        """Why the task is given up, or None."""
        if self.limit is None:
            return None
        if usage.cpu - self.cpu > self.limit:
            return Lost(f"hung: more than {self.limit:g} s of CPU time", Loss.HUNG)
        if (beats - self.quiet_beats) * BEAT > self.limit:
            return Lost(f"hung: idle and without progress for {self.limit:g} s", Loss.HUNG)
        if (beats - self.beats) * BEAT > PATIENCE * self.limit:
            return Lost(f"hung: mostly idle for {PATIENCE * self.limit:g} s", Loss.HUNG)
        return None


def too_much(usage: Usage, memory: int | None) -> Lost | None:
    """Why a task is given up for what it holds, or None; `memory` is its limit in bytes."""
    if usage.children > CHILDREN:
        return Lost(f"crashed: it has more than {CHILDREN} processes at once", Loss.PROCESSES)
    if usage.files > FILES:
        return Lost(f"crashed: it has written more than {FILES / GIB:g} GiB of files", Loss.FILES)
    if memory is not None and usage.resident > memory:
        held = f"{usage.resident / GIB:.1f} GiB resident, the limit is {memory / GIB:.1f} GiB"
        return Lost(f"memory: {held}", Loss.MEMORY)
    return None


def memory_limit(machine: int | None, workers: int, asked: int | None = None) -> int | None:
    """Bytes that one of so many tasks may have resident: those that were asked for it, else its part of the machine.

    None where the machine does not say what it has.
    """
    if asked is not None:
        return asked
    return None if machine is None else max(LEAST_MEMORY, (machine - RESERVE) // workers)
