"""That `full` holds every smooth symmetry that generic weights have, and that what it does not hold is what docs/spaces.md lists.

Independent truth: as many parameters as the Jacobian of the outputs in the weights has rank are seen; the rest is the tangent space of
what leaves the function alone.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from orbitcheck import act, random_elements
from orbitcheck.extending import (
    Weights,
    certify_under,
    convolutional,
    dense,
    group,
    lora,
    problem_under,
    recurrence,
    residual,
    roles_of,
    same_orbit_under,
    transformer,
)

STREAM = (4, 3, 2, 2, 2, 3, 4)  # inputs and outputs as wide as the stream: nothing of it is unseen


def layer_norm(stream: int, read: int, written: int) -> int:
    """Each row that reads the stream does not see its sum, what is written along (1, ..., 1) is not read; orthogonal maps that keep it."""
    return read + written + (stream - 1) * (stream - 2) // 2


NETWORKS = {
    "dense": (dense(2, 3, 2, 2, activation="tanh"), 0),
    "dense, scales": (dense(2, 3, 2, 2, biases=False, activation="leaky-relu(0.1)"), 0),
    "conv, scales": (convolutional(2, 3, 2, 2, kernel=2, padding=1, image=(4, 3)), 0),
    "conv, flatten": (convolutional(1, 2, 2, 2, stride=2, image=(9,), head="flatten", activation="tanh"), 0),
    # Gain, variance, mean, shift and the bias before them: two numbers a channel are seen, and what is before the norm has a scale.
    "conv, batch norm": (convolutional(1, 2, 2, kernel=2, image=(5,), batch_norm=True, activation="tanh"), 4 * 2),
    "residual": (residual(4, 3, (3, 4), 4, activation="tanh"), 0),
    "residual, rms": (residual(4, 3, (3, 4), 4, norm="rms", activation="tanh"), 0),
    # Rows of A1, A2, V; columns of U, B1, B2 and the biases u, b1, b2.
    "residual, layer": (residual(4, 3, (3, 4), 4, norm="layer", activation="tanh"), layer_norm(3, 3 + 4 + 4, 4 + 3 + 4 + 3)),
    "lora": (lora((3, 2), (4, 5), rank=2), 0),
    "elman, no biases": (recurrence(2, 3, 1, biases=False), 0),
    # Two biases of a gate are one, but for the new state of a GRU, whose second one the reset gate multiplies.
    "elman": (recurrence(2, 3, 1), 3),
    "gru": (recurrence(2, 2, 1, cell="gru"), 2 * 2),
    "lstm": (recurrence(2, 2, 1, cell="lstm"), 4 * 2),
    "transformer, none": (transformer(*STREAM, norm="none"), 0),
    "transformer, none, gated": (transformer(*STREAM, norm="none", gated=True, activation="silu"), 0),
    "transformer, rms": (transformer(*STREAM, norm="rms"), 0),
    "transformer, rms, grouped": (transformer(*STREAM, norm="rms", per_group=2, biases=False), 0),
    "transformer, rotary": (transformer(4, 3, 1, 4, 2, 3, 4, norm="rms", rotary=True), 0),
    # The half of a gate under a relu scales, too.
    "transformer, gated relu": (transformer(*STREAM, norm="rms", biases=False, gated=True, activation="leaky-relu"), 3),
}  # fmt: skip


def dimension(of) -> int:
    """Of the group, by its kinds; of shifts one for each entry that is moved."""
    size, found = of.space.size, 0
    for factor in of.factors:
        outer, n, atoms = size[factor.within] if factor.within else 1, size[factor.axis], factor.kind.atoms
        found += outer * (n * n if "gl" in atoms else n if atoms & {"scale", "rotary"} else 0)
        found += outer * n * (n - 1) // 2 if "orth" in atoms else 0
        found += outer * n * sum(shift.axis == factor.axis for shift in roles_of(of.space).shifts) * ("shift" in atoms)
    return found


def unseen(network, seed: int) -> int:
    """Parameters less the rank of the Jacobian of the outputs at many inputs."""
    space, rng = network.space, np.random.default_rng(seed)
    shapes = {name: (1, *shape, 1) for name, shape in space.shapes.items()}
    count = sum(math.prod(shape) for shape in shapes.values())
    flat = torch.from_numpy(0.7 * rng.standard_normal(count))
    shape = network.input_shape(4)
    x = 3 * torch.from_numpy(rng.standard_normal((max(60, count // 4), *shape)))

    def outputs(entries: torch.Tensor) -> torch.Tensor:
        parts = entries.split([math.prod(shape) for shape in shapes.values()])
        tensors = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        tensors |= {name: tensor.abs() + 0.5 for name, tensor in tensors.items() if name[0] == "v" and name != "v"}
        return network(Weights(space, tensors), x).flatten()

    jacobian = torch.autograd.functional.jacobian(outputs, flat, vectorize=True)
    sizes = jacobian.norm(dim=0)
    found = torch.linalg.svdvals(jacobian / sizes.clamp_min(1e-6 * sizes.max()))
    assert not ((found < 1e-8 * found[0]) & (found > 2e-10 * found[0])).any(), "the rank is in doubt"
    return count - int((found > 1e-9 * found[0]).sum())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_whole_group_is_as_large_as_what_weights_leave_unseen(name):
    network, more = NETWORKS[name]
    assert unseen(network, 0) == dimension(group(network.space, "full")) + more


@pytest.mark.parametrize(
    "network",
    [
        residual(2, 3, (2,), 2),
        residual(1, 2, (1, 2), 1, activation="identity"),
        transformer(1, 2, 1, 2, 1, 1, 1, norm="none"),
        transformer(1, 2, 1, 2, 1, 1, 1, norm="none", gated=True, rotary=True),
        transformer(1, 2, 1, 1, 1, 1, 1, norm="none", blocks=2, activation="identity"),
    ],
    ids=["residual", "linear residual", "stack", "rotary and gated", "two blocks"],
)
def test_shifts_of_a_stream_are_decided_as_the_function_says(network):
    space, rng = network.space, np.random.default_rng(0)
    of = group(space, "gl+shift")
    assert "shift" in of.kind["r" if "r" in space.permuted else "model"].atoms
    x = torch.from_numpy(rng.standard_normal((9, *network.input_shape(3))))

    def apart(v, w) -> float:
        both = network(Weights.from_arrays(space, [v, w]), x)
        return float((both[0] - both[1]).abs().max() / both.abs().max())

    asked = {"same": 0, "different": 0}
    for _ in range(8):
        v = {name: rng.integers(-3, 4, shape).astype(float) for name, shape in space.shapes.items()}
        w = act(random_elements(of, 1, rng)[0], Weights.from_arrays(space, [v])).arrays()
        assert apart(v, w) < 1e-9 and same_orbit_under(of, v, w).answer != "different"
        asked["same"] += same_orbit_under(of, v, w).answer == "same"
        name = str(rng.choice(list(w)))
        w[name] = w[name] + rng.integers(0, 2, w[name].shape)
        found = same_orbit_under(of, v, w).answer
        assert found != "same" or apart(v, w) < 1e-9
        asked["different"] += found == "different"
        assert problem_under(certify_under(of, v, w), of, v, w) is None
    assert asked["same"] >= 7 and asked["different"] >= 2
