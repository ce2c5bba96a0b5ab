"""Parameters that a suite may set: models, and every problem with them at once."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from .registry import did_you_mean


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
                message = f'unknown key "{place[-1]}"{did_you_mean(str(place[-1]), model.model_fields)}'
            elif detail["type"] == "missing":
                message = "required, but missing"
            else:
                message = detail["msg"][0].lower() + detail["msg"][1:]
                if not isinstance(detail["input"], dict | list):
                    message += f", got {detail['input']!r}"
            problems.append(((*path, *place), message))
        raise SuiteValueError(*problems) from None
