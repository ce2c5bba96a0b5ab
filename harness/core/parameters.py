"""Parameters that a suite may set: models, and every problem with them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from .registry import Registry, UnknownName, did_you_mean


class Parameters(BaseModel):
    """Base of every parameter model: unknown keys are refused, values are frozen and never coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SuiteValueError(ValueError):
    """Values in a suite that are ill typed or impossible: `problems` are `(path below the check, message)`, all at once.

    `unknown` are the paths among them whose key is what is wrong, not its value.
    """

    def __init__(
        self, *problems: tuple[tuple[str | int, ...], str], unknown: Collection[tuple[str | int, ...]] = frozenset()
    ):
        super().__init__("; ".join(f"{'.'.join(map(str, path))}: {message}" for path, message in problems))
        self.problems, self.unknown = problems, frozenset(unknown)


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
        problems, unknown = [], []
        for detail in error.errors(include_url=False):
            place = tuple(detail["loc"])
            if detail["type"] == "extra_forbidden":
                unknown.append((*path, *place))
                message = (
                    f'unknown key "{place[-1]}"{did_you_mean(str(place[-1]), _model_at(model, place).model_fields)}'
                )
            elif detail["type"] == "missing":
                message = "required, but missing"
            elif detail["type"] == "literal_error":
                message = (
                    f"{detail['input']!r} is not allowed{did_you_mean(str(detail['input']), _allowed(model, place))}"
                )
            else:
                message = detail["msg"][0].lower() + detail["msg"][1:]
                if not isinstance(detail["input"], dict | list):
                    message += f", got {detail['input']!r}"
            problems.append(((*path, *place), message))
        raise SuiteValueError(*problems, unknown=unknown) from None


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


def _allowed(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The values of the `Literal` that stands at `place`, or in a list or dict there."""
    fields = _model_at(model, place).model_fields
    name = next((str(part) for part in reversed(place) if part in fields), None)
    return [] if name is None else list(map(str, _literals(fields[name].annotation)))


def _literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals(part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
