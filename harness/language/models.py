"""What a suite file may hold, as the models that check it and that its JSON schema is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..core.parameters import Parameters
from .named_spaces import SpaceModel

REPLACED = {
    "min_decided": (
        "is no key any more: at least 80 % of the rows that a network's declaration predicts must be decided, for each "
        "output that it claims, in every suite; leave the key out"
    ),
    "allow_undecided": 'is called "allow" now, and covers ill-conditioned rows too',
}
"""Keys of earlier versions, and what stands in their place."""

NAME = r"[a-z0-9][a-z0-9._-]*"

Name = Annotated[str, Field(pattern=f"^{NAME}$", max_length=200)]
Text = Annotated[str, Field(min_length=1)]


class ExpectationModel(Parameters):
    """Rows that are expected to come out otherwise than predicted; `*` and `?` are wildcards."""

    architecture: Text
    check: Text
    case: Text = "*"
    outcome: Literal["fail"]
    reason: Text


class AllowanceModel(Parameters):
    """Rows that may be undecided or ill-conditioned."""

    architecture: Text
    check: Text
    case: Text = "*"
    reason: Text


class KillerModel(Parameters):
    """A false claim of the suite's own: a plug-in that claims falsely, and the same mended, named as `-a` names them."""

    network: Annotated[Text, Field(description="plug-in that claims falsely, such as file.py:Class")]
    mended: Annotated[Text, Field(description="plug-in that claims the same, and keeps it")]
    beside: Annotated[
        Text | None,
        Field(description="sound plug-in whose rows are read with either; for claims that compare networks"),
    ] = None
    rule: Annotated[str, Field(description="what is wrong with the network, in words")] = ""
    wanted: Annotated[
        Literal["fail", "undecided"],
        Field(
            description="how the claim must end on its rows: undecided where no budget tells it from lack of training"
        ),
    ] = "fail"


class ConclusionModel(Parameters):
    """A claim to be concluded from the rows of several checks together; `*` and `?` are wildcards."""

    claim: Annotated[str, Field(description="id in the claims ledger, see `orbitcheck list claims`")]
    checks: Annotated[list[Text], Field(min_length=1, description="ids of the checks whose rows are read")]
    architectures: Annotated[list[Text], Field(min_length=1, description="whose rows are read")] = ["*"]
    margin: Annotated[float, Field(gt=0, lt=1, description="of the variance: errors this near count as equal")] = 0.05
    killers: Annotated[
        list[Text],
        Field(description="names of false claims of this claim, each of which the checks must refute (docs/traits.md)"),
    ] = []
    own_killers: Annotated[
        list[KillerModel], Field(description="plug-ins that claim it falsely, which the checks must refute as well")
    ] = []
    allow: Annotated[Text | None, Field(description="why the budget may leave it undecided")] = None


class CheckModel(Parameters):
    """What every check says of itself beside its kind's own parameters."""

    id: Name
    kind: Text
    title: str = ""
    claim: Annotated[str | None, Field(description="id in the claims ledger, see `orbitcheck list claims`")] = None
    architectures: Annotated[
        list[Text], Field(description="the only ones of the suite's own that it is asked of; all if left out")
    ] = []


class SuiteModel(Parameters):
    """The outer document."""

    suite: Name
    version: Annotated[int, Field(ge=1, description="of the suite: one that asks something else has another")]
    title: Text
    architectures: Annotated[
        list[Text], Field(description="run where none is named; all built-in whose group the spaces carry if left out")
    ] = []
    spaces: dict[Name, SpaceModel] = {}
    checks: Annotated[list[dict[str, Any]], Field(min_length=1)]
    expected_failures: list[ExpectationModel] = []
    allow: list[AllowanceModel] = []
    conclusions: list[ConclusionModel] = []


class ExpectationsModel(Parameters):
    """A user's own list of expected failures (`--expect`)."""

    expected_failures: Annotated[list[ExpectationModel], Field(min_length=1)]
