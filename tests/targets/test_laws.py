"""Every target obeys the law of its kind, on every regime and space where it makes sense, and says no where it does not."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from orbitcheck import Weights, WeightSpace, act, group, mlp, random_elements, realise
from orbitcheck.extending import lora, residual, transformer
from orbitcheck.harness.core.claims import CLAIMS
from orbitcheck.harness.core.parameters import SuiteValueError
from orbitcheck.harness.pairs import PAIR_FAMILIES
from orbitcheck.harness.regimes import REGIMES, Samples
from orbitcheck.harness.targets import (
    EQUIVARIANT_OPERATOR,
    FUNCTION_FUNCTIONAL,
    FUNCTION_OPERATOR,
    INVARIANT_FUNCTIONAL,
    LABEL,
    TARGETS,
)
from orbitcheck.harness.weights.spaces import conv_net, recurrent

FUNCTION_KINDS = (FUNCTION_FUNCTIONAL, FUNCTION_OPERATOR)
SPACES = (
    mlp(1, 4, 4, 1),
    mlp(2, 3, 2, activation="tanh"),
    mlp(2, 5, 4, 1, activation="sine"),
    mlp(1, 4, 3, 2, 1, activation="leaky-relu"),
    mlp(16, 4, 10, activation="gelu"),
)
DRAWN = (
    ("general-position", {}),
    ("general-position", {"entries": "ternary"}),
    ("ties", {"ties": "equal-biases"}),
    ("ties", {"ties": "zero-biases"}),
    ("ties", {"ties": "quantised"}),
    ("prop-6.2-twins", {}),
    ("function-equal-twins", {"by": "split-neuron"}),
)


FAMILIES = (
    ("relu-rescaling", {}),
    ("sign-flip", {}),
    ("dead-neuron", {"dead": "unread"}),
    ("dead-neuron", {"dead": "silent"}),
    ("split-neuron", {"w": "split"}),
    ("split-neuron", {"w": "merged"}),
)


def sensible(name: str, space: WeightSpace) -> bool:
    target = TARGETS[name]
    return target.refusal(target.parameters(), space) is None


def drawn_samples(slow, space: WeightSpace):
    for regime, parameters in DRAWN:
        if regime != "prop-6.2-twins" or space.widths[1:-1] == (4, 4):
            yield slow.draw(space, regime, **parameters)


def moved(samples: Samples, seed: int = 1):
    elements = random_elements(samples.weights.space, samples.weights.batch, np.random.default_rng(seed))
    return elements, Samples(act(elements, samples.weights), samples.metadata)


@pytest.mark.parametrize("name", list(TARGETS))
def test_values_follow_the_group(name, slow):
    checked = 0
    for space in filter(lambda space: sensible(name, space), SPACES):
        for samples in drawn_samples(slow, space):
            elements, relabelled = moved(samples)
            before, after = slow.value(name, samples), slow.value(name, relabelled)
            wanted = act(elements, before) if isinstance(before, Weights) else before
            scale = 1 + slow.flat(before).abs().max()
            assert (slow.flat(wanted) - slow.flat(after)).abs().max() <= 1e-13 * scale, (space, samples)
            checked += 1
    assert checked >= 6


@pytest.mark.parametrize("name", ["weight-norms", "random-polynomial", "magnitude-mask", "identity"])
@pytest.mark.parametrize("space", [conv_net(1, 3, 2), recurrent(2, 3, 1)], ids=str)
def test_targets_of_any_space_follow_its_group(name, space, slow):
    rng = np.random.default_rng(0)
    arrays = [{key: rng.integers(-8, 9, shape) / 8 for key, shape in space.shapes.items()} for _ in range(6)]
    samples = Samples(Weights.from_arrays(space, arrays))
    elements, relabelled = moved(samples)
    before, after = slow.value(name, samples), slow.value(name, relabelled)
    wanted = act(elements, before) if isinstance(before, Weights) else before
    assert torch.allclose(slow.flat(wanted), slow.flat(after), rtol=1e-13, atol=1e-13)
    assert slow.flat(before).std() > 0


NETWORKS = (
    conv_net(1, 3, 2, kernel=1, activation="tanh"),
    recurrent(2, 3, 1),
    residual(2, 3, (3,), 2, norm="rms", activation="gelu").space,
    transformer(2, 4, 2, 2, 2, 3, 2, rotary=True).space,
    lora((3, 2), (2, 3), rank=2).space,
)


@pytest.mark.parametrize("space", NETWORKS, ids=str)
def test_maps_of_functions_on_any_space_follow_the_functions_group(space, slow):
    """Under scales, signs, linear maps and complex factors, too, where functions stay as they are; operators are compared at images and sequences."""
    rng, checked = np.random.default_rng(0), 0
    drawn = [{key: rng.integers(-8, 9, shape) / 8 for key, shape in space.shapes.items()} for _ in range(4)]
    samples = Samples(Weights.from_arrays(space, drawn))
    elements = random_elements(group(space, "full"), 4, rng)
    relabelled = Samples(act(elements, samples.weights))
    for name, target in TARGETS.items():
        settings = target.parameters()
        if (
            target.kind not in (*FUNCTION_KINDS, EQUIVARIANT_OPERATOR)
            or target.refusal(settings, space)
            or target.needs
        ):
            continue
        if target.mismatch(group(space, "full")) is not None:
            continue
        before, after = slow.value(name, samples), slow.value(name, relabelled)
        wanted = act(elements, before, target.moves) if isinstance(before, Weights) else before
        scale = 1 + slow.flat(wanted).abs().max()
        assert (slow.flat(wanted) - slow.flat(after)).abs().max() <= 1e-10 * scale, name
        assert slow.flat(before).isfinite().all()
        # Adapters are linear in their inputs: their mean over the box is zero.
        assert slow.flat(before).std() > 0 or (space == NETWORKS[-1] and name == "mean")
        if target.kind in FUNCTION_KINDS:
            assert before.shape[-1] == target.size(settings, space)
        checked += 1
    assert checked >= 9


def test_means_and_greatest_values_of_affine_functions_are_known():
    """Without an activation a network of convolutions is affine in its image: the mean is the value at zero, the greatest one lies above it by the slopes."""
    space = conv_net(1, 3, 2, kernel=1, activation="identity")
    rng = np.random.default_rng(1)
    samples = Samples(Weights.from_arrays(space, [{k: rng.integers(-8, 9, s) / 8 for k, s in space.shapes.items()}]))
    zero = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    at_zero = realise(samples.weights, zero)[0, 0]
    slopes = torch.stack(
        [realise(samples.weights, zero + e.view(1, 1, 4, 4))[0, 0] - at_zero for e in torch.eye(16).double()]
    )
    found = {n: TARGETS[n].value(TARGETS[n].parameters(), samples)[0] for n in ("mean", "extremum", "norm")}
    torch.testing.assert_close(found["mean"], at_zero, rtol=0, atol=1e-12)
    assert (found["extremum"] <= at_zero + slopes.abs().sum(0)).all() and (found["extremum"] > at_zero).all()
    # Points of the box have variance 1/3 a coordinate and nearly no covariance.
    assert abs(found["norm"] ** 2 - (at_zero.square() + slopes.square().sum(0) / 3).sum()) < 0.05 * found["norm"] ** 2


def function_equal(space: WeightSpace, pairs: int = 6) -> list[tuple[Samples, Samples]]:
    """Both sides of pairs that compute one function, family by family."""
    sides = []
    for name, options in FAMILIES:
        family, rng = PAIR_FAMILIES[name], np.random.default_rng(7)
        parameters = family.parameters(**options)
        try:
            [case, *_] = family.cases(parameters, space)
        except SuiteValueError:
            continue  # another activation's symmetry
        made = [family.make(parameters, space, case, rng) for _ in range(pairs)]
        label = {"label": torch.arange(pairs)}
        sides.append(
            tuple(
                Samples(Weights.from_arrays(space, [getattr(pair, side) for pair in made]), label)
                for side in ("v", "w")
            )
        )
    return sides


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.kind in FUNCTION_KINDS])
def test_function_space_maps_agree_where_functions_do(name, slow):
    checked = 0
    for space in filter(lambda space: sensible(name, space), SPACES):
        for v, w in function_equal(space):
            left, right = slow.flat(slow.value(name, v)), slow.flat(slow.value(name, w))
            assert (left - right).abs().max() <= 1e-12 * (1 + left.abs().max()), space
            checked += 1
    assert checked >= 3


@pytest.mark.parametrize(
    "name", [name for name, target in TARGETS.items() if target.kind not in (*FUNCTION_KINDS, LABEL)]
)
def test_maps_of_the_weights_see_more_than_the_function(name, slow):
    gaps = [
        (slow.flat(slow.value(name, v)) - slow.flat(slow.value(name, w))).abs().max()
        for v, w in function_equal(mlp(1, 4, 4, 1))
    ]
    assert max(gaps) > 1e-3


@pytest.mark.parametrize("name", list(TARGETS))
def test_size_dtype_and_finite_values(name, slow):
    target = TARGETS[name]
    parameters = target.parameters()
    for space in filter(lambda space: sensible(name, space), SPACES):
        samples = slow.draw(space)
        kept = samples.weights.clone()
        answer = slow.value(name, samples)
        assert torch.equal(kept.flat(), samples.weights.flat())
        size = target.size(parameters, space)
        if target.kind == EQUIVARIANT_OPERATOR:
            assert answer.space == space and (answer.batch, answer.channels) == (8, size)
        else:
            assert answer.shape[0] == 8 and answer.shape[-1] == size
            assert answer.ndim == (3 if target.kind == FUNCTION_OPERATOR else 2)
        values = slow.flat(answer)
        assert values.dtype == torch.float64 and values.isfinite().all() and not values.requires_grad


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in ("inr-class", "test-accuracy", "label")])
def test_targets_vary_over_samples(name, slow):
    """Ranks need weights of which some are dependent; images need two inputs."""
    space = SPACES[2] if name.startswith("inr-") else SPACES[0]
    samples = slow.draw(space, size=64, entries="ternary" if name == "middle-rank" else "spread")
    assert slow.flat(slow.value(name, samples)).var(dim=0).max() > 1e-3


def test_claims_are_those_of_the_kinds():
    claims = {
        FUNCTION_FUNCTIONAL: "thm-6.1",
        INVARIANT_FUNCTIONAL: "thm-6.3",
        FUNCTION_OPERATOR: "thm-7.2",
        EQUIVARIANT_OPERATOR: "thm-7.4",
        LABEL: "thm-6.3",
    }
    for _, target in TARGETS.items():
        assert target.claim == claims[target.kind] and target.claim in CLAIMS
        assert "\n" not in target.title


INR, LINE, CONVOLUTIONS = mlp(2, 4, 4, 1, activation="sine"), mlp(1, 4, 4, 1), conv_net(1, 3, 2)
UNKNOWN = WeightSpace((("A", ("n", "m")), ("b", ("n",))), (("n", 3), ("m", 2)), ("n",))
REFUSED = [
    ("value-at-point", {"point": [0.5]}, CONVOLUTIONS, "the point has 1 coordinates"),
    ("value-at-point", {}, UNKNOWN, "not known"),
    ("gradient-at-point", {}, CONVOLUTIONS, "MLP spaces only"),
    ("value-at-point", {"point": [0.5]}, INR, "the point has 1 coordinates"),
    ("gradient-at-point", {"point": [0.5, 0.0]}, LINE, "the point has 2 coordinates"),
    ("mean", {}, UNKNOWN, "not known"),
    ("negation", {}, UNKNOWN, "not known"),
    ("zero-count", {}, INR, "n_0 = 1 and n_L = 1"),
    ("zero-count", {}, mlp(1, 4, 2), "n_0 = 1 and n_L = 1"),
    ("zero-count", {}, mlp(1, 4, 1, activation="tanh"), "relu, leaky-relu, abs, identity only"),
    ("inr-class", {}, LINE, "n_0 = 2 and n_L = 1"),
    ("test-accuracy", {}, mlp(64, 4, 9), "n_0 = 64 or 16 and n_L = 10"),
    ("test-accuracy", {}, mlp(32, 4, 10), "n_0 = 64 or 16 and n_L = 10"),
    ("path-norm", {}, CONVOLUTIONS, "MLP spaces only"),
    ("middle-rank", {}, mlp(1, 4, 1), "needs L >= 3"),
    ("middle-rank", {}, CONVOLUTIONS, "MLP spaces only"),
    ("log-determinant", {"layer": 3}, LINE, "W_3 is no matrix between two hidden layers"),
    ("cycle-weights", {}, mlp(1, 4, 1), "needs L >= 3"),
    ("bias-sorted-entry", {"tensor": "W9"}, LINE, "no tensor W9"),
    ("bias-sorted-entry", {"tensor": "W2", "ranks": [0, 4]}, LINE, "no place of W2"),
    ("bias-sorted-entry", {"tensor": "b1", "ranks": [0, 0]}, LINE, "no place of b1"),
    ("zoom-out", {}, INR, "n_0 = 1"),
    ("tooth-doubling", {}, INR, "n_0 = 1"),
    ("derivative", {"coordinate": 1}, LINE, "no input 1"),
    ("inr-dilation", {}, LINE, "n_0 = 2 and n_L = 1"),
    ("gradient-step", {}, UNKNOWN, "not known"),
    ("neuron-rank", {}, CONVOLUTIONS, "MLP spaces only"),
]


@pytest.mark.parametrize(("name", "parameters", "space", "words"), REFUSED)
def test_a_target_says_why_it_makes_no_sense(name, parameters, space, words):
    reason = TARGETS[name].refusal(TARGETS[name].parameters(**parameters), space)
    assert reason is not None and words in reason and str(space) in reason and "\n" not in reason


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("value-at-point", {"point": []}),
        ("value-at-point", {"point": [float("nan")]}),
        ("mean", {"radius": 0.0}),
        ("zoom-out", {"factor": 1.0}),
        ("magnitude-mask", {"kept": 1.0}),
        ("adam-step", {"betas": [0.9, 1.0]}),
        ("gradient-step", {"rate": 0.0}),
        ("gradient-step", {"speed": 1.0}),
        ("middle-rank", {"layer": 1}),
        ("random-polynomial", {"degree": 0}),
    ],
)
def test_impossible_parameters_are_refused(name, parameters):
    with pytest.raises(ValidationError):
        TARGETS[name].parameters(**parameters)


DIGESTS = """\
import hashlib, sys
import numpy as np
import orbitcheck.harness.targets as targets, orbitcheck.harness.regimes as regimes
from orbitcheck import mlp
sizes = [t.size(t.parameters(), mlp(2, 3, 3, 1)) for t in (targets.TARGETS[n] for n in ("mean", "random-polynomial"))]
assert sizes == [1, 1] and "torch" not in sys.modules
import torch
torch.set_num_threads(1)
regime = regimes.REGIMES["general-position"]
[samples] = regime.draw(regime.parameters(), mlp(2, 3, 3, 1), [5], np.random.default_rng(0))
for name in ("weight-norms", "mean", "random-polynomial", "adam-step", "inr-dilation"):
    target = targets.TARGETS[name]
    parameters = target.parameters()
    more = [target.inputs(parameters, samples.weights.space, 9, torch.Generator().manual_seed(0))] if target.inputs else []
    answer = target.value(parameters, samples, *more)
    answer = answer if isinstance(answer, torch.Tensor) else answer.flat()
    print(name, hashlib.sha256(answer.numpy().tobytes()).hexdigest())
"""


def test_values_are_the_same_bits_in_any_process_and_sizes_cost_no_torch():
    first, second = (
        subprocess.run([sys.executable, "-c", DIGESTS], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        for seed in ("1", "2")
    )
    assert first.stdout == second.stdout and len(first.stdout.split()) == 10
    samples = REGIMES["general-position"].draw(
        REGIMES["general-position"].parameters(), mlp(2, 3, 3, 1), [5], np.random.default_rng(0)
    )[0]
    target = TARGETS["weight-norms"]
    here = hashlib.sha256(target.value(target.parameters(), samples).numpy().tobytes()).hexdigest()
    assert f"weight-norms {here}" in first.stdout.decode()
