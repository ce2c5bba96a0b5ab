"""The outcomes of rows, and the reasons of rows that do not apply or went wrong, as enumerations.

Words are for people; every decision reads these. Each member equals its text, so that JSON and filters see plain strings.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What a row counts as (protocol.md, section 1)."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"
    OBSERVED = "observed"
    """Nothing was predicted: the row says what was seen, and never counts as passed."""
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


OUTCOMES = tuple(outcome.value for outcome in Outcome)
DECIDED = (Outcome.PASS, Outcome.FAIL)
PREDICTED = (*DECIDED, Outcome.UNDECIDED, Outcome.ERROR)
"""Outcomes of rows that could fail: something was predicted, or the row should have said so and went wrong."""
MEASURED = (*DECIDED, Outcome.UNDECIDED, Outcome.OBSERVED)
"""Outcomes of rows in which something was measured."""


class Refusal(StrEnum):
    """Why a row does not apply."""

    NO_SYMMETRY = "no-symmetry"
    OUTSIDE_DOMAIN = "outside-domain"
    UNSUPPORTED = "unsupported"
    OTHER_SHAPE = "other-shape"
    """Unsupported, by a plug-in that names the shapes that it serves."""
    MODE = "mode"
    NO_LINEAR_LAYER = "no-linear-layer"
    NO_PARAMETERS = "no-parameters"
    TARGET = "target"
    NO_COMPILER = "no-compiler"
    NO_FUNCTION = "no-function"
    """Edits are held to their functions, which are not asked here, or which the declared symmetry does not leave alone."""


class Fault(StrEnum):
    """What went wrong in a row without a verdict."""

    RAISED = "raised"
    CONTRACT = "contract"
    NON_FINITE = "non-finite"
    INVALID = "invalid"
    ILL_CONDITIONED = "ill-conditioned"
    VACUOUS = "vacuous"
    DIVERGED = "diverged"
    SHARED = "shared-splits"
    """Training, validation and test share orbits or functions: what is learned by heart would look learned."""
    NOT_LOADED = "not-loaded"
    REFUSED_SHAPE = "refused-shape"
    """The plug-in serves another shape of the same kind of space, and does not name the shapes that it serves."""
    LOST = "lost"
    """Its process crashed, hung or took too much."""
    NOT_RUN = "not-run"
    """Rows of the same architecture and check before it hung or crashed."""


class Trouble(StrEnum):
    """What makes a run red beside its rows."""

    MISSING_ROWS = "missing-rows"
    EXPECTED_FAILURE = "expected-failure"
    NO_EQUIVARIANCE = "no-equivariance"
    DECIDED_SHARE = "decided-share"
    NOTHING_PREDICTED = "nothing-predicted"
    REQUIRED_POWER = "required-power"
    UNREFUTED_POWER = "unrefuted-power"
    """A declared power that no row of the run could refute."""
    CONCLUSION = "conclusion"
    PLANTED = "planted"
    SETTINGS = "settings"
    """A plug-in changes global settings, of torch or of the process."""
    UNSORTED = "unsorted"
    """A line of an earlier version, which did not say."""
