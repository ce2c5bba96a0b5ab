"""Messages between the processes of a run: a letter, eight bytes of length, a body. What a plug-in's process sends is never unpickled."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from enum import Enum

HEADER = struct.Struct("!cQ")
LARGEST = 1 << 28
"""Bytes of a message; no row comes near."""


class Frame(Enum):
    """What a message is."""

    SETTINGS = b"S"
    TASK = b"T"
    BEGUN = b"B"
    MARK = b"M"
    ANSWER = b"A"
    RAISED = b"E"
    START = b"W"
    STOP = b"K"
    READY = b"R"
    ENDED = b"X"
    REFUSED = b"F"


class NoFrame(ValueError):
    """Bytes that are no message of ours."""


def packed(kind: Frame, body: bytes = b"") -> bytes:
    return HEADER.pack(kind.value, len(body)) + body


def send(to: socket.socket, kind: Frame, body: bytes = b"", files: Sequence[int] = ()) -> None:
    """One message, with open files if need be.

    Raises:
        OSError: the other end is gone, or takes nothing.
    """
    data = packed(kind, body)
    if files:
        sent = socket.send_fds(to, [data], list(files))
        data = data[sent:]
    to.sendall(data)


class Incoming:
    """Takes bytes as they come, gives whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Frame, bytes]]:
        """The messages that are whole now.

        Raises:
            NoFrame: whoever sends does not keep to the form.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            letter, length = HEADER.unpack_from(self._buffer)
            try:
                kind = Frame(letter)
            except ValueError:
                raise NoFrame(f"a message begins with {letter!r}") from None
            if length > LARGEST:
                raise NoFrame(f"a message of {length} bytes; at most {LARGEST} are taken")
            if len(self._buffer) < HEADER.size + length:
                return
            body = bytes(self._buffer[HEADER.size : HEADER.size + length])
            del self._buffer[: HEADER.size + length]
            yield kind, body


def receive(of: socket.socket) -> tuple[Frame, bytes] | None:
    """The next message of a blocking socket, or None once the other end is gone."""
    header = _exactly(of, HEADER.size)
    if header is None:
        return None
    letter, length = HEADER.unpack(header)
    body = _exactly(of, length)
    return None if body is None else (Frame(letter), body)


def receive_with_files(of: socket.socket, files: int) -> tuple[Frame, bytes, list[int]] | None:
    """The next message and the open files that came with it, or None once the other end is gone."""
    first, handed, _, _ = socket.recv_fds(of, HEADER.size, files)
    rest = _exactly(of, HEADER.size - len(first)) if first else None
    if rest is None:
        return None
    letter, length = HEADER.unpack(first + rest)
    body = _exactly(of, length)
    return None if body is None else (Frame(letter), body, list(handed))


def _exactly(of: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = of.recv(min(count, 1 << 16))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
