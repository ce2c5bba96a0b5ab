"""What a row of the approximation check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.evidence import Evidence, Number


@dataclass(frozen=True, slots=True)
class SeedEvidence(Evidence):
    """What one initialisation came to; `error` is on the test set, over the variance of the target there."""

    seed: int
    error: Number
    validation_error: Number | None
    best_step: int
    steps: int
    diverged_at: int | None
    last_finite_loss: Number | None


@dataclass(frozen=True, slots=True)
class CoarseEvidence(Evidence):
    """A partition that is coarser than refinement (`oracles/classes.py`), and what the networks showed inside its classes.

    Args:
        floor: what no map can undercut that is constant on its classes, over the variance.
        spread: of outputs inside a class over that class's own noise, the largest over classes and seeds, at the start and after
            training; None where it was not asked.
    """

    floor: Number
    spread: Number | None = None


@dataclass(frozen=True, slots=True)
class EmittedEvidence(Evidence):
    """What a function-space operator emitted, over the test set.

    Args:
        distinct: networks among those emitted together that differ by a bit, the most over samples and seeds, at the start and after
            training: so many are worth their number.
        answers: spread of what was emitted, less the input network, over its noise; the largest over seeds, as above.
        sup_error: largest distance from the target at a point, over all samples and points, in the target's standard deviations.
        sup_floor: what no function with as many pieces can undercut of it; None where none is known.
    """

    distinct: int
    answers: Number
    sup_error: Number
    sup_floor: Number | None = None


@dataclass(frozen=True, slots=True)
class WrongEvidence(Evidence):
    """Answers to a label that names classes, on the test set.

    Args:
        share: of networks whose greatest output is not their class's; of the seed that validation prefers.
        least: that no map has less of which is constant on the classes of the floor; None where none is known.
        constant: of the answer that is commonest in training.
    """

    share: Number
    least: Number | None
    constant: Number


@dataclass(frozen=True, slots=True)
class ApproximationEvidence(Evidence):
    """Errors are squared errors on the test set over the variance of the target there, so that 1 is the mean.

    Args:
        networks: emitted and averaged.
        parameters: of the network that was trained; `asked_parameters` were asked for.
        options: of the architecture at that size.
        general_position: whether every sample is in it.
        error: of the seed that validation prefers, with its interval; `error_range` over the seeds.
        floor, floor_kind: what no such network can undercut, and over which classes.
        floor_rounds: refinement rounds that the classes of the floor need.
        classes: on the test set.
        leak: spread inside a class over the class's own noise, the largest of all classes.
        loop_share: of the training's time, spent in the network's own calls; measured, so different from run to run.
        curve: step -> validation error of that seed.
        chosen: position of that seed.
        coarse: name of a partition that is coarser than refinement -> its floor.
        emitted: of function-space operators alone.
        wrong: of labels that name classes alone.
    """

    target: str
    target_kind: str
    regime: str
    space: str
    networks: int
    parameters: int
    asked_parameters: int
    options: Mapping[str, bool | int | Number | str | None]
    general_position: bool
    error: Number
    error_low: Number
    error_high: Number
    error_range: tuple[Number, Number]
    mse: Number
    variance: Number
    floor: Number | None
    floor_kind: str | None
    classes: int | None
    samples: int
    leak: Number | None
    threshold: Number
    steps: int
    samples_seen: int
    together: bool
    loop_share: Number
    curve: tuple[tuple[int, Number], ...]
    chosen: int
    seeds: tuple[SeedEvidence, ...]
    floor_rounds: int | None = None
    coarse: Mapping[str, CoarseEvidence] = field(default_factory=dict)
    emitted: EmittedEvidence | None = None
    wrong: WrongEvidence | None = None
