"""Inside a worker: carry tasks out one after the other, on one thread, with the caller's paths, folder and variables.

What plug-ins print goes where the caller says. Answers leave as JSON.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import pickle
import resource
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from ...core import progress
from ...learning.workbench import keep_memory
from .frames import Frame, receive, send
from .limits import BEAT, FILES


@dataclass(frozen=True)
class Settings:
    """What a worker has from its caller: the search path of modules, working folder, environment variables, and the folder for passing files."""

    path: list[str]
    folder: str
    variables: dict[str, str]
    passing: str


def work(files: list[int]) -> None:
    """Serve the caller at the other end of the first file until it is gone; write what is printed to the second."""
    channel = socket.socket(fileno=files[0])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(files[1], 1)
    os.dup2(files[1], 2)
    os.close(files[1])
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable()
    if sys.platform != "linux":
        threading.Thread(target=_end_with_server, daemon=True).start()
    _limit(resource.RLIMIT_FSIZE, FILES)
    _limit(resource.RLIMIT_CORE, 0)
    first = receive(channel)
    if first is None:
        return
    settings = pickle.loads(first[1])
    _settle(settings)
    import torch

    torch.set_num_threads(1)
    keep_memory()
    progress.listener = _Marks(channel)
    mine = os.getpid()
    while (message := receive(channel)) is not None:
        number, function, arguments = pickle.loads(message[1])
        os.makedirs(settings.passing, exist_ok=True)
        send(channel, Frame.BEGUN, str(number).encode())
        kind, said = _carried_out(function, arguments)
        if os.getpid() != mine:  # a child that a plug-in forked, and that went on as if it were this process
            os._exit(0)
        send(channel, kind, json.dumps([number, said]).encode())


def _carried_out(function: Any, arguments: tuple[Any, ...]) -> tuple[Frame, Any]:
    try:
        value = function(*arguments)
    except BaseException as error:  # an interrupt, too, that a plug-in raised
        line = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        return Frame.RAISED, f"{type(error).__name__}: {line}"
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        return Frame.RAISED, f"its answer is no plain data: {' '.join(str(error).split())}"
    return Frame.ANSWER, value


class _Marks:
    """Tells the caller that something was done, a few times a second at most."""

    def __init__(self, channel: socket.socket):
        self._channel, self._told, self._process = channel, 0.0, os.getpid()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._told > BEAT and os.getpid() == self._process:
            self._told = now
            send(self._channel, Frame.MARK)


def _settle(settings: Settings) -> None:
    sys.path[:] = settings.path
    os.environ.clear()
    os.environ.update(settings.variables)
    tempfile.tempdir = None
    with contextlib.suppress(OSError):  # it was removed since
        os.chdir(settings.folder)


def _limit(of: int, amount: int) -> None:
    _, hard = resource.getrlimit(of)
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(of, (amount, amount))


def beat(files: list[int]) -> None:
    """The canary: a little work, a beat, a little sleep; as long as somebody listens."""
    channel = socket.socket(fileno=files[0])
    while True:
        until = time.process_time() + 0.001
        while time.process_time() < until:
            pass
        try:
            send(channel, Frame.MARK)
        except OSError:
            return
        time.sleep(BEAT)


def _end_with_server() -> None:
    server = os.getppid()
    while os.getppid() == server:
        time.sleep(1)
    os._exit(1)
