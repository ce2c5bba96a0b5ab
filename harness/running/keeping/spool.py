"""Rows whose long parts lie in a passing file, so that a run of many rows does not hold them all; each reads as any other row.

In memory stays what rows are counted, sorted and compared by: a few hundred bytes each. Evidence, certificates and texts are read from
the file when they are asked for.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from ...core.result import Kind, Result, members, members_of

LONG = ("evidence", "certificate", "reason", "printed", "reproduce", "origin")
"""Fields that lie in the file."""
SHARED = {
    *("suite", "check", "kind", "claim", "architecture", "options", "outcome", "predicted", "observed", "dtype"),
    *("declared", "refusal", "fault", "asked", "place", "changed"),
}
"""Fields in which many rows are equal; of equal values one is kept."""
SHORT = 200
"""Characters of such a text; a longer one is each row's own."""
WHOLE = 1024
"""The first rows of a run are held as they are: a small run has no more, and needs no file."""
AT_FIRST = 2048
"""Bytes that are read at a time: few rows have more."""


class Spool:
    """The long parts of the rows of one run. The file has no name: it is gone with the last row, or with the process.

    Args:
        folder: where it lies; the system's for passing files unless given.
        whole: so many rows are held whole.
    """

    def __init__(self, folder: Path | None = None, whole: int = WHOLE):
        self._folder, self._file, self._whole = folder, None, whole
        self._end = 0
        self._held: dict[int, bytes] = {}
        self._same: dict[Any, Any] = {}
        self._latest: tuple[int, dict[str, Any]] = (-1, {})  # who looks at a row looks at it more than once

    def keep(self, row: Result, **changes: Any) -> Result:
        """The row with these values, equal in every field to one that is held whole."""
        told = {**members(row), **changes}
        if self._whole > 0:
            self._whole -= 1
            return Result(**{name: self._one(value) if name in SHARED else value for name, value in told.items()})
        short = {
            name: self._one(value) if name in SHARED else value
            for name, value in told.items()
            if name not in LONG or not value
        }
        place = self._put({name: told[name] for name in LONG if told[name]})
        return SpooledRow.lying({**short, "_spool": self, "_place": place, "_of": type(told["evidence"])})

    def at(self, place: int) -> dict[str, Any]:
        """The long parts that lie there, by field; a field that is empty has none."""
        latest = self._latest
        if latest[0] != place:
            latest = self._latest = place, pickle.loads(self._read(place))
        return latest[1]

    def _put(self, parts: dict[str, Any]) -> int:
        packed, place = BytesIO(), self._end
        _Pickler(packed, pickle.HIGHEST_PROTOCOL).dump(parts)
        data = packed.getvalue()
        data = len(data).to_bytes(4, "little") + data
        self._end += len(data)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (it is there as long as its rows)
                weakref.finalize(self, self._file.close)
            if os.pwrite(self._file.fileno(), data, place) < len(data):
                self._held[place] = data
        except OSError:  # the disk is full, or there is no folder
            self._held[place] = data
        return place

    def _read(self, place: int) -> bytes:
        if place in self._held or self._file is None:
            return self._held[place][4:]
        data = os.pread(self._file.fileno(), AT_FIRST, place)
        size = int.from_bytes(data[:4], "little")
        return data[4:] if size + 4 <= AT_FIRST else os.pread(self._file.fileno(), size, place + 4)

    def _one(self, value: Any) -> Any:
        """The first that was equal, and of the same type throughout."""
        if isinstance(value, str) and len(value) > SHORT:
            return value
        key = repr(value) if isinstance(value, Mapping | list) else value
        return self._same.setdefault((type(value), key), value)


class SpooledRow(Result):
    """A row whose long parts lie in a spool."""

    __slots__ = ("_of", "_place", "_spool")

    @classmethod
    def lying(cls, short: Mapping[str, Any]) -> SpooledRow:
        """The row of these short parts, that knows where its long ones lie and of which type its evidence is."""
        row = object.__new__(cls)
        for name, value in short.items():
            object.__setattr__(row, name, value)
        return row

    def __getattr__(self, name: str) -> Any:
        if name not in LONG:  # a field that lies in memory is found without this
            raise AttributeError(f"a row has no {name}")
        return self._spool.at(self._place)[name]

    def measured(self, kind: type[Kind]) -> Kind | None:
        return self.evidence if issubclass(self._of, kind) else None  # type: ignore[return-value]

    def _with(self, **changes: Any) -> Result:
        if not changes.keys().isdisjoint(LONG):
            return self._spool.keep(self, **changes)
        long = self._spool.at(self._place)
        kept = (*(name for name in self.__match_args__ if name not in long), *self.__slots__)
        return SpooledRow.lying({**{name: getattr(self, name) for name in kept}, **changes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and members(self) == members(other)

    def __reduce__(self) -> tuple[Any, ...]:
        return Result, tuple(members(self).values())


class _Pickler(pickle.Pickler):
    """As usual, but for frozen dataclasses, which are many and read back slowly otherwise."""

    def reducer_override(self, value: Any) -> Any:
        if not hasattr(type(value), "__slots__") or not is_dataclass(value) or isinstance(value, type):
            return NotImplemented
        return _made, (type(value), tuple(members(value).values()))


def _made(of: type, values: tuple[Any, ...]) -> Any:
    made = object.__new__(of)
    for name, value in zip(members_of(of), values, strict=True):
        object.__setattr__(made, name, value)
    return made
