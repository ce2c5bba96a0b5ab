"""The JSON schema of suite files, for editors: composed from the very models that check them."""

from __future__ import annotations

from typing import Any

from .checks import CHECK_KINDS
from .claims import CLAIMS
from .pairs import PAIR_FAMILIES
from .suite import CheckModel, SuiteModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts every suite that loads; values that are impossible together are beyond it."""
    schema = SuiteModel.model_json_schema()
    schema["properties"]["checks"]["items"] = {"oneOf": [_check(name) for name in CHECK_KINDS]}
    return {"$schema": DIALECT, **schema, "title": "orbitcheck suite"}


def _check(name: str) -> dict[str, Any]:
    common = CheckModel.model_json_schema()
    own = CHECK_KINDS[name].parameters.model_json_schema()
    properties = {**common["properties"], **own["properties"], "kind": {"const": name}}
    properties["claim"] = {"enum": list(CLAIMS)}
    if "pairs" in properties:
        properties["pairs"] = {"oneOf": [_family(family) for family in PAIR_FAMILIES]}
    return {
        "type": "object",
        "title": name,
        "description": CHECK_KINDS[name].title,
        "properties": properties,
        "required": [*common["required"], *own.get("required", [])],
        "additionalProperties": False,
    }


def _family(name: str) -> dict[str, Any]:
    own = PAIR_FAMILIES[name].parameters.model_json_schema()
    return {
        **own,
        "title": name,
        "description": PAIR_FAMILIES[name].title,
        "properties": {"family": {"const": name}, **own.get("properties", {})},
        "required": ["family", *own.get("required", [])],
    }
