"""What a row of the equivariance check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...core.evidence import Evidence, Number
from .declaration.reach import Reach
from .elsewhere.optimisers import Optimiser


class Grade(StrEnum):
    """One error against its noise floor."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


class Ask(StrEnum):
    """What a row asks (protocol.md, section 2)."""

    LAW = "law"
    """The law at the initialisation, and the properties without which it means nothing."""
    STEPS = "steps"
    """The law after optimiser steps."""
    REDRAW = "redraw"
    """The law at parameters drawn anew."""
    CALLS = "calls"
    """The same answer however the network is called."""
    GRADIENTS = "gradients"
    """The law of the gradients."""
    COMPILED = "compiled"
    """The same answer from the compiled network."""


class HeldTo(StrEnum):
    """What has to be equal of `phi(g v)` and `g phi(v)`."""

    EXACT = "exact"
    """Every entry."""
    FUNCTIONAL = "functional"
    """The functions that edits compute: quasi-equivariance."""


class Rule(StrEnum):
    """What has to hold: the law, and the properties without which it means nothing."""

    LAW = "equivariance"
    REPEATED_CALL = "repeated call"
    BATCH_ORDER = "batch order"
    BATCH_MATES = "batch mates"
    BATCH_OF_ONE = "batch of one"
    LAW_IN_FLOAT32 = "equivariance in float32"
    UNMODIFIED_INPUT = "unmodified input"
    CONTINUITY = "continuity"
    LAW_AFTER_STEPS = "equivariance after optimiser steps"
    LAW_AT_REDRAW = "equivariance at re-drawn parameters"
    LAW_AFTER_TRAIN_CALLS = "equivariance in eval after train-mode calls"
    GRADIENTS_RECORDED = "gradients recorded"
    STRIDED_INPUT = "strided input"
    BATCH_SIZE = "batch size"
    MANY_CALLS = "a hundred calls"
    GRADIENT_IN_INPUT = "gradient in the input"
    GRADIENT_IN_PARAMETERS = "gradient in the parameters"
    COMPILED_ANSWER = "compiled"
    LAW_COMPILED = "equivariance when compiled"
    LAW_AT_ONE = "equivariance of outputs of size one"
    LAW_AT_MANY = "equivariance of large outputs"
    JUMP = "continuity between inputs"


class Cause(StrEnum):
    """Where an error comes from, each by a test of its own (`causes.py`); it names, it does not decide."""

    NONE = "none"
    VIOLATION = "violation"
    LEAK = "leak"
    SINGLE_PRECISION = "float32"
    SQUARE_ROOT = "square-root"
    ROUNDING = "rounding"
    TIES = "ties"
    BATCH = "batch"
    HISTORY = "history"
    RANDOMNESS = "randomness"
    REDRAW = "redraw"
    STRIDES = "strides"
    RECORDING = "recording"
    BACKWARD = "backward"
    PARAMETER = "parameter"
    COMPILER = "compiler"
    UNKNOWN = "unknown"


class Reached(StrEnum):
    """Where a network's parameters are."""

    INITIALISATION = "initialisation"
    STEPS = "steps"
    REDRAW = "redraw"
    TRAIN_CALLS = "train calls"
    OUTPUT_OF_ONE = "output of one"
    """Another network: that of an output of one number, or one channel."""
    OUTPUT_OF_MANY = "output of many"
    """Another network: that of an output of many numbers, or many channels."""


@dataclass(frozen=True, slots=True)
class State(Evidence):
    """How a network's parameters came to be, so that they can come to be again.

    Args:
        count: of steps, or of calls in train mode; the number of a draw, from 1.
        rate: of the optimiser, negative for steps away from the targets.
        woken: whether the network, whose output starts as a constant, was woken by a few steps before.
    """

    place: Reached = Reached.INITIALISATION
    count: int = 0
    optimiser: Optimiser = Optimiser.NONE
    rate: Number = 0.0
    woken: bool = False

    def __str__(self) -> str:
        """In words; the initialisation has none."""
        return ", ".join(part for part in ("a few first steps of Adam" if self.woken else "", self._place) if part)

    @property
    def _place(self) -> str:
        return {
            Reached.INITIALISATION: "",
            Reached.STEPS: f"{self.count} steps of {self.optimiser}, rate {self.rate:g}",
            Reached.REDRAW: f"draw {self.count}",
            Reached.TRAIN_CALLS: f"{self.count} calls in train mode",
            Reached.OUTPUT_OF_ONE: "an output of size one",
            Reached.OUTPUT_OF_MANY: "an output of many",
        }[self.place]


@dataclass(frozen=True, slots=True)
class Property(Evidence):
    """One thing that must not change the answer: by how much it does, and the limit."""

    value: Number
    limit: Number
    verdict: Grade


