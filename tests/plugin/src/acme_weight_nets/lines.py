"""A zoo of small networks, each fitted to a line of its own; trained in well under a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbitcheck.extending import REGIMES, Parameters, mlp, zoo, zoo_regime

if TYPE_CHECKING:
    from orbitcheck.extending import Progress, Trained, Zoo

LINES = zoo(
    "acme-lines",
    "small ReLU networks, each fitted to a line through the origin",
    spaces={"1-4-1": mlp(1, 4, 1, activation="relu")},
    recipe={"seed": 1, "nets": 24, "steps": 60, "rate": 0.05},
    trainer="acme_weight_nets.lines:train",
)
REGIMES.add(
    LINES.name,
    zoo_regime(LINES.name, LINES.title, Parameters, lambda parameters: "1-4-1", LINES.recipe["nets"], ("slope",)),
)


def train(zoo: Zoo, progress: Progress) -> dict[str, Trained]:
    """Gradient descent on `(f_v(x) - slope x)^2` at eight points; metadata: the slope of each network's line."""
    import torch

    from orbitcheck.extending import Trained, Weights, leaves, net_seeds, realise

    recipe, [(group, space)] = zoo.recipe, zoo.spaces.items()
    sources = [
        torch.Generator().manual_seed(seed) for seed in net_seeds(zoo.name, group, recipe["seed"], recipe["nets"])
    ]
    slopes = torch.stack([torch.rand((), generator=source) * 4 - 2 for source in sources])
    points = torch.linspace(-1, 1, 8).unsqueeze(1)
    wanted = slopes[:, None, None] * points
    tensors = {
        name: torch.stack([torch.rand((*shape, 1), generator=source) * 2 - 1 for source in sources])
        for name, shape in space.shapes.items()
    }
    for step in range(recipe["steps"]):
        progress(zoo.name, step, recipe["steps"])
        tensors = leaves(tensors)
        loss = (realise(Weights(space, tensors), points) - wanted).square().mean((1, 2)).sum()
        gradients = torch.autograd.grad(loss, list(tensors.values()))
        tensors = {
            name: tensor.detach() - recipe["rate"] * gradient
            for (name, tensor), gradient in zip(tensors.items(), gradients, strict=True)
        }
    return {group: Trained(Weights(space, tensors), {"slope": slopes})}
