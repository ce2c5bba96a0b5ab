"""The same function, by equal normal forms of the outputs; of factor pairs, by what they multiply to."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from .statement import Index, Part, statement

PRODUCTS = 200_000
"""Multiplications of rationals up to which the products of factor pairs are asked."""


@statement(Part.FUNCTION, "equal", "normal-form")
class EqualNormalForms(TypedDict):
    """The verifier makes both normal forms itself."""

    relation: Literal["equal"]
    kind: Literal["normal-form"]


@statement(Part.FUNCTION, "equal", "products")
class EqualProducts(TypedDict):
    """All products of factor pairs agree; the verifier multiplies itself."""

    relation: Literal["equal"]
    kind: Literal["products"]


@statement(Part.FUNCTION, "different", "products")
class DifferentProducts(TypedDict):
    """The products of one layer's factor pair differ in this row and column; layers from 1."""

    relation: Literal["different"]
    kind: Literal["products"]
    layer: Index
    row: Index
    column: Index
