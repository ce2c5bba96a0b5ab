"""The certificate of a pair: one statement about refinement, orbit and function each, and of folklore 2-WL where asked; bound to the two vectors by their digests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypedDict  # pydantic takes no other below Python 3.12

from .statement import STATEMENTS, Part, Statement, Text, key_of

Two = Field(min_length=2, max_length=2)


def _of(part: Part) -> Any:
    """The union of all statements of a part, told apart by relation and kind."""

    def tag(said: Any) -> str | None:
        return "/".join(key_of(part, said)[1:]) if isinstance(said, Mapping) else None

    members = [Annotated[of, Tag("/".join(key[1:]))] for key, of in STATEMENTS.items() if key[0] is part]
    return Annotated[reduce(or_, members), Discriminator(tag)]


if TYPE_CHECKING:
    Refinement = Orbit = Function = TwoFwl = Statement
else:
    Refinement, Orbit, Function, TwoFwl = map(_of, Part)


class AxisRoleRecord(TypedDict):
    """What an axis is to its network."""

    standing: Text
    within: Text | None
    activation: Text | None
    biases: list[Text]


class ShiftRecord(TypedDict):
    """What may be added, and what makes up for it."""

    axis: Text
    moved: Text
    through: list[list[Text]]


class RolesRecord(TypedDict):
    """Roles as `Roles.to_json` gives them."""

    axes: dict[str, AxisRoleRecord]
    places: dict[str, list[Text | None]]
    shifts: list[ShiftRecord]


class NetworkRecord(TypedDict):
    """The call that made a space, as `Network.to_json` gives it."""

    name: Text
    options: dict[str, Any]


class SpaceRecord(TypedDict):
    """A weight space as `WeightSpace.to_json` gives it."""

    tensors: dict[str, list[str]]
    sizes: dict[str, int]
    permuted: list[str]
    activation: str
    roles: NotRequired[RolesRecord]
    network: NotRequired[NetworkRecord]


class VectorRecord(TypedDict):
    """One weight vector: SHA-256 of its entries as little-endian float64, and the entries themselves where they are few."""

    sha256: str
    entries: NotRequired[dict[str, list[Text]]]


class Certificate(TypedDict):
    """What is proved of v and w (theory.md, section 4).

    `vectors` and `general_position` are v's and w's; floats are hexadecimal, other rationals "numerator/denominator"; `sha256` is
    the digest of all the rest. `two_fwl` stands where it was asked, of networks of that power.
    """

    version: Literal[1]
    space: SpaceRecord
    vectors: Annotated[list[VectorRecord], Two]
    refinement: Refinement
    orbit: Orbit
    function: Function
    two_fwl: NotRequired[TwoFwl]
    general_position: Annotated[list[bool], Two]
    sha256: str
