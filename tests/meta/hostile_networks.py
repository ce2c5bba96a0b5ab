"""A network that does one deed to its process, or to others', in its second call; all are bounded in count, memory and time.

`Hostile[deed=NAME]` is sound but for its deed. `DEEDS` says what has to become of its rows.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import locale
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import torch

from orbitcheck import register
from orbitcheck.architectures.stats import Stats

KEPT: list[object] = []


class Becomes(Enum):
    """What has to become of the rows in which a deed is done."""

    SAME = "the rows of the sound network"
    NAMED = "the rows of the sound network, and the setting is named"
    ERROR = "errors that say the word"
    ANY = "whatever it makes of its own rows"


@dataclass(frozen=True)
class Deed:
    """What is done, what becomes of it, and a word of the reason, or of the setting's name."""

    do: Callable[[], object]
    becomes: Becomes
    word: str = ""


DEEDS: dict[str, Deed] = {}


def deed(becomes: Becomes, word: str = "") -> Callable[[Callable[[], object]], Callable[[], object]]:
    def enter(function: Callable[[], object]) -> Callable[[], object]:
        DEEDS[function.__name__.replace("_", "-")] = Deed(function, becomes, word)
        return function

    return enter


def setting(name: str, word: str, function: Callable[[], object]) -> None:
    DEEDS[name] = Deed(function, Becomes.NAMED, word)


setting("default-dtype", "default dtype", lambda: torch.set_default_dtype(torch.float64))
setting("default-device", "default device", lambda: torch.set_default_device("meta"))
setting("precision", "precision of float32", lambda: torch.set_float32_matmul_precision("medium"))
setting("gradients-off", "gradient mode", lambda: torch._C._set_grad_enabled(not torch.is_grad_enabled()))
setting("inference", "inference mode", lambda: KEPT.append(torch._C._InferenceMode(True)))
setting("threads", "number of threads", lambda: torch.set_num_threads(3))
setting("deterministic", "deterministic", lambda: torch.use_deterministic_algorithms(True, warn_only=True))
setting("anomaly", "anomaly", lambda: torch.autograd.set_detect_anomaly(True))
setting("autocast", "autocast", lambda: torch.set_autocast_enabled("cpu", True))
setting("denormals", "denormal", lambda: torch.set_flush_denormal(True))
setting("numpy-errors", "numpy", lambda: np.seterr(all="raise"))
setting("recursion", "recursion", lambda: sys.setrecursionlimit(123456))
setting("alarm", "alarm", lambda: signal.alarm(600))
setting("timer", "timer", lambda: signal.setitimer(signal.ITIMER_PROF, 600))
setting("handler", "signal handlers", lambda: signal.signal(signal.SIGTERM, lambda number, frame: None))
setting("folder", "working folder", lambda: os.chdir("/"))
setting("umask", "umask", lambda: os.umask(0))
setting("tracing", "tracing", lambda: sys.settrace(lambda frame, event, argument: None))
setting("profiling", "profiling", lambda: sys.setprofile(lambda frame, event, argument: None))
setting("collector", "garbage", gc.disable)
setting("benchmark", "cuDNN", lambda: setattr(torch.backends.cudnn, "benchmark", True))
setting("variables", "variables of the environment", os.environ.clear)
setting("variable", "variables of the environment", lambda: os.environ.update(PATH=""))
setting("path", "sys.path", lambda: sys.path.clear())
setting("switching", "switch interval", lambda: sys.setswitchinterval(5))
setting("locale", "locale", lambda: locale.setlocale(locale.LC_ALL, "C"))
setting("streams", "sys.stdout", lambda: setattr(sys, "stdout", None))
setting("hook", "excepthook", lambda: setattr(sys, "excepthook", print))


if hasattr(torch._C, "_get_fp32_precision_getter"):  # settings that older ones have not
    products = torch.backends.mkldnn.matmul
    setting("precision-by-backend", "precision of float32", lambda: setattr(products, "fp32_precision", "bf16"))
    setting("precision-of-all", "precision", lambda: setattr(torch.backends, "fp32_precision", "tf32"))
    setting("precision-of-convolutions", "cuDNN", lambda: setattr(torch.backends.cudnn, "fp32_precision", "tf32"))


