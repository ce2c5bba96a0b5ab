"""What the kernel says of processes: descendants, CPU seconds, resident memory; and how to end all of a family.

Linux tells by `/proc`. Where there is none nothing is known, and the answers are empty.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LINUX = sys.platform == "linux" and Path("/proc/self/stat").exists()
TICK = os.sysconf("SC_CLK_TCK") if LINUX else 100
PAGE = os.sysconf("SC_PAGE_SIZE") if LINUX else 4096
TOKEN = "ORBITCHECK_RUN"
"""Variable in the environment of every process of a run, by which those are found that slipped away."""
_DEATH_SIGNAL, _SUBREAPER = 1, 36
STOPS = 100
"""How often a family is looked through for new members while it is being stopped."""


@dataclass(frozen=True)
class Process:
    """One living process: its parent, CPU seconds with those of children that it has buried, bytes resident."""

    pid: int
    parent: int
    session: int
    cpu: float
    resident: int
    zombie: bool


def read_process(pid: int) -> Process | None:
    """A process as it is now, or None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold anything
    state, parent, session = fields[0], int(fields[1]), int(fields[3])
    return Process(pid, parent, session, sum(map(int, fields[11:15])) / TICK, int(fields[21]) * PAGE, state in b"ZX")


def all_processes() -> Iterator[Process]:
    if not LINUX:
        return
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := read_process(int(name))):
            yield found


def family(*roots: int, among: Collection[Process]) -> list[Process]:
    """Processes and all their descendants; descendants whose parents died are a subreaper's own."""
    children: dict[int, list[Process]] = {}
    for each in among:
        children.setdefault(each.parent, []).append(each)
    wanted = set(roots)
    found = [each for each in among if each.pid in wanted]
    waiting = list(roots)
    while waiting:
        own = children.pop(waiting.pop(), ())  # once, where one root descends from another
        found += own
        waiting += [each.pid for each in own]
    return found


def proportional(pids: Collection[int]) -> int:
    """Resident bytes of processes, pages that several share counted once."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
                    break
        except (OSError, ValueError, IndexError):
            found = read_process(pid)
            total += found.resident if found else 0
    return total


def end_families(roots: Collection[int], spared: Collection[int] = ()) -> None:
    """Kill processes and all their descendants; stopped first, so that none of them can have more.

    All are looked for at once: one look a family would take longer the more of them a storm has left.
    """
    stopped: set[int] = set()
    for _ in range(STOPS):
        found = {each.pid for each in family(*roots, among=list(all_processes())) if not each.zombie}
        fresh = (found | set(roots)) - stopped - set(spared)
        if not fresh:
            break
        for pid in fresh:
            with suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= fresh
        if not LINUX:
            break
    for pid in stopped:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def end_marked(token: str) -> int:
    """Kill whatever bears the run's token in its environment; how many there were."""
    wanted, count = f"{TOKEN}={token}".encode(), 0
    if not LINUX:
        return 0
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    os.kill(int(name), signal.SIGKILL)
                    count += 1
    return count


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end (Linux)."""
    if LINUX:
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Living processes whose parent this one is."""
    mine = os.getpid()
    return {each.pid for each in all_processes() if each.parent == mine and not each.zombie}


def end_orphans(spared: Collection[int]) -> None:
    """Kill and bury the children of this process, adopted ones among them, but for those that are spared."""
    for _ in range(20):
        strays = children() - set(spared)
        if not strays:
            return
        end_families(strays, spared)
        for pid in strays:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def end_with_parent() -> None:
    """Be killed when the parent ends (Linux)."""
    if LINUX:
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def memory_of_machine() -> int | None:
    """Bytes that the processes here may have together: the machine's, or less where a control group says so."""
    if not LINUX:
        return None
    amounts = [os.sysconf("SC_PHYS_PAGES") * PAGE]
    for limit in _limits_of_groups():
        with suppress(OSError, ValueError):
            amounts.append(int(limit.read_text()))  # "max" is no number
    return min(amounts)


def _limits_of_groups() -> Iterator[Path]:
    """Files that may hold the limit of this process's control groups and of those above them."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root, name = (
            (Path("/sys/fs/cgroup"), "memory.max")
            if not controllers
            else (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")
        )
        if not controllers or "memory" in controllers.split(","):
            inside = Path(path.lstrip("/"))
            for folder in (inside, *inside.parents):
                yield root / folder / name
