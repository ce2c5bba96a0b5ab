"""The equivariance check: its parameters and its cases. No torch.

Law: `phi(g v) = phi(v)` for invariant outputs, `phi(g v) = g phi(v)` for equivariant ones, for the generators and for
random elements of the declared symmetry (theory.md, section 1). Beside the law stand the properties without which it means
nothing: the same call gives the same answer, no sample depends on its batch, the input is left alone, the output depends on it.
What else a check may ask (`asks`) is the same law where training goes, and under all ways of calling the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from ...core.parameters import Parameters, SuiteValueError
from ...weights.space import NamedSpace
from ..kinds import CheckKind
from ..space_names import known_spaces
from .evidence import Ask, EquivarianceEvidence
from .verdict import ZOO_INPUT, rejudge

ConstructedInput = Literal["generic", "ties", "zeros", "equal-biases", "duplicated-neurons", "large", "small", "pruned"]
CONSTRUCTED_INPUTS = get_args(ConstructedInput)
"""What is asked where a suite names no inputs."""
MORE_INPUTS = ("scales", "quantised")
"""What is asked where a suite names it."""

Name = Annotated[str, Field(min_length=1)]


class EquivarianceParameters(Parameters):
    """What a suite may say under an equivariance check."""

    spaces: Annotated[list[Name], Field(min_length=1, description="names from the suite's `spaces`")]
    outputs: Annotated[
        list[Literal["invariant", "equivariant", "point", "covector"]],
        Field(
            min_length=1,
            description="equivariant: moves as differences of weights; point: as weights; covector: as gradients",
        ),
    ] = ["invariant", "equivariant"]
    inputs: (
        Annotated[
            list[Literal[ConstructedInput, "scales", "quantised", "zoo"]],
            Field(min_length=1, description="default: every constructed kind, or `zoo` for the space of a zoo"),
        ]
        | None
    ) = None
    modes: Annotated[list[Literal["eval", "train"]], Field(min_length=1)] = ["eval"]
    samples: Annotated[
        int, Field(ge=2, le=64, description="weight vectors that every generator is asked on, four at least")
    ] = 4
    elements: Annotated[
        int, Field(ge=1, le=256, description="random elements that move one axis alone, asked before products")
    ] = 8
    asks: Annotated[
        list[Literal["law", "steps", "redraw", "calls", "gradients"]],
        Field(
            min_length=1,
            description="law: at the initialisation; steps: after optimiser steps; redraw: at re-drawn parameters; calls: "
            "however the network is called; gradients: the law of the gradients",
        ),
    ] = ["law"]
    compiled: Annotated[
        bool,
        Field(
            description="one more row an output, in the first space, input and mode: the network through torch.compile, which "
            "takes seconds to minutes a row and a C++ compiler"
        ),
    ] = False


def resolve(parameters: EquivarianceParameters, spaces: Mapping[str, NamedSpace]) -> dict[str, Any]:
    """Plain parameters with every space written out; SuiteValueError for a space or an input that cannot be."""
    known = known_spaces(parameters.spaces, spaces)
    problems = []
    inputs: dict[str, list[str]] = {}
    for name, named in known.items():
        inputs[name] = list(parameters.inputs or ()) or ([ZOO_INPUT] if named.zoo else list(CONSTRUCTED_INPUTS))
        if ZOO_INPUT in inputs[name] and named.zoo is None:
            message = f'space "{name}" has no zoo; the input "zoo" needs one, as in {{zoo: digits-inr}}'
            problems.append((("inputs",), message))
    if problems:
        raise SuiteValueError(*problems)
    asks = {} if parameters.asks == ["law"] else {"asks": parameters.asks}  # rows of the law alone keep their ids
    compiled = {"compiled": True} if parameters.compiled else {}
    return {
        **parameters.model_dump(exclude={"spaces", "inputs", "asks", "compiled"}),
        **asks,
        **compiled,
        "spaces": {name: {**spaces[name].to_json(), "inputs": inputs[name]} for name in parameters.spaces},
    }


def cases(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """One case a combination: `space/output/input/mode` for the law, and `/ask` after it for all else; compiled, one an output."""
    name, space = next(iter(parameters["spaces"].items()))
    compiled = (
        f"{name}/{output}/{space['inputs'][0]}/{parameters['modes'][0]}/{Ask.COMPILED}"
        for output in parameters["outputs"]
        if parameters.get("compiled")
    )
    asked = (
        f"{name}/{output}/{kind}/{mode}" + ("" if ask == Ask.LAW else f"/{ask}")
        for name, space in parameters["spaces"].items()
        for output in parameters["outputs"]
        for kind in space["inputs"]
        for mode in parameters["modes"]
        for ask in parameters.get("asks", (Ask.LAW,))
    )
    return (*asked, *compiled)


def needs(parameters: Mapping[str, Any]) -> list[str]:
    """The zoos whose networks are inputs; the space of a zoo alone needs none of them."""
    return [space["zoo"] for space in parameters["spaces"].values() if ZOO_INPUT in space["inputs"]]


KIND = CheckKind(
    name="equivariance",
    title="phi(g v) = g phi(v) for generators and random group elements, against a measured noise floor",
    parameters=EquivarianceParameters,
    resolve=resolve,
    cases=cases,
    evidence=EquivarianceEvidence,
    measurement="orbitcheck.harness.checks.equivariance.measurement:measure_case",
    rejudge=rejudge,
    needs=needs,
)
