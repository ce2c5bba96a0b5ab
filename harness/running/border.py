"""The border: whatever comes from a worker, the journal or a file is checked and cleaned here, once; after it nothing can raise.

A row is checked against the declared type of its kind's evidence, a run against `Run`; text loses surrogates and control
characters. The JSON schema of `results.json` is made of the same types. `results.json` of earlier versions is read too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..checks import CHECK_KINDS
from ..core.cleaning import BorderError, cleaned, parsed
from ..core.outcomes import OUTCOMES
from ..core.records import ArchitectureRecord, KillerRecord, PlantRecord
from ..core.result import SCHEMA_VERSION, Result, Run, digest
from ..language.suite import Suite
from .keeping.previous import PREVIOUS, problems_of_previous, row_of_previous, suite_of_previous
from .keeping.spool import Spool

ROW_KEYS = {field.name for field in fields(Result)}
SUITE_KEYS = {field.name for field in fields(Suite)}
RUN_KEYS = {field.name for field in fields(Run)} - {"results"}


def read_row(data: Any) -> Result:
    """The row that a worker, the journal or a file holds.

    Raises:
        BorderError: a key, a type or a value that no row has; the message says where.
    """
    return read_clean_row(cleaned(data))


def read_clean_row(data: Any) -> Result:
    """The row that data is which was cleaned where it came in; BorderError as of `read_row`."""
    if not isinstance(data, Mapping):
        raise BorderError(f"a row is an object, not {type(data).__name__}")
    given = data.get("evidence")
    row = _checked(Result, {**data, "evidence": {}}, "row")
    if row.outcome not in OUTCOMES:
        raise BorderError(f"row {row.id}: outcome {row.outcome!r}; allowed: {', '.join(OUTCOMES)}")
    if not given:
        return row
    if row.kind not in CHECK_KINDS:
        raise BorderError(f"row {row.id} is of the kind {row.kind!r}, which this installation has not")
    evidence = _checked(CHECK_KINDS[row.kind].evidence, given, f"row {row.id}: evidence")
    return Result(**{**{name: getattr(row, name) for name in ROW_KEYS}, "evidence": evidence})


def read_planted(data: Any) -> PlantRecord:
    """What a worker says became of a planted defect; BorderError if it is not that."""
    return _checked(PlantRecord, cleaned(data), "planted defect")


def read_killer(data: Any) -> KillerRecord:
    """What a worker says became of a false claim; BorderError if it is not that."""
    return _checked(KillerRecord, cleaned(data), "killer")


def read_architecture(data: Any) -> ArchitectureRecord:
    """What a worker says that a plug-in declares; BorderError if it is not that."""
    return _checked(ArchitectureRecord, cleaned(data), "architecture")


def read_run(text: str | bytes) -> Run:
    """The run that `results_text` wrote, of this version or an earlier one.

    Raises:
        BorderError: no run, another version, or a digest that does not match the content.
    """
    data = parsed(text)
    if not isinstance(data, dict):
        raise BorderError(f"a run is an object, not {type(data).__name__}")
    version = data.get("schema_version")
    if version not in (SCHEMA_VERSION, *PREVIOUS) or isinstance(version, bool):
        read = ", ".join(map(str, PREVIOUS))
        raise BorderError(
            f"schema_version {version!r}; this orbitcheck reads {SCHEMA_VERSION}, and of earlier ones {read}"
        )
    if data.get("sha256") != digest({key: value for key, value in data.items() if key != "sha256"}):
        raise BorderError("the digest does not match the content: the file was changed after it was written")
    rows = data.get("results")
    if not isinstance(rows, list):
        raise BorderError("results: required, a list of rows")
    if version in PREVIOUS:
        rows = [row_of_previous(row, version) for row in rows]
        suites = data.get("suites")
        data = {
            **data,
            "problems": problems_of_previous(data.get("problems", [])),
            "suites": [suite_of_previous(suite) for suite in suites] if isinstance(suites, list) else suites,
        }
    given = {key: value for key, value in data.items() if key in RUN_KEYS}
    run = _checked(Run, {**given, "results": []}, "run")
    for position, suite in enumerate(run.suites):
        missing = SUITE_KEYS - set(suite)
        if missing:
            raise BorderError(f"suites.{position}: {min(missing)}: field required")
        _checked(Suite, suite, f"suites.{position}")
    spool = Spool()
    run = Run(**{**vars(run), "results": [spool.keep(read_clean_row(row)) for row in rows]})
    if version == SCHEMA_VERSION and data.get("counts") != run.counts:
        raise BorderError("counts: not those of the rows")
    return run


def results_schema() -> dict[str, Any]:
    """The JSON schema of `results.json`: `Run`, with rows whose evidence is of their kind's own type."""
    schema = _adapter(Run).json_schema()
    row = _adapter(Result).json_schema()
    definitions = {**schema.pop("$defs", {}), **row.pop("$defs", {})}
    by_kind = []
    for name, kind in CHECK_KINDS.items():
        evidence = _adapter(kind.evidence).json_schema(ref_template="#/$defs/{model}")
        definitions |= evidence.pop("$defs", {})
        definitions[f"evidence-{name}"] = {"title": kind.evidence.__name__, **evidence}
        allowed = {"anyOf": [{"$ref": f"#/$defs/evidence-{name}"}, {"type": "object", "maxProperties": 0}]}
        own = {"kind": {"const": name}, "evidence": allowed}
        by_kind.append({"properties": own, "required": ["kind"]})
    row["properties"].pop("evidence")
    definitions["row"] = {**row, "additionalProperties": True, "anyOf": by_kind}
    schema["properties"]["results"] = {"type": "array", "items": {"$ref": "#/$defs/row"}}
    schema["properties"] |= {"schema_version": {"const": SCHEMA_VERSION}, "sha256": {"type": "string"}}
    schema["properties"] |= {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}}
    schema["required"] = sorted({*schema["required"], "schema_version", "sha256"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orbitcheck results",
        **schema,
        "$defs": definitions,
    }


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def _checked(of: Any, data: Any, where: str) -> Any:
    """`data` as that type, strictly; keys that the type has not are refused, and the order of the others is kept."""
    try:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        return _adapter(of).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BorderError(
            f"{where}{'.' if place else ''}{place}: {first['msg'][0].lower() + first['msg'][1:]}"
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise BorderError(f"{where}: {error}") from None