@deed(Becomes.SAME)
def warnings_as_errors() -> None:
    warnings.simplefilter("error")


@deed(Becomes.SAME)
def random_states() -> None:
    random.seed(1)
    np.random.seed(1)


@deed(Becomes.ERROR, "exit code 0")
def exit_zero() -> None:
    os._exit(0)


@deed(Becomes.ERROR, "exit code 0")
def exit_by_libc() -> None:
    ctypes.CDLL(None)._exit(0)


@deed(Becomes.ERROR, "exit code 3")
def exit_three() -> None:
    os._exit(3)


@deed(Becomes.ERROR, "SystemExit")
def sys_exit() -> None:
    sys.exit(0)


@deed(Becomes.ERROR, "KeyboardInterrupt")
def interrupt() -> None:
    raise KeyboardInterrupt


@deed(Becomes.ERROR, "Own")
def base_exception() -> None:
    raise type("Own", (BaseException,), {})


@deed(Becomes.ERROR, "SIGABRT")
def abort() -> None:
    os.abort()


@deed(Becomes.ERROR, "SIGSEGV")
def segfault() -> None:
    ctypes.string_at(0)


@deed(Becomes.ERROR, "SIGKILL")
def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@deed(Becomes.ERROR, "SIGTERM")
def terminate_itself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@deed(Becomes.ERROR, "hung: more than")
def loop() -> None:
    while True:
        pass


@deed(Becomes.ERROR, "hung: idle")
def sleep() -> None:
    time.sleep(600)


@deed(Becomes.ERROR, "hung: idle")
def deadlock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@deed(Becomes.ERROR, "hung: idle")
def stop_itself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


@deed(Becomes.ERROR, "hung: idle")
def deaf() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(600)


@deed(Becomes.ERROR, "hung: idle")
def read_nothing() -> None:
    os.read(os.pipe()[0], 1)


@deed(Becomes.ERROR, "hung: more than")
def child_computes() -> None:
    subprocess.run([sys.executable, "-c", "while True: pass"], timeout=600)


@deed(Becomes.ERROR, "hung: more than")
def thread_computes() -> None:
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    thread.join()


@deed(Becomes.ERROR, "memory:")
def much_memory() -> None:
    for _ in range(30):
        KEPT.append(b"\1" * (100 << 20))
        time.sleep(0.05)
    time.sleep(20)


@deed(Becomes.ERROR, "memory:")
def memory_of_children() -> None:
    grow = "import time; kept = [b'1' * (100 << 20) for _ in range(10)]; time.sleep(30)"
    for child in [subprocess.Popen([sys.executable, "-c", grow]) for _ in range(3)]:
        child.wait()


