"""What networks that know scales or signs of neurons share: whom they serve, and sizes that move with a positive factor exactly."""

from __future__ import annotations

import torch

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace


def demand_law(name: str, space: WeightSpace, activations: tuple[str, ...], *, signs: bool) -> None:
    """Raises Unsupported unless the space's activation commutes with signs, or with positive factors."""
    if space.activation not in activations:
        raise Unsupported(
            f"{name} needs an activation that commutes with {'signs' if signs else 'positive factors'} "
            f"({', '.join(activations)}), not {space.activation}"
        )


def no_covectors(name: str, output: Invariant | Equivariant, *, signs: bool) -> None:
    """Raises Unsupported where covectors are asked of a network that returns vectors; signs tell none of them apart."""
    if isinstance(output, Equivariant) and output.kind == "covector" and not signs:
        raise Unsupported(f"{name} returns vectors, which move with the factors; covectors move against them")


def framed(v: Weights) -> tuple[Weights, list[torch.Tensor]]:
    """The same functions, to the bit: rows `[W_l[j,:]; b_l[j]]` of hidden neurons divided by powers of two until their length lies in
    [1/2, 1), and columns of the next matrix multiplied by as much; neurons without a row stay as they are.

    Every bit of a network that commutes with factors stays what it is, and no square inside it over- or underflows.

    Returns:
        The weights of an MLP in that frame, and for each hidden layer the powers, `[B, n_l, C]`: `restored` multiplies by them.
    """
    tensors, powers = dict(v.tensors), []
    for layer in range(1, len(v.space.widths) - 1):
        coming, bias, going = f"W{layer}", f"b{layer}", f"W{layer + 1}"
        row = torch.cat([tensors[coming].detach(), tensors[bias].detach().unsqueeze(2)], 2)
        length = torch.linalg.vector_norm(row, dim=2)
        power = torch.where(length > 0, length / length.frexp().mantissa, 1.0)
        tensors[coming] = tensors[coming] / power.unsqueeze(2)
        tensors[bias] = tensors[bias] / power
        tensors[going] = tensors[going] * power.unsqueeze(1)
        powers.append(power)
    return Weights(v.space, tensors), powers


def restored(v: Weights, powers: list[torch.Tensor]) -> Weights:
    """The inverse of `framed`; channels that are not there are those of all."""
    tensors = dict(v.tensors)
    for layer, power in enumerate(powers, 1):
        coming, bias, going = f"W{layer}", f"b{layer}", f"W{layer + 1}"
        tensors[coming] = tensors[coming] * power.unsqueeze(2)
        tensors[bias] = tensors[bias] * power
        tensors[going] = tensors[going] / power.unsqueeze(1)
    return Weights(v.space, tensors)


def root_mean_square(z: torch.Tensor) -> torch.Tensor:
    """Over channels, `[..., 1]`, of numbers whose squares are numbers; its gradient at 0 is 0."""
    return torch.linalg.vector_norm(z, dim=-1, keepdim=True) * z.shape[-1] ** -0.5


def norm(z: torch.Tensor) -> torch.Tensor:
    """Root of the mean square over channels, `[..., 1]`, safe from overflow; its gradient at 0 is 0."""
    largest = z.detach().abs().amax(-1, keepdim=True)
    largest = largest + (largest == 0)
    return torch.linalg.vector_norm(z / largest, dim=-1, keepdim=True) * (largest * z.shape[-1] ** -0.5)


def direction(z: torch.Tensor) -> torch.Tensor:
    """`z / ||z||` over channels, 0 at z = 0; the same bit for bit for z times a power of two, and no eps that would break the law."""
    largest = z.detach().abs().amax(-1, keepdim=True)
    scaled = z / (largest + (largest == 0))
    size = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / size.where(size > 0, 1)


def compressed(product: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """`product (1 + log h) / h` with `h = sqrt(1 + size^2)`: the size of the factors under a logarithm.

    A logarithm of each entry by itself would blow up the rounding of those that happen to cancel.
    """
    h = torch.hypot(size, torch.ones_like(size))
    return product * ((1 + h.log()) / h)
