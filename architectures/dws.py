"""DWS: deep weight-space networks.

Navon, Shamsian, Achituve, Fetaya, Chechik, Maron, *Equivariant Architectures for Learning in Deep Weight Spaces*,
ICML 2023, arXiv 2301.12780.

A DWS layer has one learned block for every ordered pair of tensors. Every block is made of the primitive on the set of
neurons of one hidden layer, `y_s = Gamma x_s + gamma - Lambda mean_t x_t`, of pooling what the target lacks and of
broadcasting to what the source lacks. Blocks that read the same set and write to the same set add up to one primitive, so the
layer is computed as `linear.py` writes it:

    blocks                                              where they are in linear.py
    W_i -> W_i,  A x_jk                                 A_i
    W_1 -> W_1 and W_L -> W_L, Gamma on C n_0, C n_L    M_1, M_{L-1}: whole rows and columns live in own
    W_i -> W_i, pooled over j or k                      M_i on the row means, M_{i-1} on the column means
    W_i -> W_{i+1}, W_{i+1} -> W_i, Gamma               M_i between row and column means: they share layer i
    W_i, W_{i+1}, b_i -> b_i and back, Gamma            M_i between own and the row and column means
    every Lambda, and |i - j| > 1                       R: through g, the vector of all means
    every gamma                                         r
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .heads import check_size
from .linear import Layout, SortedLinear, WeightsLinear
from .readout import Readout


@register(
    "dws",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth: (depth - 1, depth + 1) if depth > 1 else None,
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs",
    paper="Navon et al. 2023, arXiv 2301.12780",
)
class DWS(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons; GELU after every layer.

    Args:
        space: an MLP space.
        output: `Invariant(dim)` or `Equivariant(channels)`.
        channels: C, of every hidden tensor.
        depth: number of DWS layers before the read-out.
        head: hidden width of the invariant read-out.
        norm: LayerNorm over the channels of every entry after each layer (the published network has BatchNorm there, by
            which a sample's output depends on its batch). Off: it costs more time than the products, and digits of
            separation, since it makes near-equal entries unlike only as far as eps lets it.

    Rounds: the first layer takes sums of raw weights, so after d layers a neuron knows its colour of round d - 1 at
    least, and of round d at most; the read-out pools edges that know both ends, which may separate what round d + 1 does.

    `DWS.linear_layer(space, in_channels, out_channels)` builds one layer alone, a module `Weights -> Weights`; it is
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
        norm: bool = False,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.layout = Layout(space, permute_ends=False)
        self.layers = nn.ModuleList(
            SortedLinear(self.layout, 1 if number == 0 else channels, channels) for number in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) if norm else nn.Identity() for _ in range(depth))
        self.readout = Readout(self.layout, channels, output, head)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        s = self.layout.sort(v)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            s = layer(s)
            if isinstance(norm, nn.LayerNorm):
                s = s.map(lambda x, norm=norm: norm(x.unflatten(-1, (-1, *norm.normalized_shape))).flatten(-2))
            s = s.map(functional.gelu)
        return self.readout(s)

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One DWS layer as a module `Weights -> Weights`."""
        return WeightsLinear(Layout(space, permute_ends=False), in_channels, out_channels)
