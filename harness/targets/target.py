"""Target maps: a registry, and what a target hands over.

A target is a map that an architecture is asked to approximate, of one of the four kinds of theory.md, section 2, or a label. Its kind says
which vectors it cannot tell apart, so it says together with the regime what the theory predicts. Values are float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.parameters import Parameters
from ..core.registry import Registry, demand_signature
from ..weights.algebra.kinds import OutputKind
from ..weights.groups import Group
from ..weights.space import WeightSpace

if TYPE_CHECKING:
    import torch

    from ..weights.batch import Weights

Value = TypeVar("Value", bound=Callable[..., Any])

FUNCTION_FUNCTIONAL = "function-functional"
INVARIANT_FUNCTIONAL = "invariant-functional"
FUNCTION_OPERATOR = "function-operator"
EQUIVARIANT_OPERATOR = "equivariant-operator"
LABEL = "label"
"""What a table says of networks: of no theorem's kinds, since nothing says that it is a function of the weights."""
KINDS = (FUNCTION_FUNCTIONAL, INVARIANT_FUNCTIONAL, FUNCTION_OPERATOR, EQUIVARIANT_OPERATOR, LABEL)


@dataclass(frozen=True)
class Target:
    """A target map.

    Args:
        name: as suites name it.
        title: one line for `orbitcheck list targets`.
        kind: one of `KINDS`.
        parameters: the model of what a suite may say under `target` beside `name`.
        refusal: `(parameters, space) -> why the target makes no sense there`, or None. No torch.
        size: `(parameters, space) -> ` output dimension of a functional; output neurons of a function-space operator; channels
            of an equivariant one. No torch on MLPs.
        value: `(parameters, samples) -> [batch, size]` for functionals, `Weights` of `size` channels for equivariant operators;
            `(parameters, samples, x) -> [batch, points, size]`, the new function's values at `x` of shape `[points, n_0]` (off MLPs
            `[points, *shape of one input]`), for function-space operators.
        inputs: `(parameters, space, count, generator) -> x`, where a function-space operator is compared; None
            for the other kinds. `count` is a wish: a target on fixed points (the pixels of an image) gives those.
        needs: names of the metadata that `value` reads from the samples, as in ("label",); a regime that does not have them
            makes the target not applicable.
        claim: the claim that the target serves in general position.
        moves: how an equivariant operator's values move with the weights.
        under: the kinds of factors under which they do; under larger groups the operator is no equivariant map.
    """

    name: str
    title: str
    kind: str
    parameters: type[Parameters]
    refusal: Callable[[Any, WeightSpace], str | None]
    size: Callable[[Any, WeightSpace], int]
    value: Callable[..., torch.Tensor | Weights]
    inputs: Callable[[Any, WeightSpace, int, torch.Generator], torch.Tensor] | None = None
    needs: tuple[str, ...] = ()
    claim: str = "thm-6.3"
    moves: OutputKind = OutputKind.VECTOR
    under: frozenset[str] = frozenset({"perm"})

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"target {self.name}: kind {self.kind!r}; allowed: {', '.join(KINDS)}")
        if (self.kind == FUNCTION_OPERATOR) != (self.inputs is not None):
            raise ValueError(f"target {self.name}: function-space operators have `inputs`, and no others do")

    def mismatch(self, declared: Group) -> str | None:
        """Why an operator is no map that commutes with a group; None if it is, and for other kinds of targets."""
        if self.kind != EQUIVARIANT_OPERATOR:
            return None
        kinds = {atom for kind in declared.kind.values() for atom in kind.atoms} - self.under
        if not kinds:
            return None
        return f"target {self.name} moves with {', '.join(sorted(self.under))}, not with {', '.join(sorted(kinds))}, which is declared"

    def asked_kind(self, declared: Group) -> OutputKind:
        """How a network's answer is to move: as the target does, where the group tells that from a vector."""
        moves = OutputKind.POINT if self.kind == FUNCTION_OPERATOR else self.moves
        atoms = {atom for kind in declared.kind.values() for atom in kind.atoms}
        return moves if atoms & TOLD_FROM_VECTORS.get(moves, set()) else OutputKind.VECTOR


TOLD_FROM_VECTORS = {OutputKind.POINT: {"phase", "shift"}, OutputKind.COVECTOR: {"scale", "gl", "rotary", "shift"}}
"""Kind -> the kinds of factors that move it otherwise than vectors."""
EVERY_FACTOR = frozenset({"perm", "scale", "sign", "phase", "orth", "gl", "rotary", "shift"})

TARGETS: Registry[Target] = Registry("target")


def target(
    name: str,
    title: str,
    *,
    kind: str,
    size: Callable[[Any, WeightSpace], int],
    parameters: type[Parameters] = Parameters,
    refusal: Callable[[Any, WeightSpace], str | None] = lambda parameters, space: None,
    **settings: Any,
) -> Callable[[Value], Value]:
    """Register the decorated `value(parameters, samples)` as a target; `settings` are the rest of `Target`.

    Raises:
        DuplicateName: a target of that name is there.
        ValueError: an unknown kind, or inputs for one that has none.
        WrongSignature: a function does not take what it will be given.
    """

    def register(value: Value) -> Value:
        made = Target(name, title, kind, parameters, refusal, size, value, **settings)
        for function in (refusal, size):
            demand_signature(f'target "{name}"', function, "parameters, space")
        if made.inputs is not None:
            demand_signature(f'target "{name}"', made.inputs, "parameters, space, count, generator")
        demand_signature(
            f'target "{name}"', value, "parameters, samples" if made.inputs is None else "parameters, samples, x"
        )
        TARGETS.add(name, made)
        return value

    return register
