"""Parameters that a suite may set: models, and every problem with them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from .registry import Registry, UnknownName, did_you_mean


class Parameters(BaseModel):
    """Base of every parameter model: unknown keys are refused, values are frozen and never coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SuiteValueError(ValueError):
    """Values in a suite that are ill typed or impossible: `problems` are `(path below the check, message)`, all at once."""

    def __init__(self, *problems: tuple[tuple[str | int, ...], str]):
        super().__init__("; ".join(f"{'.'.join(map(str, path))}: {message}" for path, message in problems))
        self.problems = problems


M = TypeVar("M", bound=BaseModel)


def parse_parameters(model: type[M], data: Any, path: tuple[str | int, ...] = ()) -> M:
    """`data` as a model.

    Args:
        path: where `data` sits below the check; it is put before every problem's own place.

    Raises:
        SuiteValueError: every problem, each with the nearest allowed key where a key is unknown.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False):
            place = tuple(detail["loc"])
            if detail["type"] == "extra_forbidden":
                message = (
                    f'unknown key "{place[-1]}"{did_you_mean(str(place[-1]), _model_at(model, place).model_fields)}'
                )
            elif detail["type"] == "missing":
                message = "required, but missing"
            elif detail["type"] == "literal_error":
                allowed = [part.strip("'") for part in re.split(r", | or ", detail.get("ctx", {})["expected"])]
                message = f"{detail['input']!r} is not allowed{did_you_mean(str(detail['input']), allowed)}"
            else:
                message = detail["msg"][0].lower() + detail["msg"][1:]
                if not isinstance(detail["input"], dict | list):
                    message += f", got {detail['input']!r}"
            problems.append(((*path, *place), message))
        raise SuiteValueError(*problems) from None


def parse_named(registry: Registry[Any], given: Mapping[str, Any], key: str) -> tuple[Any, Any]:
    """The registry's entry that `{name: ..., ...}` under `key` names, and the rest as the entry's own parameters.

    Raises:
        SuiteValueError: no name, an unknown one, or parameters that the entry does not take.
    """
    rest = dict(given)
    name = rest.pop("name", None)
    if not isinstance(name, str):
        raise SuiteValueError(((key, "name"), f"required, one of: {', '.join(registry)}"))
    try:
        entry = registry[name]
    except UnknownName as error:
        raise SuiteValueError(((key, "name"), str(error))) from None
    return entry, parse_parameters(entry.parameters, rest, (key,))


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The innermost model on the way to `place`; keys of dicts and numbers of lists lead to no other model."""
    for part in place[:-1]:
        if part in model.model_fields:
            model = next(_models(model.model_fields[str(part)].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
