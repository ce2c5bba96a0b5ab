"""The fork server: imports once what every worker needs, forks a worker when told, says how each ended, and buries the strays.

It alone starts and buries the processes of a run. Workers are killed with it; what they leave behind becomes its own child (Linux),
and is killed too. It ends when its caller does.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from . import processes
from .frames import Frame, receive_with_files, send
from .inside import beat, work

LOOKS = 5.0
"""Seconds between two looks for strays while nothing happens."""


def main(control: int, preload: Sequence[str]) -> None:
    """Serve the caller at the other end of that socket until it is gone.

    Args:
        preload: modules to import, or `module:function` to call once; one that fails is left to the workers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    caller = socket.socket(fileno=control)
    processes.adopt_orphans()
    for name in preload:
        module, _, function = name.partition(":")
        with suppress(Exception, SystemExit):
            loaded = import_module(module)
            if function:
                getattr(loaded, function)()
    gc.collect()
    gc.freeze()
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    Server(caller, woken, waker).serve()


class Server:
    """The loop: one caller, workers by their numbers."""

    def __init__(self, caller: socket.socket, woken: socket.socket, waker: socket.socket):
        self._caller, self._woken, self._waker = caller, woken, waker
        self._workers: dict[int, int] = {}

    def serve(self) -> NoReturn:
        try:
            self._tell(Frame.READY, number=0, pid=os.getpid())
            while True:
                ready, _, _ = select.select([self._caller, self._woken], [], [], LOOKS)
                if self._woken in ready:
                    with suppress(BlockingIOError):
                        self._woken.recv(1 << 12)
                self._bury()
                if self._caller in ready and not self._heed():
                    break
                if not ready:
                    self._end_strays()
        except (OSError, ValueError):  # the caller is gone, or no caller of ours
            pass
        self._end_all()
        os._exit(0)

    def _heed(self) -> bool:
        """One message of the caller; False once it is gone."""
        message = receive_with_files(self._caller, 2)
        if message is None:
            return False
        kind, body, files = message
        asked = json.loads(body)
        if kind is Frame.START:
            self._start(asked["number"], asked["task"], files)
        elif kind is Frame.STOP and (pid := self._workers.get(asked["number"])):
            processes.end_families([pid])
        return True

    def _start(self, number: int, what: str, files: list[int]) -> None:
        run: Callable[[list[int]], None] = {"work": work, "beat": beat}[what]
        mine = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(Frame.REFUSED, number=number, reason=str(error))
            pid = None
        if pid == 0:
            status = 70
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (self._caller, self._woken, self._waker):
                    each.close()
                os.setsid()
                processes.end_with_parent()
                processes.adopt_orphans()
                if os.getppid() == mine:
                    run(files)
                    status = 0
            finally:
                os._exit(status)
        for each in files:
            os.close(each)
        if pid:
            self._workers[number] = pid
            self._tell(Frame.READY, number=number, pid=pid)

    def _bury(self) -> None:
        """Say of every worker that has ended how it did; what it left behind is ended."""
        ended = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            number = next((number for number, known in self._workers.items() if known == pid), None)
            if number is not None:
                del self._workers[number]
                ended = True
                self._end_strays()
                self._tell(Frame.ENDED, number=number, status=os.waitstatus_to_exitcode(status))
        if ended:
            self._end_strays()

    def _end_strays(self) -> None:
        """Kill the children that are no workers: what workers left behind when they ended."""
        for _ in range(20):
            known, mine = set(self._workers.values()), os.getpid()
            strays = [
                each.pid
                for each in processes.all_processes()
                if each.parent == mine and each.pid not in known and not each.zombie
            ]
            if not strays:
                return
            processes.end_families(strays, spared=known)

    def _end_all(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            processes.end_families(self._workers.values())
            self._workers.clear()
            self._end_strays()
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.01)

    def _tell(self, kind: Frame, **said: object) -> None:
        send(self._caller, kind, json.dumps(said).encode())


def command(control: int, preload: Sequence[str]) -> list[str]:
    """The command line of a server, which finds modules where this process finds them."""
    begin = str(Path(__file__).with_name("begin.py"))
    return [sys.executable, "-P", begin, json.dumps([sys.path, __name__, control, list(preload)])]
