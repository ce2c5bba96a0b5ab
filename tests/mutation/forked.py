"""Tests once for each mutant, in forks of one process that has collected them and knows which test calls which function.

Run in the folder of the mutants: `python forked.py ANSWERS NAMES TEST...`, with the mutants' names in a file, a line each. Adds a line
`mutant: what became of it` to the file of its module in that folder as soon as that is known (`killed`, `survived`, `no tests` or
`timeout`). A fork costs a tenth of what a start of pytest does, and modules of the same tests share the one start.
Law: a mutant is killed only by a test that the unchanged code passes in this very process.
"""

from __future__ import annotations

import functools
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.format_utils import mangled_name_from_mutant_name

LEAST, TIMES = 1.0, 5.0
"""CPU seconds that each test may take with a mutant: so many, and so many times what it takes with the unchanged code."""
MEMORY = 16 * 2**30


class Forked:
    """A plug-in of pytest that runs the collected tests for each mutant in place of once."""

    def __init__(self, mutants: Sequence[str], answers: Path):
        self.mutants, self.answers = mutants, answers

    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings  # once its own plug-in is there

        settings.register_profile("once", phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
        settings.load_profile("once")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        calls: dict[str, list[tuple[float, pytest.Item]]] = {}
        for item in session.items:
            state()._stats.clear()
            set_mutant_under_test("stats")
            started = time.process_time()
            if fails(item):
                raise pytest.UsageError(f"fails without a mutant: {item.nodeid}")
            for function in state()._stats:
                calls.setdefault(function, []).append((time.process_time() - started, item))
        for number, mutant in enumerate(self.mutants, 1):
            own = sorted(calls.get(mangled_name_from_mutant_name(mutant), ()), key=lambda each: each[0])
            became = forked(mutant, own) if own else "no tests"
            with (self.answers / f"{mutant.rpartition('.')[0]}.txt").open("a", encoding="utf-8") as file:
                file.write(f"{mutant}: {became}\n")
            if number % 50 == 0:
                print(f"{number} of {len(self.mutants)}", file=sys.stderr, flush=True)
        return True


def fails(item: pytest.Item) -> bool:
    """Whether a test fails; without pytest's own protocol, most of which is words about the failure."""
    stack = item.session._setupstate
    try:
        if not getattr(item, "funcargs", None):
            item._initrequest()  # type: ignore[attr-defined]
        stack.setup(item)
        item.runtest()
    except pytest.skip.Exception:
        pass
    except Exception:
        return True
    finally:
        stack.teardown_exact(None)
        if hasattr(item, "funcargs"):
            item.funcargs = None  # type: ignore[attr-defined]
    return False


def fails_in(seconds: float, item: pytest.Item) -> bool:
    """Whether a test fails; past so many CPU seconds the process ends by a signal."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    return fails(item)


def forget() -> None:
    """Empty the caches of the package: what the unchanged code has answered would stand in for the mutant."""
    for each in gc.get_objects():
        # By its type: asked for its class, a proxy of what is gone raises, and every mutant would count as killed.
        if type(each) is functools._lru_cache_wrapper and str(getattr(each, "__module__", "")).startswith("orbitcheck"):
            each.cache_clear()


def forked(mutant: str, tests: Sequence[tuple[float, pytest.Item]]) -> str:
    """What becomes of one mutant; its tests run in the order of what they cost."""
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            forget()
            set_mutant_under_test(mutant)
            killed = any(fails_in(LEAST + TIMES * cost, item) for cost, item in tests)
        except BaseException:
            killed = True
        os._exit(int(killed))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "timeout"
    return "killed" if os.WEXITSTATUS(status) else "survived"


def main(answers: str, names: str, *tests: str) -> int:
    sys.path.insert(0, str(Path.cwd()))
    plugin = Forked(Path(names).read_text(encoding="utf-8").split(), Path(answers))
    options = ["--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--capture=no", "--tb=no"]
    return int(pytest.main([*options, *tests], plugins=[plugin]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
