"""`block-nfn`: heads read one at a time, for residual pre-norm transformer blocks with biases.

Ours, after Tran et al. 2025, arXiv 2410.04209 (`transformer_nfn.py`), which sums S_h and T_h over heads before anything else and so
cannot tell which pattern of attention goes with which values. The residual stream joins the block to its neighbours, so the model
axis is fixed and lives in channels. Invariants of one head and of one hidden unit:

    S_h = [W_Q; b_Q]_h^T W_K,h,   T_h = (W_O W_V)_h,   q_h = asinh lin S_h,   v_h = asinh lin T_h,   x_h = MLP [q_h; v_h]
    u_k = MLP [W_1[k, :]; b_1[k]; W_2[:, k]]
    context  c = [mean_h x_h; mean_k u_k; b_O + sum_h W_O,h b_V,h; b_2]

A round is `x_h += MLP [x_h; c]`, `u_k += MLP [u_k; c]` with c made anew, and the invariant head `MLP c`. What the function does not see is
not read: `b_K` (softmax ignores what is added to all keys); b_V and b_O but for `b_O + sum_h W_O b_V`; the mean over the model axis of what reads
the normalised stream, W_Q, W_K, W_V and W_1 (LayerNorm without gains has mean zero). The equivariant head multiplies, per head,

    W_Q'_h = gamma_h * ([W_Q; b_Q]_h Phi),   b_Q'_h alike;   W_K', b_K' from W_K;   W_V', b_V' from W_V;   W_O' from W_O

with gamma_h = lin [x_h; c], and gives lin [u_k; c] for W_1, b_1, W_2 and lin c for b_O, b_2. What b_V is shifted by is made up for in b_O:
`b_O' = lin c - sum_h W_O'_h b_V,h`; of covectors it is W_O that takes part, `W_O' + b_V b_O'^T`; to points b_K and b_V are added.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ...harness.plugins.architecture import Equivariant, Invariant, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import asinh, check_input, check_size, mlp_head
from .blocks import Block, demand_block, product, read, write


def centred(x: torch.Tensor) -> torch.Tensor:
    """Without the mean over the model axis, `[.., D, C]`."""
    return x - x.mean(-2, keepdim=True)


class Parts(nn.Module):
    """A block -> what its heads `[B, h, F]` and units `[B, k, F]` are, and the biases that count `[B, 2 D]`."""

    def __init__(self, D: int, channels: int):
        super().__init__()
        self.q, self.v = nn.Linear((D + 1) * D, channels), nn.Linear(D * D, channels)
        self.x, self.u = mlp_head(2 * channels, channels, channels, 1), mlp_head(2 * D + 1, channels, channels, 1)

    def forward(self, block: Block) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """A block of B networks -> heads `[B, h, F]`, units `[B, k, F]`, biases `[B, 2 D]`."""
        Q = torch.cat([centred(block.Q), block.b_Q.unsqueeze(3)], 3)
        S, T = product(Q, centred(block.K)), product(centred(block.V), block.O)
        x = self.x(torch.cat([asinh(self.q(S.flatten(2))), asinh(self.v(T.flatten(2)))], -1))
        u = self.u(asinh(torch.cat([centred(block.A).squeeze(-1), block.a, block.B.squeeze(-1)], -1)))
        written = torch.einsum("bhmdc,bhmc->bd", block.O, block.b_V) + block.b_O.squeeze(-1)
        return x, u, asinh(torch.cat([written, block.b.squeeze(-1)], -1))


class Round(nn.Module):
    """`x_h += MLP [x_h; c]` and `u_k += MLP [u_k; c]`."""

    def __init__(self, D: int, channels: int):
        super().__init__()
        self.context = nn.Linear(2 * channels + 2 * D, channels)
        self.x, self.u = (mlp_head(2 * channels, channels, channels, 1) for _ in range(2))

    def forward(self, x: torch.Tensor, u: torch.Tensor, biases: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Heads `[B, h, F]`, units `[B, k, F]`, biases `[B, 2 D]` -> heads and units of the same shapes."""
        c = functional.gelu(self.context(context(x, u, biases))).unsqueeze(1)
        return (
            x + self.x(torch.cat([x, c.expand_as(x)], -1)),
            u + self.u(torch.cat([u, c.expand(-1, u.shape[1], -1)], -1)),
        )


