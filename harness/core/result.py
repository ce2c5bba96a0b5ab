"""The declared result type: what a check hands over, what a row holds, and the `results.json` of a run.

Numbers that are not finite become the strings "inf", "-inf" and "nan"; floats that must survive exactly are written in
hexadecimal by whoever makes them (certificates). Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from .certificates import Certificate
from .evidence import NOTHING, Evidence
from .outcomes import OUTCOMES, Fault, Refusal, Trouble
from .records import (
    ArchitectureRecord,
    ConclusionRecord,
    ControlRecord,
    KillerRecord,
    LadderRecord,
    OrderRecord,
    PlantRecord,
    Processes,
    RequestRecord,
    Scalar,
    SelectionRecord,
)

SCHEMA_VERSION = 3

Kind = TypeVar("Kind", bound=Evidence)


@dataclass(frozen=True)
class Verdict:
    """What a pure verdict function makes of what was measured; the words are those of a row.

    Args:
        outcome: one of `OUTCOMES` (protocol.md, section 1).
        fault: what went wrong, where the outcome is an error.
    """

    outcome: str
    reason: str = ""
    predicted: str = ""
    observed: str = ""
    fault: Fault | None = None


@dataclass(frozen=True)
class Judgement:
    """What a check says of one cell: a verdict, and the evidence that it is a pure function of.

    Args:
        outcome: one of `OUTCOMES` (protocol.md, section 1).
        reason: one line for people; empty for a plain pass.
        predicted: what the theory and the plug-in's declaration say; empty if nothing.
        observed: what was measured, in the same words.
        evidence: of the kind's own type; plain `Evidence()` where nothing was measured.
        certificate: the exact statement about the inputs, or None.
        refusal: why the row does not apply.
        fault: what went wrong.
        origin: where an exception came from.
    """

    outcome: str
    reason: str = ""
    predicted: str = ""
    observed: str = ""
    evidence: Evidence = NOTHING
    certificate: Certificate | None = None
    refusal: Refusal | None = None
    fault: Fault | None = None
    origin: str | None = None

    @staticmethod
    def of(verdict: Verdict, evidence: Evidence, certificate: Certificate | None = None) -> Judgement:
        """A verdict beside the evidence that it is a function of."""
        return Judgement(**vars(verdict), evidence=evidence, certificate=certificate)

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome {self.outcome!r}; allowed: {', '.join(OUTCOMES)}")


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a plug-in was asked to build for a row.

    Args:
        output: "invariant" or "equivariant".
        family: the kind of space: what is the same for all its shapes, the activation included (`WeightSpace.family`).
        space: the space itself, in words.
    """

    output: str
    family: str
    space: str


