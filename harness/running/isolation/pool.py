"""The caller's side: one fork server, its workers, and what is heard from them.

Nothing here decides what is carried out where; `workers.py` does. A message of a worker that does not read ends that worker.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.cleaning import BorderError, parsed
from . import processes
from .frames import Frame, Incoming, NoFrame, packed, send
from .inside import Settings
from .limits import BEAT, Usage, Watch
from .log import Log
from .server import command
from .task import Answer, Loss, Lost, Task
from .variables import variables

STARTED = 120.0
"""Seconds within which a server that lives has started a worker that was asked for, as the canary counts them, which a crowded machine slows
down as well; one that has not is given up."""
BURIED = 10.0
"""Seconds within which a worker that was stopped has ended."""
SAMPLED = 0.2
"""Seconds between two looks at what workers use; longer where a look takes long."""
SLOWEST = 2.0
FILES_SAMPLED = 2.0
DYING = 2.0
"""Seconds after which a process of which nothing can be heard has not ended, but closed what it answers over."""
TAKEN = 1 << 18


@dataclass(eq=False)
class Worker:
    """One worker as its caller knows it."""

    number: int
    plugin: str
    channel: socket.socket
    output: socket.socket | None
    asked: float
    beats: int = 0
    """Those that had been heard when it was asked for."""
    folder: Path | None = None
    incoming: Incoming = field(default_factory=Incoming)
    pid: int | None = None
    task: int | None = None
    limit: float | None = None
    watch: Watch | None = None
    progressed: bool = False
    usage: Usage = field(default_factory=Usage)
    stopped: float | None = None
    silent: float | None = None
    """Since when nothing can be heard of it."""
    muted: str = ""
    """Why it was stopped, if that was since it could not be heard any more."""
    files_seen: float = 0.0

    @property
    def peak(self) -> int:
        """Most bytes that were seen resident during its task."""
        return self.watch.peak if self.watch else 0


@dataclass(frozen=True)
class Answered:
    """A worker answered its task."""

    worker: Worker
    task: int
    answer: Answer | Lost


@dataclass(frozen=True)
class Ended:
    """A worker is no more; `status` as in `subprocess`, None where nobody knows it."""

    worker: Worker
    status: int | None


Event = Answered | Ended


class Server:
    """A fork server of this process, and a token by which all that ever came of it is found."""

    def __init__(self, preload: Sequence[str]):
        self.token, self.owner = secrets.token_hex(8), os.getpid()
        self.channel, its = socket.socketpair()
        self.beside = processes.children()
        with its:
            self.process = subprocess.Popen(
                command(its.fileno(), preload),
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, processes.TOKEN: self.token},
            )
        self.incoming = Incoming()
        self.ready = False
        self.pools: dict[int, Pool] = {}
        """Whose worker is whose: several runs of one process share its server."""

    @property
    def alive(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None

    def end(self, at_once: bool = False) -> None:
        """End it and all that came of it."""
        if self.owner != os.getpid():
            return
        self.channel.close()
        if at_once or not self.ready:
            self.process.kill()
        try:
            self.process.wait(BURIED)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while processes.end_marked(self.token):
            time.sleep(0.01)
        if adopting:
            processes.end_orphans(self.beside)


_server: Server | None = None
adopting = False
"""Whether this process has no children but those of its run, so that whatever comes to it from a server that died is ended."""


def adopt() -> None:
    """Have what outlives a server become this process's own, to be ended with it: for a program that does nothing but a run (Linux)."""
    global adopting
    processes.adopt_orphans()
    adopting = True


def running_server(preload: Sequence[str]) -> Server:
    """This process's server, started if need be; it serves one run after the other."""
    global _server
    if _server is None or not _server.alive:
        if _server is not None:
            _server.end(at_once=True)
        else:
            atexit.register(end_server)
        _server = Server(preload)
    return _server


def end_server(at_once: bool = False) -> None:
    """End this process's server, if it has one."""
    global _server
    server, _server = _server, None
    if server is not None:
        server.end(at_once)


