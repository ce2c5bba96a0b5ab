"""`oce`: output capacity expansion. An equivariant network emits k networks, and their functions are averaged.

Dayan, Eitan, Maron, *On the Expressive Power of Permutation-Equivariant Weight-Space Networks*, ICML 2026, arXiv
2602.01083: by proposition 7.1 a function-space operator `f_v -> f_u` cannot be approximated when u has to be one network of
the size of v; by theorem 7.2 it can once the output is large enough. k networks of the size of v, averaged, are one network
that is k times as wide.
"""

from __future__ import annotations

import torch
from torch import nn

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.plugins.discovery import load, parse_name
from ..harness.weights.batch import Weights
from ..harness.weights.realisation.expansion import apart, mean_function
from ..harness.weights.space import SpaceError, WeightSpace
from .heads import check_size


@register(
    "oce",
    symmetry="permutation",
    power="unknown",
    modes=("eval", "train"),
    spaces="as its base",
    paper="Dayan, Eitan, Maron 2026, arXiv 2602.01083, section 7",
)
class OCE(nn.Module):
    """`u_1, ..., u_k = psi(v)` with `psi(g v) = g psi(v)`: `function(v, x)` is `mean_i f_{u_i}(x)`, `forward(v)` is `mean_i u_i`.

    The function is what the expansion is for; it depends on the orbit of v alone. The mean of the weights is another
    network: it keeps the law of an equivariant output, and has no more capacity than the base.

    Args:
        space: any that the base takes.
        output: `Equivariant(C')`; the base then has k C' output channels, C' for each network.
        k: number of networks.
        base: name of an equivariant architecture, with its default options.

    Raises:
        Unsupported: an invariant output; a base that is not equivariant on all of V, or not continuous; what the base
            does not support.
        UnknownName, PluginImportError: no such base.
        ValueError: k out of range.
    """

    def __init__(self, space: WeightSpace, output: Invariant | Equivariant, *, k: int = 8, base: str = "dws") -> None:
        super().__init__()
        check_size("k", k)
        if isinstance(output, Invariant):
            raise Unsupported("oce emits networks; it is for equivariant outputs")
        architecture = load(parse_name(base))
        traits = architecture.traits
        if traits.symmetry == "none" or traits.domain != "all" or not traits.continuous:
            raise Unsupported(
                f"{base} declares symmetry {traits.symmetry}, domain {traits.domain}, continuous {traits.continuous}; "
                "oce needs a continuous base that is equivariant on all of V"
            )
        self.k, self.channels = k, output.channels
        self.base = architecture.factory(space, Equivariant(k * output.channels), **architecture.options)

    def forward(self, v: Weights) -> Weights:
        """`Weights` of B networks, one channel -> `Weights` with the channels asked for."""
        return self.base(v).map(lambda tensor: tensor.unflatten(-1, (self.k, self.channels)).mean(-2))

    def networks(self, v: Weights) -> Weights:
        """The k networks of every weight vector, `[B * k, *axes, C']`; those of the first one first."""
        return apart(self.base(v), self.k)

    def function(self, v: Weights, x: torch.Tensor) -> torch.Tensor:
        """`mean_i f_{u_i}(x)`, `[B, points, *shape of one output]`.

        Args:
            v: weight vectors.
            x: inputs `[points, *shape]` for all of them, or `[B, points, *shape]`, as `realise` takes them.

        Raises:
            SpaceError: more than one output channel, a space whose function is not known, or inputs that do not fit.
        """
        if self.channels != 1:
            raise SpaceError(f"only weights with one channel compute a function; oce was built for {self.channels}")
        return mean_function(self.base(v), x)
