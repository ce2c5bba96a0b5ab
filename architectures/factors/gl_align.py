"""`gl-align`: factors brought to one form, balanced and then aligned to a template; any network may follow.

Ours, after O-align of Putterman et al. 2024, arXiv 2410.04207, which aligns `[U; V]` by a rotation alone and so removes O(r), not GL(r).

From GL to O: with `Delta = U V^T = X S Y^T`, the balanced factors `X S^1/2` and `Y S^1/2` have `U^T U = V^T V` and are the only ones,
up to O(r), where Delta has full rank r. From O to nothing: `Z = [X; Y] S^1/2` is rotated to a fixed template T of n + m rows,

    Z^T T = L E R^T,    [U_c; V_c] = Z L R^T          the rotation nearest to T; of Delta alone: Z Z^T T (T^T Z Z^T T)^-1/2

The invariant head is an MLP on all `[U_c; V_c]`. With `U_c = U A` the equivariant one goes there and back,

    (U', V') = MLP of the canonical factors,    (U' A^-1, V' A^T)     A^-1 = R L^T S^-1/2 X^T U,  A^T = R L^T S^-1/2 Y^T V.

It jumps where the cross-Gram `Z^T T` is singular, and is as rough as a square root where Delta loses rank. Two updates have two forms:
complete on updates of full rank.
"""

from __future__ import annotations

import torch
from torch import nn

from ...harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import asinh, check_input, check_size, mlp_head
from .gl_net import with_channels
from .pairs import FactorPairs, Factors

Frame = tuple[torch.Tensor, torch.Tensor]
"""`A^-1` and `A^T`, `[B, r, r]`."""


def balanced(U: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """X `[B, n, r]`, `S^1/2` `[B, r]` and Y `[B, m, r]` of `U V^T = X S Y^T`."""
    Q_U, R_U = torch.linalg.qr(U)
    Q_V, R_V = torch.linalg.qr(V)
    X, S, Y = torch.linalg.svd(R_U @ R_V.transpose(1, 2), full_matrices=False)
    return Q_U @ X, S.sqrt(), Q_V @ Y.transpose(1, 2)


def aligned(
    U: torch.Tensor, V: torch.Tensor, T: torch.Tensor, *, framed: bool = True
) -> tuple[torch.Tensor, Frame | None]:
    """`[U_c; V_c]` `[B, n + m, r]`, and the frame that leads back from there, if it is asked for."""
    X, root, Y = balanced(U, V)
    Z = torch.cat([X, Y], 1) * root.unsqueeze(1)
    L, _, R = torch.linalg.svd(Z.transpose(1, 2) @ T)
    rotation = L @ R
    form = Z @ rotation
    if not framed:
        return form, None
    inverse = torch.where(root > torch.finfo(U.dtype).eps ** 0.5 * root[:, :1], 1 / root, 0.0)
    turn = rotation.transpose(1, 2) * inverse.unsqueeze(1)
    return form, (turn @ X.transpose(1, 2) @ U, turn @ Y.transpose(1, 2) @ V)


@register(
    "gl-align",
    symmetry="gl",
    power="function",
    domain="simple-spectrum",
    continuous=False,
    modes=("eval", "train"),
    spaces="factor pairs, as of LoRA",
    paper="ours, for arXiv 2410.04207",
    shapes="factor pairs of at most as many columns as rows, as of LoRA",
)
class GLAlign(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for the invertible matrices between factors, where updates have full rank.

    Its declared domain is smaller than need be: simple spectra have full rank.

    Args:
        space: one of factor pairs alone, r at most n and m.
        output: `Invariant(dim)`, or `Equivariant(channels)`.
        channels, depth: width and number of hidden layers of the MLP on canonical factors.

    Raises:
        Unsupported: a space with anything but factor pairs, or r larger than n or m.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    T: torch.Tensor

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, channels: int = 64, depth: int = 2):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth)):
            check_size(option, value)
        self.pairs, self.output = FactorPairs.of(space, "gl-align"), output
        for U, V in self.pairs.pairs:
            if U.rank > min(U.rows, V.rows):
                raise Unsupported(
                    f"gl-align needs updates of full rank; {U.name} and {V.name} have more columns than rows"
                )
        self.heights = [U.rows + V.rows for U, V in self.pairs.pairs]
        largest = max(U.rank for U, _ in self.pairs.pairs)
        self.register_buffer("T", torch.randn(sum(self.heights), largest))
        entries = sum(n * U.rank for n, (U, _) in zip(self.heights, self.pairs.pairs, strict=True))
        outputs = output.dim if isinstance(output, Invariant) else entries * output.channels
        self.mlp = mlp_head(entries, channels, outputs, depth)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.pairs.space, v)
        factors, templates = self.pairs.read(v), self.T.split(self.heights)
        exact = torch.promote_types(v.dtype, torch.float32)  # what has a singular value decomposition
        forms = [
            aligned(
                U.to(exact), V.to(exact), T[:, : U.shape[-1]].to(exact), framed=isinstance(self.output, Equivariant)
            )
            for (U, V), T in zip(factors, templates, strict=True)
        ]
        answer = self.mlp(asinh(torch.cat([form.flatten(1) for form, _ in forms], 1)).to(v.dtype))
        if isinstance(self.output, Invariant):
            return answer
        return self.pairs.write(with_channels(self._carried_back(answer, forms), self.output.channels))

    def _carried_back(self, answer: torch.Tensor, forms: list[tuple[torch.Tensor, Frame | None]]) -> Factors:
        """The MLP's answer, factors in the canonical frame, in the frames that the factors were given in."""
        assert isinstance(self.output, Equivariant)
        C, carried = self.output.channels, []
        sizes = [form[0].numel() * C for form, _ in forms]
        for part, (_, frame), (U, _) in zip(answer.split(sizes, 1), forms, self.pairs.pairs, strict=True):
            assert frame is not None
            A_inv, A_T = frame
            if self.output.kind == "covector":  # which moves as the other factor does
                A_inv, A_T = A_T, A_inv
            rows = part.unflatten(1, (-1, U.rank))
            carried.append((rows[:, : C * U.rows] @ A_inv.to(rows), rows[:, C * U.rows :] @ A_T.to(rows)))
        return carried
