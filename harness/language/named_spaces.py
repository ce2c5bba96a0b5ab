"""The spaces of a suite: one constructor with its sizes, tensors and axes of one's own, or a zoo of trained networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from ..core.parameters import Parameters, SuiteValueError
from ..core.registry import UnknownName
from ..weights.algebra.kinds import Role
from ..weights.algebra.roles import AxisRole, Roles, Standing
from ..weights.networks.forms import NETWORKS, network
from ..weights.space import NamedSpace, SpaceError, UnknownActivation, WeightSpace, mlp
from ..weights.spaces import conv_net, recurrent, residual_mlp, transformer_block
from ..zoo.recipe import parse_reference

LARGEST = 10_000_000
"""Entries of one weight vector of a suite: a row holds sixty-four and as many answers, 5 GB of float64 each."""

MOST_LAYERS = 500


class ConvNetModel(Parameters):
    """Sizes of `orbitcheck.conv_net`."""

    channels: Annotated[
        list[int],
        Field(max_length=MOST_LAYERS, description="of the image, of the hidden layers, and the number of classes"),
    ]
    kernel: Annotated[int, Field(description="height and width, odd")] = 3


class ResidualMlpModel(Parameters):
    """Sizes of `orbitcheck.residual_mlp`."""

    inputs: int
    stream: Annotated[int, Field(description="width of the axis that all blocks share")]
    hidden: Annotated[list[int], Field(max_length=MOST_LAYERS, description="one width a block")]
    outputs: int


class TransformerBlockModel(Parameters):
    """Sizes of `orbitcheck.transformer_block`."""

    model: int
    heads: int
    key: int
    value: int
    hidden: int


Widths = Annotated[list[int], Field(max_length=MOST_LAYERS, description="layer widths, input to output")]
Norm = Literal["none", "rms", "layer"]


class DenseModel(Parameters):
    """Arguments of the network `dense`."""

    widths: Widths
    biases: bool = True
    names: Annotated[
        list[Annotated[list[str], Field(min_length=2, max_length=2)]] | None,
        Field(max_length=MOST_LAYERS, description="per layer the names of weight and bias"),
    ] = None


class ConvolutionalModel(Parameters):
    """Arguments of the network `convolutional`."""

    channels: Annotated[
        list[int],
        Field(max_length=MOST_LAYERS, description="of the image, of the hidden layers, and the number of classes"),
    ]
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    image: Annotated[list[int], Field(max_length=2, description="sizes of one channel, one or two")] = [8, 8]
    head: Literal["mean", "max", "flatten"] = "mean"
    batch_norm: bool = False


class ResidualModel(ResidualMlpModel):
    """Arguments of the network `residual`."""

    norm: Norm = "none"


class RecurrenceModel(Parameters):
    """Arguments of the network `recurrence`."""

    widths: Widths
    cell: Literal["elman", "gru", "lstm"] = "elman"
    biases: bool = True


class TransformerModel(Parameters):
    """Arguments of the network `transformer`."""

    inputs: int
    model: int
    heads: int
    key: int
    value: int
    hidden: int
    outputs: int
    blocks: Annotated[int, Field(le=MOST_LAYERS)] = 1
    per_group: Annotated[int, Field(description="query heads that share one key and value head")] = 1
    norm: Norm = "layer"
    biases: bool = True
    gated: Annotated[bool, Field(description="feed-forward layers with a gate")] = False
    rotary: Annotated[bool, Field(description="keys turned by their place")] = False


class LoraModel(Parameters):
    """Arguments of the network `lora`."""

    layers: Annotated[
        list[Annotated[list[int], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_LAYERS, description="outputs and inputs of each"),
    ]
    rank: int


Name = Annotated[str, Field(min_length=1)]
MOST_TENSORS = 5000


class OwnModel(Parameters):
    """Tensors and axes of one's own."""

    tensors: Annotated[
        dict[Name, list[Name]],
        Field(
            min_length=1,
            max_length=MOST_TENSORS,
            description="tensor: [axis, ...]; an axis may stand twice in a tensor",
        ),
    ]
    sizes: Annotated[dict[Name, int], Field(max_length=MOST_TENSORS, description="of every axis")]
    permuted: Annotated[list[Name], Field(max_length=MOST_TENSORS, description="the axes whose indices have no order")]
    within: Annotated[
        dict[Name, Name],
        Field(description="inner axis: the outer one for each of whose indices it is permuted apart, as keys in heads"),
    ] = {}
    stands: Annotated[
        dict[Name, Literal["hidden", "linear", "rms-norm", "layer-norm", "gated", "rotary"]],
        Field(
            description="what stands on a permuted axis: the activation, nothing, a norm, a gate; on a fixed one: turns of rotary keys; "
            "what it carries follows"
        ),
    ] = {}
    places: Annotated[
        dict[Name, list[Literal["in", "out"] | None]],
        Field(
            max_length=MOST_TENSORS,
            description="tensor: [in, out, ...], how each place goes with its axis, null where no factor multiplies; unless said, the "
            "first place is in, what the tensor feeds, and the others are out, what it reads",
        ),
    ] = {}


