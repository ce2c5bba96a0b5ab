"""Sine networks: a network that knows signs, wrapped so that it knows half turns too.

Ours. Under the sine, a hidden neuron with incoming row w, bias beta and outgoing column a computes the same as

    (w, beta, a) -> (s w, s beta + k pi, s t a),    s = 1 or -1, k any integer, t = (-1)^k

an infinite group of shifts and reflections; a frequency omega of the sine is folded into w and beta. In place of beta stand
`c = cos beta` and `d = sin beta`, which have no period to unroll: c goes with t, d with s t, w with s, and a with s t. So

    W~[j, :] = c_j w_j,    b~[j] = d_j,    and the columns a as they are

are the weights of an MLP whose neuron j moves by the one sign `q_j = s_j t_j`, and any network that knows signs may read them: what it
answers does not move with (s, k) at all. An equivariant answer `(Y, y)` of it moves by q; the answer here is

    W'[j, :] = c_j Y[j, :],    b' = c_j y[j]

since `c q = s`: an increment, which goes with s alone (`vector`); asked for points, it is added to the weights. The last layer has no
sine, and its bias is left as it is.

Smooth everywhere, with no canonical form that jumps. Blind to w where `cos beta = 0`, since there `c w` vanishes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_input, check_size
from .magep import SignMAGEP
from .monomial_nfn import MonomialSignNFN
from .scale_gmn import SignGMN

NETWORKS: Mapping[str, type[nn.Module]] = {
    "sign-gmn": SignGMN,
    "magep-sign": SignMAGEP,
    "monomial-nfn-sign": MonomialSignNFN,
}


@register(
    "sine-lift",
    symmetry="permutation+sign+phase",
    power="unknown",
    modes=("eval", "train"),
    spaces="MLPs of sines",
    paper="ours; half turns: Kalogeropoulos et al. 2024, arXiv 2406.10685, appendix",
)
class SineLift(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for permutations, signs and half turns of the hidden neurons of a sine network.

    Args:
        space: an MLP space with the sine.
        output: `Invariant(dim)` or `Equivariant(channels)`.
        network: which network reads the lifted weights, one of `NETWORKS`.
        channels, depth, head: of that network.

    Half turns are exact up to the rounding of `b + pi k` and of the cosine of it.

    Raises:
        Unsupported: the space is no MLP's, or has another activation.
        ValueError: an option out of range.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        network: str = "sign-gmn",
        channels: int = 16,
        depth: int = 2,
        head: int = 128,
    ):
        super().__init__()
        if not space.is_mlp or space.activation != "sine":
            raise Unsupported(f"sine-lift reads MLPs under the sine, not {space}")
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        if network not in NETWORKS:
            raise ValueError(f"network={network}; allowed: {', '.join(NETWORKS)}")
        self.space = space
        self.point = isinstance(output, Equivariant) and output.kind == "point"
        self.network = NETWORKS[network](space, output, channels=channels, depth=depth, head=head)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        hidden = range(1, len(self.space.widths) - 1)
        cosines = {f"b{layer}": v.tensors[f"b{layer}"].cos() for layer in hidden}
        lifted = turned(v, cosines) | {f"b{layer}": v.tensors[f"b{layer}"].sin() for layer in hidden}
        answer = self.network(Weights(self.space, {name: lifted[name] for name in v.tensors}))
        if not isinstance(answer, Weights):
            return answer
        back = turned(answer, cosines) | {name: answer.tensors[name] * c for name, c in cosines.items()}
        return Weights(self.space, {name: back[name] + x if self.point else back[name] for name, x in v.items()})


def turned(v: Weights, cosines: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of `v` with `W[j, :]` times `c_j` in hidden layers."""
    return {
        name: tensor * cosines[f"b{name[1:]}"].unsqueeze(2) if name[0] == "W" and f"b{name[1:]}" in cosines else tensor
        for name, tensor in v.items()
    }
