"""NFN-NP: neural functional network for neuron permutations, with positions encoded.

Zhou, Yang, Burns, Cardace, Jiang, Sokota, Kolter, Finn, *Permutation Equivariant Neural Functionals*, NeurIPS 2023,
arXiv 2302.14040.

A layer commutes with permutations of the input and output neurons too. With g the means of all W_l and all b_l,

    W'_i[j,k] = A_i W_i[j,k] + R_i g + U_i [mean_j' W_i[j',k]; mean_k' W_{i-1}[k,k']; b_{i-1}[k]]
                                     + V_i [mean_k' W_i[j,k']; b_i[j]; mean_j' W_{i+1}[j',j]]
    b'_i[j]   = V'_i [the same three terms of neuron j] + R'_i g

In `linear.py` the three terms of neuron j of layer i are u_i[j]; M_i holds U_{i+1} (to the columns of W_{i+1}), V_i (to the
rows of W_i) and V'_i (to b_i).

Such a network confuses input neurons with each other, and output neurons too, until they are named: a code for each is
added behind the first layer, that of input k to W_1[:,k], that of output j to W_L[j,:] and to b_L[j]. Since the layer is
affine, this is what appending the codes as channels of its input comes to.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, register
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .encodings import POSITIONS, GaussianFourier, PositionCode
from .heads import check_size
from .linear import Layout, Sorted, SortedLinear, WeightsLinear
from .readout import Readout


@register(
    "nfn-np",
    symmetry="permutation",
    power="1-wl",
    rounds=lambda depth, encoding: (depth - 1, depth + 1) if depth > 1 and encoding != "none" else None,
    modes=("eval", "train"),
    linear_layer="linear_layer",
    spaces="MLPs",
    paper="Zhou et al. 2023, arXiv 2302.14040",
)
class NFNNP(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for all permutations g of hidden neurons; GELU after every layer.

    Args:
        space: an MLP space.
        output: `Invariant(dim)` or `Equivariant(channels)`.
        channels: C, of every hidden tensor.
        depth: number of NP layers before the read-out.
        head: hidden width of the invariant read-out.
        encoding: how input and output neurons are named: "sinusoidal" (parameters do not grow with n_0 and n_L),
            "learned" (a free vector for each), or "none", which leaves the network invariant to permuting them.
        fourier: frequencies of the Gaussian Fourier encoding of the values; 0 feeds the values themselves.
        fourier_scale: standard deviation of the frequencies.

    Rounds: the first layer takes sums of raw weights (or of their features), so after d layers a neuron knows its
    colour of round d - 1 at least, and of round d at most; the read-out pools edges that know both ends, which may
    separate what round d + 1 does. With encoding "none" not even round 0 is sure, since its colours name the outputs.

    `NFNNP.linear_layer(space, in_channels, out_channels)` builds one layer alone, without encodings, a module `Weights ->
    Weights`; it is complete for the group that permutes the input and output axes too.

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
        encoding: str = "sinusoidal",
        fourier: int = 0,
        fourier_scale: float = 1.0,
    ):
        super().__init__()
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        if encoding not in (allowed := (*POSITIONS, "none")):
            raise ValueError(f"encoding={encoding!r}; allowed: {', '.join(allowed)}")
        self.layout = Layout(space, permute_ends=True)
        self.encoding = GaussianFourier(fourier, fourier_scale)
        inputs, outputs = space.widths[0], space.widths[-1]
        self.codes = nn.ModuleDict(
            {
                name: PositionCode(count, channels, encoding)
                for name, count in (("W1", inputs), ("WL", outputs), ("bL", outputs))
                if encoding != "none"
            }
        )
        self.layers = nn.ModuleList(
            SortedLinear(self.layout, self.encoding.channels if number == 0 else channels, channels)
            for number in range(depth)
        )
        self.readout = Readout(self.layout, channels, output, head)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        s = self.layout.sort(v).map(self.encoding)
        for number, layer in enumerate(self.layers):
            s = layer(s)
            if number == 0 and self.codes:
                s = self.name_ends(s)
            s = s.map(functional.gelu)
        return self.readout(s)

    def name_ends(self, s: Sorted) -> Sorted:
        """The codes of the input neurons on the columns of W_1, those of the output neurons on the rows of W_L and b_L."""
        code = {name: position() for name, position in self.codes.items()}
        first, *inner, last = s.edges
        edges = (first + code["W1"], *inner, last + code["WL"].unsqueeze(1))
        return Sorted((*s.own[:-1], s.own[-1] + code["bL"]), edges, s.fixed)

    @staticmethod
    def linear_layer(space: WeightSpace, in_channels: int, out_channels: int) -> nn.Module:
        """One NP layer, without encodings, as a module `Weights -> Weights`."""
        return WeightsLinear(Layout(space, permute_ends=True), in_channels, out_channels)
