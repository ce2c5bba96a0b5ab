"""The JSON schema of suite files, for editors: composed from the very models that check them."""

from __future__ import annotations

from typing import Any

from ..checks import CHECK_KINDS
from ..core.claims import CLAIMS
from ..core.registry import Registry
from ..pairs import PAIR_FAMILIES
from ..regimes import REGIMES
from ..targets import TARGETS
from .models import CheckModel, SuiteModel

NAMED: dict[str, tuple[str, Registry[Any]]] = {
    "pairs": ("family", PAIR_FAMILIES),
    "target": ("name", TARGETS),
    "regime": ("name", REGIMES),
}
"""Key of a check -> the key by which its mapping names an entry, and of which registry."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts every suite that loads; values that are impossible together are beyond it."""
    schema = SuiteModel.model_json_schema()
    checks = [_check(name) for name in CHECK_KINDS]
    for check in checks:  # a reference is looked up at the top
        schema["$defs"].update(check.pop("$defs"))
    schema["properties"]["checks"]["items"] = {"oneOf": checks}
    return {"$schema": DIALECT, **schema, "title": "orbitcheck suite"}


def _check(name: str) -> dict[str, Any]:
    common = CheckModel.model_json_schema()
    own = CHECK_KINDS[name].parameters.model_json_schema()
    properties = {**common["properties"], **own["properties"], "kind": {"const": name}}
    properties["claim"] = {"enum": list(CLAIMS)}
    for key, (tag, registry) in NAMED.items():
        if key in properties:
            properties[key] = {"oneOf": [_entry(tag, registry, entry) for entry in registry]}
    return {
        "type": "object",
        "title": name,
        "description": CHECK_KINDS[name].title,
        "properties": properties,
        "required": [*common["required"], *own.get("required", [])],
        "additionalProperties": False,
        "$defs": own.get("$defs", {}),
    }


def _entry(tag: str, registry: Registry[Any], name: str) -> dict[str, Any]:
    """A mapping that names an entry of a registry under `tag`, beside the entry's own parameters."""
    own = registry[name].parameters.model_json_schema()
    return {
        **own,
        "title": name,
        "description": registry[name].title,
        "properties": {tag: {"const": name}, **own.get("properties", {})},
        "required": [tag, *own.get("required", [])],
    }
