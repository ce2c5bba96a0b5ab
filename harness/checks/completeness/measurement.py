"""Measuring the span of a linear layer's maps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from ...core.cell import Cell
from ...core.outcomes import Refusal
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...oracles.linear_maps import blocks, dimension
from ...plugins.architecture import Architecture, Unsupported
from ...plugins.redraw import redraw_
from ...plugins.subject import PluginFault, describe_error
from ...weights.algebra.kinds import FactorKind
from ...weights.batch import Weights
from ...weights.groups import Group, NotCarried
from ...weights.space import WeightSpace
from ...weights.symmetry import act, generators
from ..applicability import Refused, unsupported
from . import verdict
from .evidence import CompletenessEvidence

SPARE = 4
"""Draws beyond the dimension: a layer with too many maps shows them."""
TOLERANCE = 1e-9
"""Singular values below this share of the largest count as zero; those of a generic draw lie far above."""


def as_matrix(layer: torch.nn.Module, space: WeightSpace) -> tuple[torch.Tensor, torch.Tensor]:
    """`(A, c)` of `layer(v) = A v + c` for flat weight vectors of one channel.

    Raises:
        PluginFault: the layer raised, is not affine, or returned no weights of the space with one channel.
    """
    size = space.parameters
    inputs = torch.cat([torch.zeros(1, size), torch.eye(size), torch.full((1, size), 2.0)]).double()
    try:
        with torch.no_grad():
            result = layer(Weights.from_flat(space, inputs))
    except Exception as error:
        raise PluginFault(f"the linear layer raised {describe_error(error)}") from error
    if not isinstance(result, Weights) or (result.space, result.channels) != (space, 1):
        raise PluginFault(f"the linear layer returned {result!r}; it is a map of Weights with one channel to the like")
    outputs = result.flat().double()
    constant, columns = outputs[0], outputs[1:-1] - outputs[0]
    if not torch.allclose(
        outputs[-1], constant + 2 * columns.sum(0), rtol=1e-9, atol=1e-9 * float(outputs.abs().max())
    ):
        raise PluginFault("the linear layer is not affine: layer(2 x 1) differs from the sum of its parts")
    return columns.T.contiguous(), constant


def rank(rows: torch.Tensor) -> int:
    """Numerical rank of `[draws, entries]`."""
    if not rows.numel():
        return 0
    values = torch.linalg.svdvals(rows)
    return int((values > TOLERANCE * values[0]).sum()) if float(values[0]) > 0 else 0


def commuting_axes(matrices: Sequence[torch.Tensor], space: WeightSpace) -> tuple[str, ...]:
    """The axes all of whose permutations commute with every matrix; adjacent transpositions generate them."""
    entry = torch.arange(space.parameters, dtype=torch.float64)[None]
    found = []
    for axis in space.size:
        moving = WeightSpace(space.tensors, space.sizes, (axis,), space.activation)
        orders = [act(g, Weights.from_flat(moving, entry)).flat()[0].long() for g in generators(moving)]
        if all(
            torch.allclose(A[order][:, order], A, rtol=0, atol=1e-9 * float(A.abs().max()))
            for A in matrices
            for order in orders
        ):
            found.append(axis)
    return tuple(found)


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Rank and dimension of one linear layer in one space."""
    name = architecture.traits.linear_layer
    if name is None:
        return Refused(Refusal.NO_LINEAR_LAYER, "names no linear layer").judgement(verdict.PREDICTED)
    # Whoever evaluates may have wrapped the factory, to note what it is asked for.
    holders = (architecture.factory, inspect.unwrap(architecture.factory))
    found = [getattr(holder, name) for holder in holders if hasattr(holder, name)]
    factory: Callable[..., torch.nn.Module] | None = found[0] if found else None
    if factory is None or not callable(factory):
        raise PluginFault(
            f"linear_layer={name!r} is no function of the plug-in; it is (space, in_channels, out_channels) -> Module"
        )
    space = WeightSpace.from_json(cell.parameters["spaces"][cell.case])
    matrices, constants = [], []
    try:
        declared = _beyond_permutations(architecture, space)
        draws = dimension(space, declared).linear + SPARE
    except NotCarried as reason:
        return Refused(Refusal.UNSUPPORTED, str(reason)).judgement(verdict.PREDICTED)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(cell.seed)
            layer = factory(space, 1, 1).double()
    except Unsupported as reason:
        return unsupported(reason).judgement(verdict.PREDICTED)
    except Exception as error:
        raise PluginFault(f"linear_layer raised {describe_error(error)}") from error
    for draw in range(draws):
        redraw_(layer, cell.seed + draw, 1.0)
        matrix, constant = as_matrix(layer, space)
        matrices.append(matrix)
        constants.append(constant)
    bench.forwards += draws
    if declared is None:
        axes = commuting_axes(matrices[:2], space)
        measured = measure(torch.stack(matrices), torch.stack(constants), space, axes)
    else:
        measured = measure(torch.stack(matrices), torch.stack(constants), space, declared)
        measured = replace(measured, hidden=commutes(matrices[:2], declared))
    return Judgement.of(verdict.judge(measured), measured)


def _beyond_permutations(architecture: Architecture, space: WeightSpace) -> Group | None:
    """The declared group where it has more than permutations; else None: of these the layer is held against all that it keeps.

    Raises:
        NotCarried: the space does not carry it.
    """
    group = architecture.traits.group(space)
    return group if set(group.kind.values()) - {FactorKind.PERM} else None


def commutes(matrices: Sequence[torch.Tensor], group: Group) -> bool:
    """Whether every generator of the group commutes with every matrix."""
    unit = Weights.from_flat(group.space, torch.eye(group.space.parameters, dtype=torch.float64))
    moves = [act(g, unit).flat().T for g in generators(group)]
    return all(
        torch.allclose(A @ move, move @ A, rtol=0, atol=1e-9 * float(A.abs().max())) for A in matrices for move in moves
    )


def measure(
    matrices: torch.Tensor, constants: torch.Tensor, space: WeightSpace, group: tuple[str, ...] | Group
) -> CompletenessEvidence:
    """Ranks of `[draws, entries, entries]` and `[draws, entries]` against the dimensions for permutations of axes, or for a group."""
    exact = dimension(space, group)
    axes = tuple(f"{axis}: {kind}" for axis, kind in group.kind.items()) if isinstance(group, Group) else group
    realised = rank(matrices.flatten(1))
    sizes = [int(np.prod(shape)) for shape in space.shapes.values()]
    missing = {}
    if realised < exact.linear:
        rows = dict(zip(space.axes, matrices.split(sizes, 1), strict=True))
        for (target, source), wanted in blocks(space, group).items():
            block = dict(zip(space.axes, rows[target].split(sizes, 2), strict=True))[source]
            if (got := rank(block.flatten(1))) < wanted:
                missing[f"{source} -> {target}"] = (got, wanted)
    return CompletenessEvidence(
        space=str(space),
        axes=axes,
        hidden=set(space.permuted) <= set(axes),
        rank=realised,
        dimension=exact.linear,
        constant_rank=rank(constants),
        constant_dimension=exact.constants,
        missing=missing,
    )
