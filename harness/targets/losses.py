"""The loss that targets differentiate: mean squared error on a fixed data set, batched over weight vectors.

The data are as fixed as a definition: 2^m points of the box [-1, 1]^n_0 (`boxes.py`), and for output k the label
`sin(2 (x_1 + ... + x_n) + k)`; off MLPs over all numbers of an input and of an output. Every weight vector of a batch has its own loss and its own gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ..core.parameters import Parameters
from ..weights.space import WeightSpace
from .boxes import ends, input_points, values_at

if TYPE_CHECKING:
    import torch

    from ..weights.batch import Weights


class LossParameters(Parameters):
    """Parameters of a target that is made from the loss."""

    log_points: Annotated[int, Field(ge=0, le=10, description="the loss is the mean over 2^log_points points")] = 5


def data(space: WeightSpace, log_points: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs `[points, *shape of one]` and labels `[points, outputs]`, float64."""
    import torch

    x = input_points(space, log_count=log_points)
    phase = torch.arange(ends(space)[1], dtype=torch.float64)
    return x, torch.sin(2 * x.flatten(1).sum(dim=1, keepdim=True) + phase)


def loss(v: Weights, log_points: int) -> torch.Tensor:
    """`[batch]`: the mean over the points of the squared error, summed over outputs."""
    x, labels = data(v.space, log_points)
    return (values_at(v, x) - labels).square().sum(dim=2).mean(dim=1)


def loss_gradient(v: Weights, log_points: int) -> Weights:
    """The gradient of each weight vector's loss; kinks of an activation have torch's derivative there (0 for ReLU)."""
    import torch

    from ..weights.batch import Weights

    with torch.enable_grad():
        leaves = Weights(v.space, {name: tensor.detach().requires_grad_() for name, tensor in v.items()})
        gradients = torch.autograd.grad(loss(leaves, log_points).sum(), list(leaves.tensors.values()))
    return Weights(v.space, dict(zip(v.tensors, gradients, strict=True)))


def hessian_trace(v: Weights, log_points: int) -> torch.Tensor:
    """`[batch]`: the sum of the second derivatives of the loss with respect to every weight and bias.

    With z the arguments of a layer and h the activations before it, the second derivative with respect to `W_ij` is that with
    respect to `z_i` times `h_j^2`. The Hessian with respect to z goes backwards layer by layer; at a kink of a piecewise-linear
    activation it is torch's derivative that counts.
    """
    import torch

    from ..weights.activations import ACTIVATIONS
    from .slopes import FIRST, SECOND

    name = v.space.activation
    x, labels = data(v.space, log_points)
    arguments, activations = [], [x.expand(v.batch, *x.shape)]
    for weight, bias in zip(v.weights, v.biases, strict=True):
        arguments.append(activations[-1] @ weight.squeeze(-1).transpose(1, 2) + bias.transpose(1, 2))
        activations.append(ACTIVATIONS[name].tensors(arguments[-1]))
    gradient = 2 / len(x) * (arguments[-1] - labels)
    hessian = (2 / len(x) * torch.eye(labels.shape[1], dtype=x.dtype)).expand(*gradient.shape, -1)
    trace = x.new_zeros(v.batch)
    for layer in range(len(arguments), 0, -1):
        curvature = hessian.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        trace += (curvature * (1 + activations[layer - 1].square().sum(dim=-1))).sum(dim=1)
        if layer > 1:
            weight, z = v.weights[layer - 1].squeeze(-1).unsqueeze(1), arguments[layer - 2]
            slope = FIRST[name](z)
            gradient = (gradient.unsqueeze(-2) @ weight).squeeze(-2)
            hessian = weight.transpose(-1, -2) @ hessian @ weight
            hessian = slope.unsqueeze(-1) * hessian * slope.unsqueeze(-2) + torch.diag_embed(SECOND[name](z) * gradient)
            gradient = slope * gradient
    return trace
