"""Evidence has a type: each check kind declares a frozen dataclass of what it measures, and all that read rows read that.

Fields are plain data (numbers, text, tuples, mappings, other such dataclasses), so that one schema describes them in
`results.json`. A field that is None was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

NOT_FINITE = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}
"""How `results.json` writes numbers that JSON has not."""


def _finite_or_named(value: Any) -> Any:
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


Number = Annotated[
    float, BeforeValidator(_finite_or_named, json_schema_input_type=float | Literal["inf", "-inf", "nan"])
]
"""A float that may be infinite or no number."""


@dataclass(frozen=True)
class Evidence:
    """Base of every kind's evidence; by itself it says that nothing was measured."""

    def __getitem__(self, key: str) -> Any:
        value = getattr(self, key, None)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        value = getattr(self, key, None)
        return default if value is None else value

    def __contains__(self, key: str) -> bool:
        return getattr(self, key, None) is not None

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in fields(self) if getattr(self, field.name) is not None)

    def keys(self) -> list[str]:
        return list(self)

    def items(self) -> list[tuple[str, Any]]:
        return [(key, getattr(self, key)) for key in self]


NOTHING = Evidence()
