"""A declared group beside the function's: what it relates that computes different functions, and what it leaves undeclared."""

from __future__ import annotations

import numpy as np
import torch

from ....weights.algebra.kinds import FactorKind
from ....weights.batch import Weights
from ....weights.groups import Factor, Group, NotCarried, carried
from ....weights.realisation import realisation, realise
from ....weights.space import SpaceError
from ....weights.symmetry import act, generators, generic_elements

KEEPS = 1e-9
"""Of the outputs' size: a function that changes by no more is the same but for rounding."""
DRAWS, POINTS, EXTENT = 3, 8, 4


def blind_to(declared: Group) -> tuple[str, ...]:
    """The factors of a group that do not leave functions as they are.

    By the function of the space's weights at random vectors and inputs, every generator and some floats; where it has none here,
    by what the axes carry.
    """
    told = []
    for factor in declared.factors:
        if factor.kind is FactorKind.PERM and factor.within is None:
            continue
        alone = Group(declared.space, (factor,))
        try:
            kept = keeps_function(alone)
        except SpaceError:
            try:
                kept = _covered(factor, carried(declared.space)[factor.axis])
            except NotCarried:
                kept = False
        if not kept:
            told.append(f"{factor.kind} on {factor.axis}" + (f" within {factor.within}" if factor.within else ""))
    return tuple(told)


def keeps_function(of: Group, seed: int = 0) -> bool:
    """Whether networks keep their function under a group, at random weights and inputs.

    Raises:
        SpaceError: no function is known for weights of the space.
    """
    rng, space = np.random.default_rng(seed), of.space
    x = torch.from_numpy(rng.standard_normal((POINTS, *realisation(space).input_shape(EXTENT))))
    listed = generators(of)
    some = [listed[number] for number in rng.permutation(len(listed))[:DRAWS]]
    for g in (*some, *generic_elements(of, DRAWS, rng, reach=1)):
        v = Weights.from_flat(space, torch.from_numpy(rng.standard_normal((1, space.parameters))))
        before, after = realise(v, x), realise(act(g, v), x)
        if float((before - after).abs().max()) > KEEPS * float(before.abs().max()):
            return False
    return True


def _covered(factor: Factor, most: Factor) -> bool:
    return factor.kind.atoms <= most.kind.covers and factor.within in (None, most.within)


def undeclared(declared: Group) -> tuple[Group, ...]:
    """For each kind that keeps the function and is not declared, the group of all axes that carry it, larger kinds first.

    Empty where roles are not known.
    """
    try:
        most = carried(declared.space)
    except NotCarried:
        return ()
    held = {factor.axis: factor for factor in declared.factors}
    found = []
    for atom in ("gl", "orth", "scale", "sign", "perm", "phase", "rotary", "shift"):
        factors = []
        for axis, factor in most.items():
            mine = held.get(axis)
            covered = mine is not None and atom in mine.kind.covers and mine.within == factor.within
            nested = atom != "perm" or factor.within is not None or mine is None
            if atom in factor.kind.covers and not covered and nested:
                factors.append(Factor(axis, FactorKind(atom), factor.within))
        if factors:
            found.append(Group(declared.space, tuple(factors)))
    return tuple(found)


def covers(larger: Group, smaller: Group) -> bool:
    """Whether every factor of one group lies in a factor of another."""
    held = {factor.axis: factor for factor in larger.factors}
    return all(each.axis in held and _covered(each, held[each.axis]) for each in smaller.factors)
