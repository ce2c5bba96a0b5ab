"""The plug-in contract: what is refused at registration, what is recorded, and networks that depend on their seed alone."""

from __future__ import annotations

import functools
import re

import pytest
import torch
from torch import nn

from orbitcheck import Equivariant, Invariant, Traits, Unsupported, mlp, register
from orbitcheck.harness.plugins.architecture import InvalidPlugin, OptionError, as_architecture
from orbitcheck.harness.plugins.discovery import built_in, load, parse_name

SPACE = mlp(2, 3, 1)


@register("constant", symmetry="permutation", power="below-1-wl", modes=("eval", "train"), paper="none")
class Constant(nn.Module):
    def __init__(
        self, space, output, *, channels: int = 8, gain: float = 1.0, bias: bool = True, act: str = "gelu", extra=None
    ):
        super().__init__()
        self.linear = nn.Linear(channels, channels, bias=bias)
        self.register_buffer("frequencies", torch.randn(channels))
        self.given = (space, output, channels, gain, bias, act, extra)


ARCHITECTURE = as_architecture(Constant)


def test_a_registered_class_stays_itself_and_carries_what_it_declared():
    assert isinstance(Constant, type) and issubclass(Constant, nn.Module)
    assert ARCHITECTURE.name == "constant" and ARCHITECTURE.factory is Constant
    assert ARCHITECTURE.traits == Traits(
        symmetry="permutation", power="below-1-wl", modes=("eval", "train"), paper="none"
    )
    assert ARCHITECTURE.defaults == {"channels": 8, "gain": 1.0, "bias": True, "act": "gelu", "extra": None}


def test_any_callable_of_the_right_form_is_an_architecture():
    def factory(space, output):
        return nn.Identity()

    def keyed(space, output, **options):
        return nn.Identity()

    class Plain(nn.Module):
        def __init__(self, space, output, channels=4):
            super().__init__()

    for candidate in (factory, keyed, Plain, lambda space, output: nn.Identity(), functools.partial(Plain, channels=2)):
        architecture = as_architecture(candidate)
        assert architecture.traits == Traits()
        assert isinstance(architecture.build(SPACE, Invariant(1), seed=0), nn.Module)


def _space_only(space):
    return nn.Identity()


def _obligatory(space, output, channels):
    return nn.Identity()


def _obligatory_keyword(space, output, *, channels):
    return nn.Identity()


@pytest.mark.parametrize("factory", [_space_only, _obligatory, _obligatory_keyword])
def test_a_wrong_signature_is_refused_with_both_signatures_shown(factory):
    import inspect

    with pytest.raises(InvalidPlugin) as refusal:
        as_architecture(factory, "mine")
    assert f"mine{inspect.signature(factory)}" in str(refusal.value)
    assert "(space: WeightSpace, output: Invariant | Equivariant, **options) -> torch.nn.Module" in str(refusal.value)
    with pytest.raises(InvalidPlugin, match=re.escape(f"{factory.__qualname__}{inspect.signature(factory)}")):
        as_architecture(factory)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(InvalidPlugin, match="is a int; allowed: a callable"):
        as_architecture(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ({"symetry": "none"}, 'mine: unknown trait "symetry"; did you mean "symmetry"?'),
        ({"symmetry": "permutations"}, "mine: symmetry='permutations'; did you mean \"permutation\"?"),
        ({"power": "1wl", "rounds": lambda: (1, 1)}, "mine: power='1wl'; did you mean \"1-wl\"?"),
        ({"power": 1}, "mine: power=1; available: 1-wl, 2-fwl, below-1-wl, complete, function, unknown"),
        ({"domain": "generic"}, "mine: domain='generic'; available: all, general-position"),
        ({"modes": "eval"}, "mine: modes='eval'; allowed: a non-empty tuple of 'eval', 'train'"),
        ({"modes": ["eval"]}, "mine: modes=['eval']; allowed: a non-empty tuple"),
        ({"modes": ()}, "mine: modes=(); allowed: a non-empty tuple"),
        ({"modes": ("eval", "test")}, "mine: modes=('eval', 'test'); allowed: a non-empty tuple"),
        ({"continuous": "no"}, "mine: continuous='no'; allowed: True, False"),
        ({"power": "1-wl"}, "powers '1-wl' and '2-fwl' need rounds=lambda depth: (low, high)"),
        (
            {"power": "1-wl", "rounds": (4, 4)},
            "rounds=(4, 4); powers '1-wl' and '2-fwl' need rounds=lambda depth: (low, high)",
        ),
        ({"power": "complete", "rounds": lambda: (1, 1)}, "and no other power takes it"),
        (
            {"power": "1-wl", "rounds": lambda layers: (layers, layers)},
            "mine: rounds() names 'layers', which is no option; available: depth",
        ),
    ],
)
def test_a_trait_that_makes_no_sense_is_refused(traits, message):
    def factory(space, output, *, depth=4):
        return nn.Identity()

    declared = register("mine", **traits)(factory)  # refused once it is asked for, at the line that declared it
    with pytest.raises(InvalidPlugin, match=rf"test_architecture\.py:\d+: .*{re.escape(message)}"):
        as_architecture(declared)


def test_rounds_are_a_function_of_the_options_they_name():
    @register("deep", power="1-wl", rounds=lambda depth, both: (depth - 1, depth + both))
    def factory(space, output, *, channels=8, both=True, depth=4):
        return nn.Identity()

    architecture = as_architecture(factory)
    assert architecture.rounds == (3, 5)
    assert architecture.with_options({"depth": 6, "both": False}).rounds == (5, 6)
    assert ARCHITECTURE.rounds is None


