"""Check kinds: a registry, so that a stranger can add one without a fork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ..architecture import Architecture
from ..cell import Cell
from ..registry import Registry, did_you_mean
from ..result import Judgement
from ..space import WeightSpace
from ..workbench import Workbench


class Parameters(BaseModel):
    """Base of every parameter model: unknown keys are refused, values are frozen and never coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True)
class NamedSpace:
    """A space that a suite names: where its weights come from (`zoo`, or constructed when None) and what they look like."""

    space: WeightSpace
    zoo: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"space": self.space.to_json(), "zoo": self.zoo}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> NamedSpace:
        return NamedSpace(WeightSpace.from_json(data["space"]), data["zoo"])


@dataclass(frozen=True)
class CheckKind:
    """A kind of check.

    Args:
        name: as suites name it.
        title: one line for `orbitcheck list checks`.
        parameters: the model of what a suite may say under the check beside `id`, `kind`, `claim` and `title`.
        resolve: `(parameters, spaces) -> plain JSON` with every named space written out; raises `SuiteValueError` for
            values that are well typed but impossible. No torch.
        cases: the case names at resolved parameters, in order. No torch.
        evaluate: measures and judges one cell. May import torch when called, not before.
    """

    name: str
    title: str
    parameters: type[Parameters]
    resolve: Callable[[Any, Mapping[str, NamedSpace]], dict[str, Any]]
    cases: Callable[[Mapping[str, Any]], tuple[str, ...]]
    evaluate: Callable[[Cell, Architecture, Workbench], Judgement]


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


CHECK_KINDS: Registry[CheckKind] = Registry("check kind")
