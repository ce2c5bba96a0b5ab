"""NFN-HNP: neural functional network for hidden-neuron permutations.

Zhou, Yang, Burns, Cardace, Jiang, Sokota, Kolter, Finn, *Permutation Equivariant Neural Functionals*, NeurIPS 2023,
arXiv 2302.14040.

The input and output axes are not permuted; they live in channels. With `linear.py`, where `M_i` and `R` hold all of

    W'_1[j,:]   = lin [W_1[j,:]; mean_j' W_2[j',j]; b_1[j]] + lin(g)               own'_1: u_1[j] is this very vector
    W'_L[:,k]   = lin [W_L[:,k]; mean_k' W_{L-1}[k,k']; b_{L-1}[k]] + lin(g)       own'_{L-1}
    W'_i[j,k]   = A_i W_i[j,k] + lin u_i[j] + lin u_{i-1}[k] + lin(g)              edge'_i, 1 < i < L
    b'_i[j]     = lin u_i[j] + lin(g)                                              own'_i
    b'_L        = lin(g)                                                           fixed'

g holds the means of all inner tensors, the column means of W_1 per input, the row means of W_L per output, and b_L whole. If
L = 2, W_1[j,:] and W_2[:,j] stand together in u_1[j] and see each other directly.

The linear maps are those of DWS, both being all that commute with the group, so with no
encoding here and no normalisation there the two are one family of networks.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .encodings import GaussianFourier
from .heads import check_size
from .linear import Layout, SortedLinear, WeightsLinear
from .readout import Readout


@register(
    "nfn-hnp",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth - 1, depth + 1) if depth > 1 else None,
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs",
    paper="Zhou et al. 2023, arXiv 2302.14040",
)
class NFNHNP(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons; GELU after every layer.

    Args:
        space: an MLP space.
        output: `Invariant(dim)` or `Equivariant(channels)`.
        channels: C, of every hidden tensor.
        depth: number of HNP layers before the read-out.
        head: hidden width of the invariant read-out (1000 as published).
        fourier: frequencies of the Gaussian Fourier encoding of the values; 0 feeds the values themselves.
        fourier_scale: standard deviation of the frequencies.

    Rounds: the first layer takes sums of raw weights (or of their features), so after d layers a neuron knows its
    colour of round d - 1 at least, and of round d at most; the read-out pools edges that know both ends, which may
    separate what round d + 1 does.

    `NFNHNP.linear_layer(space, in_channels, out_channels)` builds one layer alone, a module `Weights -> Weights`; it is
    complete.

    Raises:
        Unsupported: the space is no MLP's.
        ValueError: an option out of range.
    """

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 5,
        head: int = 128,
        fourier: int = 0,
        fourier_scale: float = 1.0,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.layout = Layout(space, permute_ends=False)
        self.encoding = GaussianFourier(fourier, fourier_scale)
        self.layers = nn.ModuleList(
            SortedLinear(self.layout, self.encoding.channels if number == 0 else channels, channels)
            for number in range(depth)
        )
        self.readout = Readout(self.layout, channels, output, head)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        s = self.layout.sort(v).map(self.encoding)
        for layer in self.layers:
            s = layer(s).map(functional.gelu)
        return self.readout(s)

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One HNP layer as a module `Weights -> Weights`."""
        return WeightsLinear(Layout(space, permute_ends=False), in_channels, out_channels)
