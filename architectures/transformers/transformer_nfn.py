"""Transformer-NFN: the polynomial layer of the published network, on one block.

Tran, Vo, Nguyen The, Tran Huu, Nguyen-Nhat, Tran, Pham, Nguyen, *Equivariant Neural Functional Networks for Transformers*, ICLR 2025,
arXiv 2410.04209.

A block is moved by `M_h` and `N_h` in GL(n), exchanges of heads, `P_O` of the inner embedding and `P_A` of the hidden units:

    Q_h -> Q_h M_h^T,   K_h -> K_h M_h^-1,   V_h -> V_h N_h,   O_h -> N_h^-1 O_h P_O,   A -> P_O^-1 A P_A,   a -> a P_A,   B -> P_A^-1 B

Per block `S_h = Q_h K_h^T` and `T_h = V_h O_h` (D x D). Greek letters are free weights, C to C' channels; g is a free linear map of

    sum_h S_h (against Psi),  sum_h T_h 1,  1^T A 1,  sum_i B[i, :],  sum a,  b,  1

and a layer is

    Q'_h = E_Q Q_h,   K'_h = E_K K_h,   V'_h = E_V V_h,   O'_h[i, k] = alpha O_h[i, k] + beta sum_k' O_h[i, k']
    A'[j, k] = g + sum_h psi^T T_h[:, j] + sum_k A[j, :] + sum_j A[:, k] + A[j, k] + omega . B[k, :] + a[k]
    a'[k] = g + sum_j A[:, k] + omega . B[k, :] + a[k]
    B'[i, :] = g + Omega B[i, :] + omega sum_j A[j, i] + omega' a[i],    b' = g

each term with its weight; ReLU between layers on A, B, a, b alone, since on Q, K, V, O it would break GL. The invariant head is the list of
invariants -> LayerNorm -> MLP.

The block it was made for has no residual and no biases on q, k, v, o. On the shipped block, which has them, the stream is joined to what O_h
writes, so that with `P_O` it is another function, and the network is more invariant than that: blind to it (`inner-embedding`). What else it
cannot see follows from the formulas: everything of the heads enters as `sum_h S_h` and `sum_h T_h`, each linear, with one E for all heads. So it
is blind to which pattern of attention goes with which values (`head-pairing`) and to key indices exchanged between heads (`sums-over-heads`); and
to `b_Q, b_K, b_V, b_O`, which it never reads (`attention-biases`): these it declares.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from ...harness.plugins.architecture import Equivariant, Invariant, register
from ...harness.weights.batch import Weights
from ...harness.weights.space import WeightSpace
from ..heads import check_input, check_size, mlp_head
from .blocks import Block, demand_block, product, read, write


def stream(D: int, inputs: int, outputs: int) -> nn.Linear:
    """A free map on the model axis and channels together, without a bias: `[.., D, C] -> [.., D, C']`."""
    return nn.Linear(D * inputs, D * outputs, bias=False)


def on_stream(linear: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """The map of `stream` on the last two axes."""
    return linear(x.flatten(-2)).unflatten(-1, (x.shape[-2], -1))


class Invariants(nn.Module):
    """The list of invariants of a block, `[B, 6 C']`: each a free linear map to C' numbers."""

    def __init__(self, D: int, inputs: int, outputs: int):
        super().__init__()
        self.Psi = nn.Linear(D * D * inputs, outputs, bias=False)
        self.T1, self.B1, self.b = (nn.Linear(D * inputs, outputs, bias=False) for _ in range(3))
        self.A11, self.a1 = (nn.Linear(inputs, outputs, bias=False) for _ in range(2))

    def forward(self, block: Block, S: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
        """A block, and S and T meant over its heads `[B, D, D, C]` -> `[B, 6 C']`."""
        listed = (
            self.Psi(S.flatten(1)), self.T1(T.mean(2).flatten(1)), self.A11(block.A.mean((1, 2))),
            self.B1(block.B.mean(1).flatten(1)), self.a1(block.a.mean(1)), self.b(block.b.flatten(1)),
        )  # fmt: skip
        return torch.cat(listed, -1)


class Layer(nn.Module):
    """One layer, C to C' channels; the module's docstring has the formulas. Sums are means here."""

    def __init__(self, D: int, inputs: int, outputs: int):
        super().__init__()
        self.invariants = Invariants(D, inputs, outputs)
        self.E_Q, self.E_K, self.E_V, self.Omega = (stream(D, inputs, outputs) for _ in range(4))
        self.alpha, self.beta = (nn.Linear(inputs, outputs, bias=False) for _ in range(2))
        self.g_A, self.g_a = (nn.Linear(6 * outputs, outputs) for _ in range(2))
        self.g_B, self.g_b = (nn.Linear(6 * outputs, D * outputs) for _ in range(2))
        self.psi = nn.Linear(D * inputs, outputs, bias=False)
        self.entry, self.row, self.column_A, self.column_a, self.a_A, self.a_a = (
            nn.Linear(inputs, outputs, bias=False) for _ in range(6)
        )
        self.omega_A, self.omega_a = (nn.Linear(D * inputs, outputs, bias=False) for _ in range(2))
        self.column_B, self.a_B = (nn.Linear(inputs, D * outputs, bias=False) for _ in range(2))

    def forward(self, x: Block) -> Block:
        """A block with C channels -> a block with C'."""
        S, T = product(x.Q, x.K).mean(1), product(x.V, x.O).mean(1)
        found, D = self.invariants(x, S, T), x.b.shape[1]
        column, written = x.A.mean(2), x.B.flatten(2)
        per_unit = self.g_A(found).unsqueeze(1) + self.column_A(column) + self.omega_A(written) + self.a_A(x.a)
        per_place = self.psi(T.transpose(1, 2).flatten(2)) + self.row(x.A.mean(1))
        spread = self.g_B(found).unsqueeze(1) + self.column_B(column) + self.a_B(x.a)
        return replace(
            x,
            Q=on_stream(self.E_Q, x.Q),
            K=on_stream(self.E_K, x.K),
            V=on_stream(self.E_V, x.V),
            O=self.alpha(x.O) + self.beta(x.O.mean(3, keepdim=True)),
            A=self.entry(x.A) + per_unit.unsqueeze(2) + per_place.unsqueeze(1),
            a=self.g_a(found).unsqueeze(1) + self.column_a(column) + self.omega_a(written) + self.a_a(x.a),
            B=on_stream(self.Omega, x.B) + spread.unflatten(-1, (D, -1)),
            b=self.g_b(found).unflatten(-1, (D, -1)),
        )


def relu(x: Block) -> Block:
    """On A, B, a and b alone."""
    return replace(x, A=x.A.relu(), B=x.B.relu(), a=x.a.relu(), b=x.b.relu())


@register(
    "transformer-nfn",
    symmetry="gl",
    blind=("head-pairing", "sums-over-heads", "attention-biases", "inner-embedding"),
    modes=("eval", "train"),
    spaces="one transformer block on a fixed stream",
    paper="Tran et al. 2025, arXiv 2410.04209",
    shapes="one transformer block with an activation",
)
class TransformerNFN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for `GL(n)` on queries and keys of every head, on its values, and for exchanges of heads and of units.

    Args:
        space: of one block, `transformer_block`.
        output: `Invariant(dim)`; `Equivariant(channels)`: one more layer, in which `b_Q, b_K, b_V` are free sums of the rows of Q, K, V
            (of K, Q, O for covectors, as Q, K, V, O are of K, Q, O, V) and b_O is one of b's kind.
        channels: C.
        depth: number of layers before the head.
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
        channels: int = 8,
        depth: int = 2,
        head: int = 64,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        demand_block(space, "transformer-nfn")
        self.space, self.output, D = space, output, space.size["model"]
        self.layers = nn.ModuleList(Layer(D, channels if number else 1, channels) for number in range(depth))
        if isinstance(output, Invariant):
            self.invariants = Invariants(D, channels, channels)
            self.norm, self.head = nn.LayerNorm(6 * channels), mlp_head(6 * channels, head, output.dim, depth=1)
        else:
            self.last, C = Layer(D, channels, output.channels), output.channels
            self.b_Q, self.b_K, self.b_V = (nn.Linear(D * C, C, bias=False) for _ in range(3))
            self.b_O = nn.Linear(D * C, D * C)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        x = read(v)
        for layer in self.layers:
            x = relu(layer(x))
        if isinstance(self.output, Invariant):
            found = self.invariants(x, product(x.Q, x.K).mean(1), product(x.V, x.O).mean(1))
            return self.head(self.norm(found))
        if self.output.kind == "covector":  # keys move as queries do and values as what reads them, the other way
            y = self.last(x)
            x = replace(y, Q=y.K, K=y.Q, V=y.O, O=y.V)
        else:
            x = self.last(x)
        sums = {
            name: getattr(self, name)(rows.flatten(-2)) for name, rows in (("b_Q", x.Q), ("b_K", x.K), ("b_V", x.V))
        }
        return write(self.space, replace(x, **sums, b_O=self.b_O(x.b.flatten(1)).unflatten(-1, (x.b.shape[1], -1))))