@pytest.mark.parametrize(
    "rounds", [(0, 1), (0, 10**6), (-1, 5), (1, 4), (3, 2), (1.0, 2.0), (True, 2.5), (2,), "12", ("1", "2"), 3]
)
def test_rounds_that_predict_hardly_anything_are_refused_at_the_options_given(rounds):
    @register("vague", power="1-wl", rounds=lambda depth: rounds if depth > 4 else (4, 6))
    def factory(space, output, *, depth=4):
        return nn.Identity()

    assert as_architecture(factory).with_options({}).rounds == (4, 6)
    with pytest.raises(InvalidPlugin, match="at these options; allowed: integers low >= 1"):
        as_architecture(factory).with_options({"depth": 5})


def test_where_no_rounds_are_declared_the_power_is_below_1_wl():
    @register("shallow", power="1-wl", rounds=lambda depth: (depth - 1, depth + 1) if depth > 1 else None)
    def factory(space, output, *, depth=4):
        return nn.Identity()

    deep, shallow = (as_architecture(factory).with_options({"depth": depth}) for depth in (3, 1))
    assert (deep.traits.power, deep.rounds) == ("1-wl", (2, 4))
    assert (shallow.traits.power, shallow.rounds) == ("below-1-wl", None)


def test_every_built_in_declares_rounds_that_say_something():
    for name in built_in():
        for options in ("", "[depth=1]", "[depth=2]", "[depth=7]", "[encoding=none]"):
            try:
                found = load(parse_name(name + options))
            except OptionError:
                continue
            if found.traits.power == "1-wl":
                low, high = found.rounds
                assert 1 <= low <= high <= low + 2, found
    assert load(parse_name("nfn-np[encoding=none]")).traits.power == "below-1-wl"


def test_the_shapes_that_are_served_are_a_line():
    for trait, wrong in (("shapes", 3), ("shapes", "two\nlines"), ("spaces", None)):
        with pytest.raises(InvalidPlugin, match=f"{trait}="):
            as_architecture(register("mine", **{trait: wrong})(lambda space, output: nn.Identity()))


def test_a_subclass_does_not_inherit_what_its_parent_declared():
    class Child(Constant):
        pass

    assert as_architecture(Child).traits == Traits()
    assert as_architecture(Child).factory is Child

    @register("child", symmetry="none")
    class Declared(Constant):
        pass

    assert as_architecture(Declared).name == "child"
    assert as_architecture(Constant) is ARCHITECTURE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chanels": 4}, 'constant takes no option "chanels"; did you mean "channels"?'),
        ({"channels": 4.0}, "constant[channels=4.0]: got float, allowed: int, as in 8"),
        ({"channels": "4"}, "constant[channels=4]: got str, allowed: int, as in 8"),
        ({"channels": True}, "constant[channels=True]: got bool, allowed: int, as in 8"),
        ({"gain": True}, "constant[gain=True]: got bool, allowed: float, as in 1.0"),
        ({"gain": "on"}, "constant[gain=on]: got str, allowed: float, as in 1.0"),
        ({"bias": 1}, "constant[bias=1]: got int, allowed: bool, as in True"),
        ({"act": None}, "constant[act=None]: got NoneType, allowed: str, as in 'gelu'"),
    ],
)
def test_an_option_that_the_plugin_does_not_take_is_refused(options, message):
    with pytest.raises(OptionError, match=re.escape(message)):
        ARCHITECTURE.with_options(options)


def test_options_reach_the_constructor_and_the_rest_keep_their_defaults():
    given = {"channels": 3, "gain": 2, "bias": False, "extra": "anything"}
    architecture = ARCHITECTURE.with_options(given)
    assert architecture.options == given and ARCHITECTURE.options == {}
    assert architecture.build(SPACE, Equivariant(2), seed=0).given == (
        SPACE, Equivariant(2), 3, 2, False, "gelu", "anything",
    )  # fmt: skip


def test_a_factory_of_open_options_takes_any():
    def factory(space, output, *, depth=2, **rest):
        return nn.Identity()

    architecture = as_architecture(factory).with_options({"whatever": 1, "depth": 3})
    assert architecture.options == {"whatever": 1, "depth": 3}
    with pytest.raises(OptionError, match="got float, allowed: int"):
        architecture.with_options({"depth": 0.5})


def state(seed: int) -> dict[str, torch.Tensor]:
    return ARCHITECTURE.build(SPACE, Invariant(1), seed=seed, dtype=torch.float64).state_dict()


def test_a_network_depends_on_its_seed_alone():
    first = state(3)
    torch.rand(17)
    again, other = state(3), state(4)
    assert set(first) == {"linear.weight", "linear.bias", "frequencies"}
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_building_leaves_the_global_random_state_as_it_was():
    before = torch.random.get_rng_state()
    state(3)
    assert torch.equal(torch.random.get_rng_state(), before)

    def broken(space, output):
        torch.rand(5)
        raise Unsupported("no")

    with pytest.raises(Unsupported, match="no"):
        as_architecture(broken).build(SPACE, Invariant(1), seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_network_is_built_in_eval_mode_and_in_the_dtype_asked_for(dtype):
    module = ARCHITECTURE.build(SPACE, Invariant(1), seed=0, dtype=dtype)
    assert not module.training
    assert {tensor.dtype for tensor in module.state_dict().values()} == {dtype}
    assert ARCHITECTURE.build(SPACE, Invariant(1), seed=0).linear.weight.dtype == torch.float32


def test_a_factory_that_builds_no_module_is_refused():
    with pytest.raises(InvalidPlugin, match=r"nothing built a NoneType; the contract is \(space: WeightSpace"):
        as_architecture(lambda space, output: None, name="nothing").build(SPACE, Invariant(1), seed=0)