class Pool:
    """Workers, and what is heard from them.

    Args:
        preload: what the server imports.
        log: what plug-ins print goes there.
        folders: of passing files; each worker has one of its own in the first in which one can be made, since somebody may put a file
            in the place of a run's folder.
    """

    def __init__(self, preload: Sequence[str], log: Log, folders: Sequence[Path]):
        self._preload, self._log, self._folders = preload, log, folders
        self._selector = selectors.DefaultSelector()
        self._server: Server | None = None
        self._workers: dict[int, Worker] = {}
        self._canary: Worker | None = None
        self.beats = 0
        self.overheard: list[tuple[Frame, dict[str, Any]]] = []
        """What another pool heard of workers of this one."""
        self._sampled, self._between, self._unheard = 0.0, SAMPLED, 0.0

    # What a pool is told.

    def start(self, plugin: str) -> Worker:
        """A new worker, which begins as soon as the server can."""
        server = self._serving()
        if self._canary is None:
            self._canary = self._started(server, "beat", "")
        worker = self._started(server, "work", plugin)
        worker.folder = _made(self._folders, str(worker.number))
        settings = Settings(sys.path[:], os.getcwd(), variables(worker.folder, server.token), str(worker.folder))
        self._send(worker, Frame.SETTINGS, pickle.dumps(settings))
        return worker

    def give(self, worker: Worker, number: int, task: Task) -> None:
        """Have a worker that has nothing to do carry a task out."""
        worker.task, worker.limit, worker.watch, worker.asked = number, task.time_limit, None, time.monotonic()
        self._send(worker, Frame.TASK, pickle.dumps((number, task.function, task.arguments)))

    def stop(self, worker: Worker) -> None:
        """Have a worker ended, with all its descendants; its end is an event."""
        if worker.stopped is None:
            worker.stopped = time.monotonic()
            if self._server is not None:
                with suppress(OSError):
                    self._server.channel.settimeout(BURIED)
                    send(self._server.channel, Frame.STOP, json.dumps({"number": worker.number}).encode())

    def close(self) -> None:
        """End all workers; the server stays, unless it has not even begun."""
        server = self._server
        if server is not None and not (server.ready and server.alive):
            end_server(at_once=True)
            server = None
        everyone = [*self._workers.values(), *([self._canary] if self._canary else [])]
        if server is not None:
            for each in everyone:
                self.stop(each)
            until = time.monotonic() + BURIED
            while (self._workers or self._canary) and time.monotonic() < until and self._server is server:
                for event in self.heard(0.1):
                    if isinstance(event, Ended):
                        self._workers.pop(event.worker.number, None)
            if self._workers or self._canary:
                end_server(at_once=True)
        for each in everyone:
            self._forget(each)
        self._workers.clear()
        self._selector.close()

    # What is heard.

    def heard(self, patience: float) -> list[Event]:
        """What has happened, once something has, or after so many seconds."""
        events: list[Event] = []
        overheard, self.overheard = self.overheard, []
        for kind, said in overheard:
            events += self._told(kind, said)
        for key, _ in self._selector.select(patience):
            try:
                self._selector.get_key(key.fileobj)
            except (KeyError, ValueError):  # closed by what was heard before
                continue
            events += key.data()
        now = time.monotonic()
        server = self._server
        if server is not None and not server.alive:
            return [*events, *self._server_died()]
        for worker in list(self._workers.values()):
            if worker.silent is not None and worker.stopped is None and now - worker.silent > DYING:
                found = processes.read_process(worker.pid) if worker.pid else None
                if found is not None and not found.zombie:
                    worker.muted = "it closed the descriptors over which it answers"
                self.stop(worker)
            waited = now - worker.asked
            beaten = (self.beats - worker.beats) * BEAT > STARTED or waited > 10 * STARTED
            late = worker.pid is None and server is not None and server.ready and waited > STARTED and beaten
            unburied = worker.stopped is not None and now - worker.stopped > BURIED
            if late or unburied:
                return [*events, *self._server_died()]
        return events

    def sampled(self) -> list[Worker]:
        """Workers whose usage was looked at just now; none, where the last look was not long ago."""
        began = time.monotonic()
        if began - self._sampled < self._between:
            return []
        elapsed, self._sampled = began - self._sampled, began
        self.beats += min(int(self._unheard), 1 + int(elapsed / BEAT), 4)
        self._unheard = 0.0
        busy = [each for each in self._workers.values() if each.watch is not None and each.pid is not None]
        if not busy:
            return []
        with suppress(OSError):  # somebody may have stopped them
            for pid in (self._server.process.pid if self._server else 0, self._canary.pid if self._canary else 0):
                if pid:
                    os.kill(pid, signal.SIGCONT)
        everyone = list(processes.all_processes())
        for worker in busy:
            assert worker.pid is not None and worker.watch is not None
            worker.usage = self._usage(worker, processes.family(worker.pid, among=everyone), began)
            worker.watch = worker.watch.after(self.beats, worker.usage, worker.progressed)
            worker.progressed = False
        self._between = min(max(SAMPLED, 25 * (time.monotonic() - began)), SLOWEST)
        return busy

    def shared_once(self, worker: Worker) -> int:
        """Bytes that a worker's processes have resident, pages that several share counted once."""
        assert worker.pid is not None
        return processes.proportional(
            [each.pid for each in processes.family(worker.pid, among=list(processes.all_processes()))]
        )

    def _usage(self, worker: Worker, family: Sequence[processes.Process], now: float) -> Usage:
        resident = sum(each.resident for each in family)
        files = worker.usage.files
        if now - worker.files_seen > FILES_SAMPLED:
            worker.files_seen, files = now, _bytes_under(worker.folder)
        if not processes.LINUX:
            assert worker.watch is not None
            return Usage(worker.usage.cpu + SAMPLED, 0, 0, files)  # nothing is known; the clock has to do
        return Usage(sum(each.cpu for each in family), resident, len(family) - 1, files)

    # The server.

    def _serving(self) -> Server:
        server = running_server(self._preload)
        if server is not self._server:
            self._server = server
            server.channel.setblocking(True)
            self._selector.register(server.channel, selectors.EVENT_READ, self._hear_server)
        return server

    def _started(self, server: Server, what: str, plugin: str) -> Worker:
        number = next(_numbers)
        server.pools[number] = self
        channel, its = socket.socketpair()
        output, ours = socket.socketpair() if what == "work" else (None, None)
        worker = Worker(number, plugin, channel, output, time.monotonic(), self.beats)
        with suppress(OSError):  # a server that is gone is noticed when it is next listened to
            server.channel.settimeout(STARTED)
            said = json.dumps({"number": number, "task": what}).encode()
            send(server.channel, Frame.START, said, [each.fileno() for each in (its, ours) if each])
        for each in (its, ours):
            if each:
                each.close()
        channel.setblocking(False)
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._hear(worker))
        if output:
            output.setblocking(False)
            self._selector.register(output, selectors.EVENT_READ, lambda: self._hear_output(worker))
        if what == "work":
            self._workers[number] = worker
        return worker

    def _send(self, worker: Worker, kind: Frame, body: bytes) -> None:
        """To a worker that listens; one that does not is ended when it is next heard of."""
        worker.channel.settimeout(BURIED)
        try:
            worker.channel.sendall(packed(kind, body))
        except OSError:
            self.stop(worker)
        finally:
            worker.channel.setblocking(False)

    def _hear_server(self) -> list[Event]:
        server, events = self._server, []
        assert server is not None
        try:
            data = server.channel.recv(TAKEN)
            messages = list(server.incoming.feed(data)) if data else None
        except (OSError, NoFrame):
            messages = None
        if messages is None:
            return self._server_died()
        for kind, body in messages:
            said = json.loads(body)
            if kind is Frame.READY and said["number"] == 0:
                server.ready = True
                for pool in set(server.pools.values()):
                    pool.overheard.append((kind, said))
            pool = server.pools.get(said["number"], self)
            if pool is self:
                events += self._told(kind, said)
            else:
                pool.overheard.append((kind, said))
            if kind in (Frame.ENDED, Frame.REFUSED):
                server.pools.pop(said["number"], None)
        return events

    def _told(self, kind: Frame, said: Mapping[str, Any]) -> list[Event]:
        number, canary = said["number"], self._canary
        if number == 0:  # the server is ready only now
            for each in (*self._workers.values(), *([canary] if canary else [])):
                each.asked = time.monotonic()
            return []
        worker = canary if canary is not None and canary.number == number else self._workers.get(number)
        if worker is None:
            return []
        if kind is Frame.READY:
            worker.pid = said["pid"]
            return []
        if canary is None or worker is not canary:
            return self._bury(worker, said.get("status"))
        self._forget(canary)
        self._canary = None
        if canary.stopped is None and self._server is not None:
            self._canary = self._started(self._server, "beat", "")
        return []

    def _server_died(self) -> list[Event]:
        """All workers die with their server, which is replaced when the next one is wanted."""
        server, self._server = self._server, None
        if server is None:
            return []
        with suppress(KeyError, ValueError):
            self._selector.unregister(server.channel)
        end_server(at_once=True)
        if self._canary:
            self._forget(self._canary)
            self._canary = None
        return [event for worker in list(self._workers.values()) for event in self._bury(worker, None)]

    def _bury(self, worker: Worker, status: int | None) -> list[Event]:
        events = self._hear(worker)  # it may have answered before
        self._hear_output(worker)
        self._forget(worker)
        self._workers.pop(worker.number, None)
        return [*events, Ended(worker, status)]

    def _forget(self, worker: Worker) -> None:
        for each in (worker.channel, worker.output):
            if each is not None and each.fileno() >= 0:
                with suppress(KeyError, ValueError, RuntimeError):
                    self._selector.unregister(each)
                each.close()

    # Workers.

    def _hear(self, worker: Worker) -> list[Event]:
        events: list[Event] = []
        gone = False
        try:
            while data := worker.channel.recv(TAKEN):
                for kind, body in worker.incoming.feed(data):
                    events += self._understood(worker, kind, body)
            gone = True
        except BlockingIOError:
            pass
        except NoFrame:
            worker.muted = "what it sent over the descriptors on which it answers is no answer"
            gone = True
            self.stop(worker)
        except (OSError, ValueError):
            gone = True
        if gone and worker.channel.fileno() >= 0:
            with suppress(KeyError, ValueError):
                self._selector.unregister(worker.channel)
            worker.silent = time.monotonic()  # it has ended, as is told soon, or cannot be heard any more
        return events

    def _understood(self, worker: Worker, kind: Frame, body: bytes) -> Iterator[Event]:
        if kind is Frame.MARK:
            if worker is self._canary:
                self._unheard += 1
            worker.progressed = True
        elif kind is Frame.BEGUN and worker.task is not None and worker.watch is None:
            before = processes.read_process(worker.pid) if worker.pid else None
            worker.watch = Watch.begun(worker.limit, self.beats, before.cpu if before else 0.0)
            worker.usage = Usage(before.cpu if before else 0.0)
        elif kind in (Frame.ANSWER, Frame.RAISED) and worker.task is not None:
            number, answer = worker.task, _read(kind, body, worker.task)
            if answer is None:
                return  # of an earlier task: somebody else writes on this channel
            worker.task, worker.watch = None, None
            if isinstance(answer, Answer):
                answer = Answer(answer.value, str(worker.pid or ""))
            yield Answered(worker, number, answer)

    def _hear_output(self, worker: Worker) -> list[Event]:
        if worker.output is None or worker.output.fileno() < 0:
            return []
        try:
            for _ in range(16):
                data = worker.output.recv(TAKEN)
                if not data:
                    self._selector.unregister(worker.output)
                    break
                self._log.add(worker.plugin, data)
        except (BlockingIOError, KeyError, ValueError):
            pass
        except OSError:
            with suppress(KeyError, ValueError):
                self._selector.unregister(worker.output)
        return []


_numbers = iter(range(1, 1 << 62))
"""Of workers; unique in this process, whichever server and pool they belong to."""


def _read(kind: Frame, body: bytes, expected: int) -> Answer | Lost | None:
    try:
        number, value = parsed(body)
    except (BorderError, TypeError, ValueError) as error:
        return Lost(f"its answer is no plain data: {error}", Loss.RAISED)
    if number != expected:
        return None
    return Answer(value) if kind is Frame.ANSWER else Lost(str(value))


def _made(folders: Sequence[Path], name: str) -> Path:
    """A folder of that name in the first of these in which it can be made."""
    for folder in folders:
        with suppress(OSError):
            (folder / name).mkdir(parents=True, exist_ok=True)
            return folder / name
    return folders[0] / name


def _bytes_under(folder: Path | None) -> int:
    total = 0
    for where, _, names in os.walk(folder or "/nowhere"):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
