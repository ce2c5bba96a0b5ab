"""What is trained in an approximation row: the plug-in's network between fixed units, as a map of flat vectors."""

from __future__ import annotations

import torch

from ...targets.target import FUNCTION_OPERATOR
from ...weights.batch import Weights
from ...weights.realisation.expansion import mean_function
from .data import Problem, spread_over


class Learner(torch.nn.Module):
    """`[batch, entries] -> [batch, outputs]`: weights in units of their tensor, through the network, to the target's units.

    A network of any declared symmetry keeps its law: each tensor is divided by one number. Equal entries stay equal, so
    that the classes of the samples are those of the oracles. For a network that sees the function alone nothing is divided,
    since that would change functions.

    Args:
        network: the plug-in's.
        problem: the data set.
        raw: whether the weights are passed as they are.
        reach: how far an output of one moves an emitted network, in root mean squares of its tensor on the training set.
        learns_step: whether a factor of it is learned, from one on; the `s` of `v + s delta`.
    """

    unit: torch.Tensor

    def __init__(
        self, network: torch.nn.Module, problem: Problem, raw: bool, reach: float, *, learns_step: bool = False
    ):
        super().__init__()
        self.network, self.space = network, problem.space
        sizes = tensor_scales(problem)
        self.register_buffer("unit", torch.ones_like(sizes) if raw else 1 / sizes)
        emits = problem.target.kind == FUNCTION_OPERATOR
        self.emitter = Emitter(problem, reach * sizes, learns_step) if emits else None

    def answer(self, flat: torch.Tensor) -> torch.Tensor | Weights:
        """What the plug-in's network gives."""
        return self.network(Weights.from_flat(self.space, flat * self.unit))

    def forward(self, flat: torch.Tensor) -> torch.Tensor:
        answer = self.answer(flat)
        if self.emitter is not None:
            return self.emitter(flat, answer)
        return answer.flat() if isinstance(answer, Weights) else answer


class Emitter(torch.nn.Module):
    """The mean function of the emitted networks, at the points where it is compared, in the target's units.

    Every emitted network is the input network moved by the equivariant output: the start is near the identity, which is a
    function of the input's own size, and any network of that size is within reach.
    """

    x: torch.Tensor
    reach: torch.Tensor
    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, problem: Problem, reach: torch.Tensor, learns_step: bool = False):
        super().__init__()
        assert problem.x is not None
        self.space = problem.space
        self.register_buffer("x", problem.x)
        self.register_buffer("reach", reach)
        self.step = torch.nn.Parameter(torch.ones(())) if learns_step else None
        self.register_buffer("shift", problem.units.shift)
        self.register_buffer("scale", problem.units.scale)

    def forward(self, flat: torch.Tensor, answer: Weights) -> torch.Tensor:
        far = self.reach if self.step is None else self.reach * self.step
        reach = Weights.from_flat(self.space, far.unsqueeze(0))
        start = Weights.from_flat(self.space, flat)
        emitted = Weights(
            self.space,
            {name: start.tensors[name] + reach.tensors[name] * moved for name, moved in answer.items()},
        )
        return (mean_function(emitted, self.x).flatten(1) - self.shift) / self.scale


def tensor_scales(problem: Problem) -> torch.Tensor:
    """`[entries]`: root mean square of each entry's tensor over the training set; 1 where all is zero."""
    samples = Weights.from_flat(problem.space, problem.inputs("train"))
    scales = [tensor.square().mean().sqrt() for _, tensor in samples.items()]
    return spread_over(problem.space, [(scale if scale > 0 else torch.ones_like(scale))[None] for scale in scales])
