"""`gl-spectral`: continuous functions of the singular values of an update, without a singular value being computed.

Ours, in place of the canonical form of W2T (`w2t.py`), which jumps where singular values meet. For an odd f with f(0) = 0,

    f(Delta) = sum_k f(sigma_k) u_k v_k^T,    Delta = U V^T = sum_k sigma_k u_k v_k^T

is well defined at ties and at null directions. With `f_a(sigma) = sigma / (a + sigma^2)`, G = U^T U and H = V^T V,

    f_a(Delta) = Delta (a + Delta^T Delta)^-1 = U (a + H G)^-1 V^T

which takes the solution of r equations and is smooth. Two different a tell sigma: `sigma / f_a = a + sigma^2`. The invariant head is
`MLP concat_{i,a} vec(P_i f_a(Delta_i) Q_i)`, each f_a divided by its largest value `1 / (2 sqrt a)`; the equivariant one is

    U'_i = sum_a Phi_{i,a} U_i (a + H_i G_i)^-1,    V'_i = sum_a Psi_{i,a} V_i (a + G_i H_i)^-1.
"""

from __future__ import annotations

import torch
from torch import nn

from ...harness.plugins.architecture import Equivariant, Invariant, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import check_input, check_size, mlp_head
from .gl_net import EquivariantLinear, with_channels
from .pairs import FactorPairs

SQUARES = (0.25, 1.0, 16.0)
"""The a: the singular values at which f_a is largest are their roots."""


@register(
    "gl-spectral",
    symmetry="gl",
    power="function",
    modes=("eval", "train"),
    spaces="factor pairs, as of LoRA",
    paper="ours, for arXiv 2603.15990",
    shapes="factor pairs, as of LoRA",
)
class GLSpectral(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)`; sees the updates alone, and at almost all parameters every difference of them.

    Args:
        space: one of factor pairs alone.
        output: `Invariant(dim)`, or `Equivariant(channels)`.
        channels: rows of P and Q.
        head: hidden width of the invariant head.

    Raises:
        Unsupported: a space with anything but factor pairs.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 16, head: int = 128):
        super().__init__()
        for option, value in (("channels", channels), ("head", head)):
            check_size(option, value)
        self.pairs, self.output = FactorPairs.of(space, "gl-spectral"), output
        rows = [(U.rows, V.rows) for U, V in self.pairs.pairs]
        if isinstance(output, Invariant):
            self.project = EquivariantLinear(rows, [(channels, channels)] * len(rows))
            self.head = mlp_head(len(rows) * len(SQUARES) * channels**2, head, output.dim, depth=1)
        else:
            read = (
                [(m, n) for n, m in rows] if output.kind == "covector" else rows
            )  # which moves as the other factor does
            old = [(n * len(SQUARES), m * len(SQUARES)) for n, m in read]
            self.project = EquivariantLinear(old, [(n * output.channels, m * output.channels) for n, m in rows])

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.pairs.space, v)
        factors = self.pairs.read(v)
        grams = [(gram(U), gram(V)) for U, V in factors]
        if isinstance(self.output, Invariant):
            read = [
                2 * a**0.5 * solved(U, shifted(a, product)) @ V.transpose(1, 2)
                for (U, V), product in zip(self.project(factors), [H @ G for G, H in grams], strict=True)
                for a in SQUARES
            ]
            return self.head(torch.cat([each.flatten(1) for each in read], 1))
        weighed = [
            tuple(
                torch.cat([solved(factor, shifted(a, product)) for a in SQUARES], 1)
                for factor, product in ((U, H @ G), (V, G @ H))
            )
            for (U, V), (G, H) in zip(factors, grams, strict=True)
        ]
        if self.output.kind == "covector":
            weighed = [(V, U) for U, V in weighed]
        return self.pairs.write(with_channels(self.project(weighed), self.output.channels))  # type: ignore[arg-type]


def shifted(a: float, product: torch.Tensor) -> torch.Tensor:
    """`a + product`, with a on the diagonal."""
    return product + a * torch.eye(product.shape[-1], dtype=product.dtype, device=product.device)


def gram(factor: torch.Tensor) -> torch.Tensor:
    """`U^T U` in double precision: a product of two of them squares the condition of factors that a map between them has stretched."""
    exact = factor.double()
    return exact.transpose(1, 2) @ exact


def solved(factor: torch.Tensor, system: torch.Tensor) -> torch.Tensor:
    """`factor system^-1`, solved in the system's precision."""
    return torch.linalg.solve(system, factor.to(system), left=False).to(factor)