@dataclass(frozen=True, slots=True)
class Station(Evidence):
    """The law with one set of parameters: errors and floors in two precisions, in the units of the outputs.

    Args:
        name: in words, how the parameters came to be, or what was asked at the initialisation; `state` as data.
        rule: what is broken where the law is.
        error32, floor32: zero error where float32 was not asked.
        parameter: the one that breaks the law when it alone is drawn anew, where that was asked.
        own: whether the plug-in drew the parameters itself (`redraw_`).
    """

    name: str
    rule: Rule
    error64: Number
    floor64: Number
    error32: Number
    floor32: Number
    parameter: str = ""
    own: bool = False
    state: State = State()


@dataclass(frozen=True, slots=True)
class Symptoms(Evidence):
    """What tells causes apart, measured where the law is not kept (`causes.py`).

    Args:
        slope: by how much of itself the slope of the output over a step of 1e-10 differs from that over 1e-6: nothing for a map
            that is smooth there, all where it answers in jumps.
        roughness: largest second difference of the output over steps of 6e-8 and of 6e-4, in the units of the errors.
        stays: share of the roughness that is left at steps a sixteenth as long, about the roughest place: little where the path
            bends or has a kink, all where it jumps; None where the fine steps told enough.
        wide: the median second difference over the largest: little for a path with few jumps.
        growth: how many times as far 2^22 ulps of jitter move the output as one ulp does; None where that was not looked at.
        near_ties: the error at neighbours of the inputs that do not tie; None for inputs without ties.
        near_floor: the floor there.
        kept, broken: axes whose generators keep the law, axes where some do not.
        kept_generators, broken_generators: how many of each.
        tensors: output tensors that are wrong; empty for an invariant output.
        seeded: the difference of two calls that start from one random state; of one of a hundred calls, that from a fresh copy.
        lifted: how many times as far one ulp of float32 moves the output in float32 as one ulp does in float64, where inputs tie.
        recorded: how far the output is from itself where gradients are recorded in the input.
        backward: by how much of itself the gradient differs from difference quotients of the output.
        least_broken, most_broken: smallest and largest error among the generators that break the law.
    """

    slope: Number | None = None
    roughness: Number = 0.0
    growth: Number | None = None
    near_ties: Number | None = None
    near_floor: Number | None = None
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    kept_generators: int = 0
    broken_generators: int = 0
    least_broken: Number = 0.0
    most_broken: Number = 0.0
    tensors: tuple[str, ...] = ()
    seeded: Number | None = None
    stays: Number | None = None
    wide: Number = 0.0
    lifted: Number | None = None
    backward: Number | None = None
    recorded: Number | None = None


@dataclass(frozen=True, slots=True)
class CounterExample(Evidence):
    """The smallest failing example that the search found, or the failure as it was measured (`shrunk` is False).

    Args:
        space: in words; `widths` where it is a smaller one than the row's, of another space than an MLP's the `sizes` of its axes.
        input: kind of input.
        seed: of parameters and inputs.
        element: of the group, in cycle notation with factors; `images` as data, factors in `action` where there are any.
        error: in the row's units.
        reached: how the parameters came to be, in words, where they are not those of the initialisation; `state` as data.
    """

    space: str
    input: str
    seed: int
    element: str
    images: Mapping[str, tuple[int, ...]]
    error: Number
    shrunk: bool
    widths: tuple[int, ...] | None = None
    action: Mapping[str, Any] | None = None
    reached: str = ""
    state: State = State()
    sizes: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class EquivarianceEvidence(Evidence):
    """Errors and floors in two precisions, in units of the outputs; see `verdict.Measurement`, whose fields it holds.

    Args:
        law: that the output is held to.
        tensors: of edits that are held to their functions, by how much `phi(g v)` and `g phi(v)` differ as tensors; it decides nothing.
    """

    space: str
    output: str
    input: str
    mode: str
    error64: Number
    error32: Number
    floor64: Number
    floor32: Number
    spread: Number
    modified: bool
    ratio: Number | None
    cause: Cause
    float32: Grade
    properties: Mapping[Rule, Property]
    broken: tuple[Rule, ...] = ()
    counterexample: CounterExample | None = None
    ask: Ask = Ask.LAW
    pairs: int = 0
    exhaustive: bool = False
    bound: Number | None = None
    smallest: Number | None = None
    jump: Number | None = None
    continuous: bool = True
    moves: bool = True
    stations: tuple[Station, ...] = ()
    symptoms: Symptoms | None = None
    notes: tuple[str, ...] = ()
    reach: Reach | None = None
    reach32: Reach | None = None
    law: HeldTo = HeldTo.EXACT
    tensors: Number | None = None
    woken: bool = False
    beside: str = ""