@dataclass(frozen=True, slots=True)
class MeasuredAt:
    """Where a row was measured: the device with its name, and the machine's."""

    device: str
    machine: str


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a run: the cell, its judgement and what it cost.

    `declared` is the reason of the expected failure or allowance that covers the row, or None, and `root` the id of the row
    that this one follows from, or None (the gate fills both in). `asked` is None where no network was asked for; `origin` is where
    an exception came from: its type, file and line. `place` is where it was measured, None where it was not. `forwards` counts the
    weight vectors that the network was shown; `printed` is the beginning of what it wrote while it ran, and `changed` names the global
    settings that it left changed (they were put back).
    `seconds`, `model_seconds` (time inside the network's own calls) and a training's `loop_share` are measured times, and differ
    from run to run; trained numbers are the same bits on the same machine and thread count; all else is the same everywhere.
    """

    id: str
    suite: str
    check: str
    kind: str
    case: str
    claim: str | None
    architecture: str
    options: Mapping[str, Any]
    outcome: str
    reason: str
    predicted: str
    observed: str
    evidence: Evidence
    certificate: Certificate | None
    seed: int
    dtype: str
    seconds: float
    model_seconds: float
    reproduce: str
    declared: str | None = None
    refusal: Refusal | None = None
    fault: Fault | None = None
    forwards: int = 0
    printed: str = ""
    asked: AskedFor | None = None
    origin: str | None = None
    root: str | None = None
    changed: Sequence[str] = ()
    place: MeasuredAt | None = None

    def to_json(self) -> dict[str, Any]:
        return plain(self)

    def measured(self, kind: type[Kind]) -> Kind | None:
        """The evidence, if it is of that type; None where nothing was measured, or something else."""
        return self.evidence if isinstance(self.evidence, kind) else None

    def but(self, **changes: Any) -> Result:
        """The row with these values; itself where it has them already."""
        return self if all(getattr(self, name) == value for name, value in changes.items()) else self._with(**changes)

    def _with(self, **changes: Any) -> Result:
        return replace(self, **changes)


@dataclass(frozen=True)
class Problem:
    """What makes a run red beside its rows: `kind` and `about` say which problem it is, `text` says so to people, in one line."""

    kind: Trouble
    about: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Run:
    """A whole run: everything that a report or a gate reads.

    Args:
        orbitcheck: the version that measured.
        environment: versions, platform, device, limits, seeds' origin, and under `processes` which of them answered for which plug-in.
        suites: per suite its canonical content, as `Suite.to_json` gives it.
        architectures: per architecture name, options and traits, or the error that kept it from loading.
        results: the rows, in the order of the plan.
        problems: what makes the run red beside its rows (protocol.md, section 1).
        conclusions: what several rows say together about a claim (`conclusions.py`), as its `to_json` gives it.
        separation_order: the partial order of separation over the architectures (`order.py`), where it was measured.
        controls: per architecture the tool's false positives and how far the network sees (`controls.py`).
        round_ladder: per architecture what it saw of each round of the ladder (`controls.py`).
        planted: what became of the planted defects (`planted.py`).
        killers: what became of the false claims that the conclusions' checks were shown (`killing.py`).
        notes: what the suites speak of and the run did not ask, one line each; never red.
        request: what the user asked beside the suites; None in runs of earlier versions.
        selection: which rows of the plan were asked for; None for all.
        unfinished_of: how many rows were to be measured, where the run did not finish; such a run is shown, and judged nowhere.
    """

    orbitcheck: str
    environment: Mapping[str, Scalar | Processes]
    suites: Sequence[Mapping[str, Any]]
    architectures: Sequence[ArchitectureRecord]
    results: Sequence[Result]
    problems: Sequence[Problem] = ()
    separation_order: OrderRecord | None = None
    conclusions: Sequence[ConclusionRecord] = ()
    controls: Sequence[ControlRecord] = ()
    round_ladder: Sequence[LadderRecord] = ()
    planted: Sequence[PlantRecord] = ()
    killers: Sequence[KillerRecord] = ()
    notes: Sequence[str] = ()
    request: RequestRecord | None = None
    unfinished_of: int | None = None
    selection: SelectionRecord | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Rows per outcome, and `declared`: those that a suite expects or allows to come out so."""
        counted = Counter(row.outcome for row in self.results)
        declared = sum(row.declared is not None for row in self.results)
        return {**{outcome: counted[outcome] for outcome in OUTCOMES}, "declared": declared}

    def to_json(self) -> dict[str, Any]:
        data = {**self._head(), "results": [row.to_json() for row in self.results]}
        return {**data, "sha256": digest(data)}

    def to_text(self) -> Iterator[str]:
        """`json.dumps(self.to_json(), indent=1)`, in pieces: no two rows are held as data or as text at a time."""
        head = self._head()
        hashed = hashlib.sha256(b"{")
        before = [_member(name, head[name]) for name in sorted(head) if name < "results"]
        hashed.update("".join(f"{each}," for each in before).encode() + b'"results":[')
        told = [f"{json.dumps(name)}: {_indented(value, 1)}" for name, value in head.items()]
        yield "{\n " + "".join(f"{each},\n " for each in told) + f"{json.dumps('results')}: ["
        for number, row in enumerate(self.results):
            data = row.to_json()
            hashed.update((("," if number else "") + canonical_json(data)).encode())
            yield ("," if number else "") + "\n  " + _indented(data, 2)
        hashed.update("".join(["]", *(f",{_member(n, head[n])}" for n in sorted(head) if n > "results"), "}"]).encode())
        yield ("\n " if self.results else "") + f"],\n {json.dumps('sha256')}: {json.dumps(hashed.hexdigest())}\n}}"

    def _head(self) -> dict[str, Any]:
        """All but rows and digest, as plain JSON in the order of the file."""
        data = {
            "schema_version": SCHEMA_VERSION,
            "orbitcheck": self.orbitcheck,
            "environment": self.environment,
            "suites": self.suites,
            "architectures": self.architectures,
            "counts": self.counts,
            "problems": self.problems,
            "notes": self.notes,
            "separation_order": self.separation_order,
            "conclusions": self.conclusions,
            "controls": self.controls,
            "round_ladder": self.round_ladder,
            "planted": self.planted,
            "killers": self.killers,
            "request": self.request,
            **({} if self.selection is None else {"selection": self.selection}),
            **({} if self.unfinished_of is None else {"unfinished_of": self.unfinished_of}),
        }
        return plain(data)


def _member(name: str, value: Any) -> str:
    return f"{json.dumps(name)}:{canonical_json(value)}"


def _indented(value: Any, levels: int) -> str:
    """As it stands so many levels deep in a text of one space a level; line breaks within strings are escaped."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).replace("\n", "\n" + " " * levels)


def by_architecture(rows: Iterable[Result]) -> dict[str, list[Result]]:
    """Architecture -> its rows, both in order of appearance: one pass, however many architectures there are."""
    found: dict[str, list[Result]] = {}
    for row in rows:
        found.setdefault(row.architecture, []).append(row)
    return found


def canonical_json(data: Any) -> str:
    """One text for one content: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(data: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def plain(value: Any) -> Any:
    """JSON data in which every number is finite: `inf`, `-inf` and `nan` become strings, tuples lists, dataclasses objects."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in members_of(type(value))}
    return value


def members(value: Any) -> dict[str, Any]:
    """Field -> value of a dataclass, one level deep: rows and evidence have slots, and no `vars`."""
    return {name: getattr(value, name) for name in members_of(type(value))}


@cache
def members_of(of: Any) -> tuple[str, ...]:
    """The fields of a dataclass, in order."""
    return tuple(each.name for each in fields(of))