def context(x: torch.Tensor, u: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """c: `[B, 2 F + 2 D]`."""
    return torch.cat([x.mean(1), u.mean(1), biases], -1)


class EquivariantHead(nn.Module):
    """Factors of each head times numbers of that head; the module's docstring has the formulas."""

    def __init__(self, D: int, channels: int, outputs: int, kind: str):
        super().__init__()
        self.kind, self.covector, self.D, self.C = kind, kind == "covector", D, outputs
        wide = (D + 1) * outputs
        shapes = {"Q": D + (not self.covector), "K": D + self.covector, "V": D, "O": D}
        self.Phi = nn.ModuleDict({name: nn.Linear(rows, wide, bias=False) for name, rows in shapes.items()})
        inputs = 3 * channels + 2 * D
        self.gamma = nn.ModuleDict({name: nn.Linear(inputs, wide) for name in shapes})
        self.unit, self.biases = (
            nn.Linear(inputs, (2 * D + 1) * outputs),
            nn.Linear(2 * channels + 2 * D, 2 * D * outputs),
        )

    def forward(self, block: Block, x: torch.Tensor, u: torch.Tensor, biases: torch.Tensor) -> Block:
        """A block, heads `[B, h, F]`, units `[B, k, F]`, biases `[B, 2 D]` -> a block with the channels asked for."""
        c = context(x, u, biases)
        x, u = (torch.cat([each, c.unsqueeze(1).expand(-1, each.shape[1], -1)], -1) for each in (x, u))
        Q = torch.cat([centred(block.Q), block.b_Q.unsqueeze(3)], 3).squeeze(-1)
        K, V, O = centred(block.K).squeeze(-1), centred(block.V).squeeze(-1), block.O.squeeze(-1)  # noqa: E741
        sources = {"Q": K, "K": Q, "V": O, "O": V} if self.covector else {"Q": Q, "K": K, "V": V, "O": O}
        made = {
            name: (self.Phi[name](rows) * self.gamma[name](x).unsqueeze(2)).unflatten(-1, (self.D + 1, self.C))
            for name, rows in sources.items()
        }
        weights = {name: each[..., : self.D, :] for name, each in made.items()}
        added = {name: each[..., self.D, :] for name, each in made.items()}
        units = self.unit(u).unflatten(-1, (2 * self.D + 1, self.C))
        b_O, b = self.biases(c).unflatten(-1, (2 * self.D, self.C)).split(self.D, 1)
        b_V = block.b_V
        if self.covector:  # a shift of b_V adds its product with b_O to W_O
            weights["O"] = weights["O"] + b_V.unsqueeze(3) * b_O[:, None, None]
        else:  # and takes its product with W_O off b_O
            b_O = b_O - torch.einsum("bhmdc,bhm->bdc", weights["O"], b_V.squeeze(-1))
        if self.kind == "point":
            added |= {"K": added["K"] + block.b_K, "V": added["V"] + b_V}
        return Block(
            **weights, A=units[..., : self.D, :], B=units[..., self.D : 2 * self.D, :], a=units[..., -1, :],
            b_Q=added["Q"], b_K=added["K"], b_V=added["V"], b_O=b_O, b=b,
        )  # fmt: skip


@register(
    "block-nfn",
    symmetry="gl+shift",
    modes=("eval", "train"),
    spaces="one transformer block on a fixed stream",
    paper="ours, after arXiv 2410.04209",
    shapes="one transformer block with an activation",
)
class BlockNFN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all that keys, values and their biases may be moved by, and exchanges of heads and of units.

    Args:
        space: of one block, `transformer_block`.
        output: `Invariant(dim)`, or `Equivariant(channels)` of any kind.
        channels: F, of heads and units.
        depth: number of rounds.
        head: hidden width of the invariant head.

    Raises:
        Unsupported: another space, or a block without an activation.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 2,
        head: int = 64,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        demand_block(space, "block-nfn")
        self.space, D = space, space.size["model"]
        self.parts = Parts(D, channels)
        self.rounds = nn.ModuleList(Round(D, channels) for _ in range(depth))
        self.invariant = isinstance(output, Invariant)
        self.head: nn.Module
        if isinstance(output, Invariant):
            self.head = mlp_head(2 * channels + 2 * D, head, output.dim, depth=1)
        else:
            self.head = EquivariantHead(D, channels, output.channels, output.kind)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        block = read(v)
        x, u, biases = self.parts(block)
        for round_ in self.rounds:
            x, u = round_(x, u, biases)
        if self.invariant:
            return self.head(context(x, u, biases))
        return write(self.space, self.head(block, x, u, biases))
