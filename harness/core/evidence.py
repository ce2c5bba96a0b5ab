"""Evidence has a type: each check kind declares a frozen dataclass of what it measures, and all that read rows read that.

Fields are plain data (numbers, text, tuples, mappings, other such dataclasses), so that one schema describes them in
`results.json`. A field that is None was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """Base of every kind's evidence; by itself it says that nothing was measured."""


NOTHING = Evidence()