def forked(then: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            then()
        finally:
            os._exit(0)
    return pid


@deed(Becomes.ERROR, "processes")
def many_children() -> None:
    for _ in range(80):
        forked(lambda: time.sleep(30))
    time.sleep(20)


@deed(Becomes.ERROR, "processes")
def fork_storm() -> None:
    def storm(depth: int = 5) -> None:
        for _ in range(depth):
            forked(lambda: storm(depth - 1))
        time.sleep(20)

    storm()


@deed(Becomes.SAME)
def goes_on_twice() -> None:
    """The child, too, comes back into the harness, with the descriptors of its parent."""
    os.fork()


@deed(Becomes.ERROR, "hung: idle")
def child_answers() -> None:
    if os.fork():
        time.sleep(600)


@deed(Becomes.SAME)
def child_left() -> None:
    KEPT.append(subprocess.Popen(["sleep", "600.25"]))


@deed(Becomes.SAME)
def daemon_left() -> None:
    def detach() -> None:
        os.setsid()
        forked(lambda: os.execvp("sleep", ["sleep", "600.25"]))

    os.waitpid(forked(detach), 0)


@deed(Becomes.SAME)
def daemon_without_variables() -> None:
    command = "setsid env -i sleep 600.25 >/dev/null 2>&1 &"
    subprocess.run(["sh", "-c", command], check=True)


@deed(Becomes.SAME)
def orphan_without_reaper() -> None:
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
    daemon_left()


@deed(Becomes.SAME)
def thread_left() -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()


@deed(Becomes.ERROR, "File too large")
def large_file() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(2 << 30)


@deed(Becomes.ERROR, "of files")
def many_files() -> None:
    for _ in range(12):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.truncate(100 << 20)
    time.sleep(20)


@deed(Becomes.ANY)
def prints_much() -> None:
    for _ in range(20):
        print("x" * 1000000)


@deed(Becomes.SAME)
def writes_much() -> None:
    for _ in range(240):
        os.write(1, b"x" * 65536)


@deed(Becomes.ERROR, "xxx")
def long_message() -> None:
    raise ValueError("x" * 10_000_000)


@deed(Becomes.ERROR, "")
def message_that_raises() -> None:
    class Worse(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    raise Worse


@deed(Becomes.ERROR, "##")
def commands_in_a_message() -> None:
    raise ValueError("\x1b[31m ##[error]x ::error::x \r\n::stop-commands::y")


@deed(Becomes.ERROR, "crashed")
def closes_everything() -> None:
    os.closerange(3, 1000)


def sockets() -> list[int]:
    """Those by which the harness hears of this process; what it prints goes by another."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
    return [number for number in numbers if _links_to(number).startswith("socket:")]


def _links_to(number: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""


@deed(Becomes.ERROR, "crashed")
def writes_nonsense() -> None:
    for number in sockets():
        with contextlib.suppress(OSError):
            os.write(number, b"nonsense" * 100)
    time.sleep(20)


@deed(Becomes.ANY)
def forges_an_answer() -> None:
    body = b'[1, {"outcome": "pass"}]'
    for number in sockets():
        with contextlib.suppress(OSError):
            os.write(number, b"A" + len(body).to_bytes(8, "big") + body)


@deed(Becomes.ERROR, "crashed")
def kills_the_server() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(20)


@deed(Becomes.SAME)
def stops_the_server() -> None:
    os.kill(os.getppid(), signal.SIGSTOP)


def siblings() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getppid() and int(name) != os.getpid():
            found.append(int(name))
    return found


@deed(Becomes.SAME)
def kills_its_siblings() -> None:
    for pid in siblings():
        os.kill(pid, signal.SIGKILL)


@deed(Becomes.SAME)
def stops_its_siblings() -> None:
    """Only the canary is wanted: a neighbour that is stopped for good hangs by itself."""
    for pid in siblings()[:1]:
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)


@deed(Becomes.ANY)
def rewrites_verdicts() -> None:
    from orbitcheck.harness.checks.equivariance import verdict

    verdict.judge = lambda *arguments, **more: None  # type: ignore[assignment]


@deed(Becomes.ERROR, "another row's")
def answers_for_its_neighbour() -> None:
    from orbitcheck.harness.core.cell import Cell

    row = Cell.row
    Cell.row = lambda self, *told, **more: row(replace(self, architecture="deep-sets"), *told, **more)  # type: ignore[method-assign]


@deed(Becomes.ANY)
def rewrites_torch() -> None:
    torch.equal = lambda *arguments: True  # type: ignore[assignment]
    torch.allclose = lambda *arguments, **more: True  # type: ignore[assignment]


@deed(Becomes.ANY)
def forgets_modules() -> None:
    for name in [name for name in sys.modules if name.startswith("orbitcheck")]:
        del sys.modules[name]


@deed(Becomes.ANY)
def no_more_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))


@deed(Becomes.SAME)
def removes_its_folder() -> None:
    subprocess.run(["rm", "-rf", tempfile.gettempdir()], check=True) if "passing" in tempfile.gettempdir() else None


@deed(Becomes.SAME)
def nice() -> None:
    os.nice(5)


@register("hostile", power="unknown")
class Hostile(Stats):
    def __init__(self, space, output, deed: str = "nice"):
        super().__init__(space, output)
        self.deed, self.calls = deed, 0

    def forward(self, v):
        self.calls += 1
        if self.calls == 2:
            DEEDS[self.deed].do()
        return super().forward(v)