class SpaceModel(Parameters):
    """A weight space: `{mlp: [1, 4, 4, 1], activation: relu}`, another constructor or network, `own` tensors and axes, or `{zoo: digits-inr}`."""

    mlp: Annotated[list[int] | None, Field(max_length=MOST_LAYERS, description="layer widths, input to output")] = None
    conv_net: ConvNetModel | None = None
    residual_mlp: ResidualMlpModel | None = None
    recurrent: Annotated[
        list[int] | None, Field(max_length=MOST_LAYERS, description="layer widths, input to output")
    ] = None
    transformer_block: TransformerBlockModel | None = None
    dense: DenseModel | None = None
    convolutional: ConvolutionalModel | None = None
    residual: ResidualModel | None = None
    recurrence: RecurrenceModel | None = None
    transformer: TransformerModel | None = None
    lora: LoraModel | None = None
    own: OwnModel | None = None
    activation: Annotated[str | None, Field(description="the constructor's own if left out, relu for mlp")] = None
    zoo: Annotated[str | None, Field(description="a zoo of trained networks, see `orbitcheck list zoos`")] = None
    group: Annotated[str | None, Field(description="the zoo's group, if it has several")] = None


def _network(name: str) -> Callable[..., WeightSpace]:
    return lambda given, **activation: network(name, {**given.model_dump(exclude_unset=True), **activation}).space


def _own(given: OwnModel, **activation: Any) -> WeightSpace:
    """The space as it is described; roles of axes where something is said of them."""
    told = dict.fromkeys((*given.stands, *given.within))
    axes = tuple(
        AxisRole(axis, Standing(given.stands.get(axis, Standing.PLAIN)), within=given.within.get(axis)) for axis in told
    )
    places = tuple((name, tuple(role and Role(role) for role in listed)) for name, listed in given.places.items())
    return WeightSpace(
        tuple((name, tuple(listed)) for name, listed in given.tensors.items()),
        tuple(given.sizes.items()),
        tuple(given.permuted),
        roles=Roles(axes, places) if axes or places else None,
        **activation,
    )


_CONSTRUCTORS: dict[str, Callable[..., WeightSpace]] = {
    "mlp": lambda widths, **activation: mlp(*widths, **activation),
    "conv_net": lambda sizes, **activation: conv_net(*sizes.channels, kernel=sizes.kernel, **activation),
    "residual_mlp": lambda sizes, **activation: residual_mlp(**sizes.model_dump(), **activation),
    "recurrent": lambda widths, **activation: recurrent(*widths, **activation),
    "transformer_block": lambda sizes, **activation: transformer_block(**sizes.model_dump(), **activation),
    **{name: _network(name) for name in NETWORKS},
    "own": _own,
}


def named_space(model: SpaceModel) -> NamedSpace:
    """The space that an entry of `spaces` describes.

    Raises:
        SuiteValueError: none or several of the constructors and `zoo`, a key that does not go with the one, sizes that make
            no space, or an unknown zoo or group.
    """
    given = [key for key in (*_CONSTRUCTORS, "zoo") if getattr(model, key) is not None]
    if len(given) != 1:
        got = f", got {' and '.join(given)}" if given else ""
        raise SuiteValueError(((), f"give one of {', '.join(_CONSTRUCTORS)} and zoo{got}"))
    (kind,) = given
    foreign, owner = ("activation", "constructed spaces") if kind == "zoo" else ("group", "zoo")
    if getattr(model, foreign) is not None:
        raise SuiteValueError(((foreign,), f"belongs to {owner} only"))
    if model.activation is not None and (model.lora or (model.recurrence and model.recurrence.cell != "elman")):
        raise SuiteValueError((("activation",), "this network has none to choose"))
    if kind == "zoo":
        try:
            zoo, group = parse_reference("/".join(filter(None, (model.zoo, model.group))))
        except UnknownName as error:
            raise SuiteValueError((("group" if model.group else "zoo",), str(error))) from None
        return NamedSpace(zoo.spaces[group], f"{zoo.name}/{group}" if len(zoo.spaces) > 1 else zoo.name)
    options: dict[str, Any] = {} if model.activation is None else {"activation": model.activation}
    try:
        space = _CONSTRUCTORS[kind](getattr(model, kind), **options)
        if space.parameters > LARGEST:
            raise SpaceError(f"a weight vector of {space.parameters} entries; a suite takes at most {LARGEST}")
        return NamedSpace(space)
    except UnknownActivation as error:
        raise SuiteValueError((("activation",), str(error))) from None
    except SpaceError as error:
        raise SuiteValueError(((kind,), str(error))) from None
