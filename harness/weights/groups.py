"""Which symmetries the weight vectors of a space have: one factor for each axis, and how every tensor goes with it.

A *factor* says what may be done to one permuted axis. A place of a tensor has a *role* on its axis: at `in` it goes with the factor
itself, at `out` with its inverse transpose. For an MLP, rows of `W_l` and `b_l` are `in`, columns are `out`:
`W[j, k] -> s_j W[j, k] / s_k`, `b[j] -> s_j b[j]`. An axis may lie *within* an outer one, as keys lie in heads; then each index of
the outer axis has a factor of its own, and the group is a wreath product. Elements and their action stand in `symmetry.py` and
`action.py`. No torch.

| kind | what is done to an axis |
|---|---|
| `perm` | its indices permuted |
| `scale`, `sign` | each index multiplied by a positive number, by a sign |
| `phase` | at each index k half turns of a sine: its biases move by k half turns, what reads it by `(-1)^k` |
| `orth`, `gl` | any orthogonal, any invertible matrix |
| `rotary` | a complex number multiplied to each pair of places that turn together (i and i + n/2 of a key) |
| `shift` | anything added to a tensor, where softmax does not see it or others make up for it (`algebra.roles.Shift`) |

What an axis carries follows from what stands on it:

| on the axis | carries |
|---|---|
| a point-wise activation | `perm`; `scale` if `phi(t z) = t phi(z)` for t > 0 (relu, leaky-relu, abs); `sign` if it is odd (tanh, sine); `phase` if half a turn is a sign (sine); all of it if it is the identity |
| nothing (a stream without normalisation, r of LoRA, keys and values within their head) | `gl`, and `shift` where one is known |
| rotary keys within their head: a fixed axis | `rotary`, all linear maps that commute with its turns |
| RMSNorm, gains folded in | `orth` |
| LayerNorm | `perm` |
| a gate, entry by entry | `perm+scale+sign` |
| anything else, heads among them | `perm` |

| group by name | its factors |
|---|---|
| `permutation` | `perm` of every permuted axis, each one group |
| `permutation+scale`, `permutation+sign`, `permutation+sign+phase` | these, of the axes that an activation stands on; `perm` of the others |
| `heads` | `perm`; of inner axes within each index of their outer one |
| `orth`, `gl`, `gl+shift` | these, of the axes that carry them, inner ones within their outer one; with `gl` also `rotary`; `perm` of the others |
| `full` | all that each axis carries |

Hidden axes of MLPs, convolutions and recurrences, `n_k` of residual blocks and `hidden` of transformer blocks stand under the
space's activation; a residual stream and r under nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .activations import ACTIVATIONS
from .algebra.kinds import FactorKind, Role
from .algebra.roles import AxisRole, Roles, Shift, Standing, stray
from .space import SpaceError, WeightSpace
from .spaces import constructor


class NotCarried(SpaceError):
    """A group that weight vectors of a space do not have; the message is the reason."""


@dataclass(frozen=True)
class Factor:
    """What may be done to one permuted axis; `within` an outer one, for each of its indices apart."""

    axis: str
    kind: FactorKind
    within: str | None = None


@dataclass(frozen=True)
class Group:
    """The product of one factor for each of some permuted axes of a space; axes without one stay as they are.

    Raises:
        SpaceError: a factor of an axis that is not permuted, or two of one axis (`perm+scale` is one factor), or one within an
            axis that cannot hold it.
        NotCarried: a factor that multiplies, on a space in which the places' roles are not known; a phase or a shift, where
            it is not known what it moves.
    """

    space: WeightSpace
    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        axes = [factor.axis for factor in self.factors]
        for factor in self.factors:
            axis, kind = factor.axis, factor.kind
            if kind.rotary:
                role = roles_of(self.space).of_axis(axis)
                if role.standing is not Standing.ROTARY or factor.within != role.within:
                    raise NotCarried(f"axis {axis!r} within {factor.within!r} holds no rotary keys in {self.space}")
            elif axis not in self.space.permuted:
                raise SpaceError(f"axis {axis!r} is not permuted in {self.space}, so it carries no factor")
            if axes.count(axis) > 1:
                raise SpaceError(f"axis {axis!r} has two factors; a join of kinds, as perm+scale, is one")
            if factor.within is not None:
                self._demand_outer(factor, factor.within)
            if kind != FactorKind.PERM:
                told = roles_of(self.space)
                if kind.turns and (factor.within or not told.of_axis(axis).biases):
                    raise NotCarried(f"axis {axis!r} has no phase: no tensor is named that half a turn moves")
                if kind.shifts and not any(shift.axis == axis for shift in told.shifts):
                    raise NotCarried(f"axis {axis!r} has no shift")
                if kind.shifts and factor.within != told.of_axis(axis).within:
                    raise NotCarried(f"what is added along {axis!r} lies within {told.of_axis(axis).within!r}")

    def _demand_outer(self, factor: Factor, outer: str) -> None:
        if outer not in self.space.permuted or outer == factor.axis:
            raise SpaceError(f"axis {factor.axis!r} cannot lie within {outer!r}; allowed: another permuted axis")
        held = next((each for each in self.factors if each.axis == outer), None)
        if held is not None and (held.kind is not FactorKind.PERM or held.within is not None):
            raise SpaceError(f"axis {outer!r} holds {factor.axis!r}, so it carries perm alone, got {held.kind}")
        for told in stray(factor.axis, outer, self.space.tensors):
            raise SpaceError(told)

    @property
    def kind(self) -> dict[str, FactorKind]:
        """Axis -> kind of its factor."""
        return {factor.axis: factor.kind for factor in self.factors}

    @property
    def finite(self) -> bool:
        return all(kind.atoms <= {"perm", "sign"} for kind in self.kind.values())

    def __str__(self) -> str:
        return ", ".join(_told(factor) for factor in self.factors) or "trivial"


def _told(factor: Factor) -> str:
    return f"{factor.axis}{f' within {factor.within}' if factor.within else ''}: {factor.kind}"


@dataclass(frozen=True)
class Named:
    """A group by name: the kinds that it takes of what each axis carries.

    Args:
        pointwise: only of the axes that an activation stands on.
        nested: inner axes within their outer one, else as one group.
    """

    atoms: frozenset[str]
    pointwise: bool = False
    nested: bool = True


GROUPS: Mapping[str, Named] = {
    "permutation": Named(frozenset({"perm"}), nested=False),
    "permutation+scale": Named(frozenset({"perm", "scale"}), pointwise=True, nested=False),
    "permutation+sign": Named(frozenset({"perm", "sign"}), pointwise=True, nested=False),
    "permutation+sign+phase": Named(frozenset({"perm", "sign", "phase"}), pointwise=True, nested=False),
    "heads": Named(frozenset({"perm"})),
    "orth": Named(frozenset({"perm", "orth"})),
    "gl": Named(frozenset({"perm", "gl", "rotary"})),
    "gl+shift": Named(frozenset({"perm", "gl", "rotary", "shift"})),
    "full": Named(frozenset({"perm", "scale", "sign", "phase", "orth", "gl", "rotary", "shift"})),
}
"""Names, as plug-ins declare them."""

_MISSING = {"scale": "positive factors", "sign": "signs", "phase": "half turns"}


def group(space: WeightSpace, name: str = "permutation") -> Group:
    """The group of that name on a space: its factor on every axis that carries it, permutations on the rest.

    Raises:
        NotCarried: no axis of the space carries the factor; the message says why.
        SpaceError: no such name.

    Source: the tables above. That all other axes carry permutations alone is a choice of the first names: a residual stream
    without normalisation has every linear map.
    """
    if name not in GROUPS:
        raise SpaceError(f"no group is called {name!r}; allowed: {', '.join(GROUPS)}")
    named = GROUPS[name]
    if name == "permutation":
        return Group(space, tuple(Factor(axis, FactorKind.PERM) for axis in space.permuted))
    if named.pointwise:
        _demand_commuting(space, named.atoms, name)
    elif name == "full":
        return Group(space, tuple(carried(space).values()))
    factors = []
    for axis, most in carried(space).items():
        asked = named.atoms if not named.pointwise or _pointwise(space, axis) else frozenset({"perm"})
        atoms = {atom for atom in asked if atom in most.kind.covers}
        if atoms:  # rotary keys have nothing but their own
            factors.append(Factor(axis, FactorKind.of(atoms), most.within if named.nested else None))
    found = any(factor.within if name == "heads" else factor.kind != FactorKind.PERM for factor in factors)
    if not found:
        what = "lies within another" if name == "heads" else f"carries {name}"
        raise NotCarried(f"{name}: no axis of {space} {what}")
    return Group(space, tuple(factors))


def _demand_commuting(space: WeightSpace, atoms: frozenset[str], name: str) -> None:
    """Refuse a name whose kinds the activation does not carry."""
    for atom, what in _MISSING.items():
        standing = [carried(space)[axis] for axis in space.permuted if _pointwise(space, axis)]
        if atom in atoms and not any(atom in factor.kind.covers for factor in standing):
            raise NotCarried(f"{name}: {space.activation} does not commute with {what}")


def _pointwise(space: WeightSpace, axis: str) -> bool:
    return roles_of(space).of_axis(axis).standing is Standing.HIDDEN


def carried(space: WeightSpace) -> dict[str, Factor]:
    """Axis -> the largest factor of these kinds that leaves the function as it is, by the table above; permuted axes, then rotary keys.

    Raises:
        NotCarried: roles are not known.
    """
    told = roles_of(space)
    return {axis: _largest(space, told, told.of_axis(axis)) for axis in (*space.permuted, *told.rotary)}


def _largest(space: WeightSpace, told: Roles, role: AxisRole) -> Factor:
    activation = role.activation or space.activation
    phi = ACTIVATIONS[activation]
    linear = role.standing is Standing.LINEAR or (role.standing is Standing.HIDDEN and activation == "identity")
    if role.standing is Standing.ROTARY:
        return Factor(role.axis, FactorKind.ROTARY, role.within)
    atoms = {"perm"}
    if linear:
        atoms |= {"gl"}
        if any(shift.axis == role.axis for shift in told.shifts):
            atoms |= {"shift"}
    elif role.standing is Standing.HIDDEN:
        atoms |= {"scale"} if phi.homogeneous else set()
        atoms |= {"sign"} if phi.odd else set()
        atoms |= {"phase"} if phi.half_turn is not None and role.biases else set()
    elif role.standing is Standing.RMS_NORM:
        atoms |= {"orth"}
    elif role.standing is Standing.GATED:
        atoms |= {"scale", "sign"}
    return Factor(role.axis, FactorKind.of(atoms), role.within)


def relates(declared: str, by: str | None, space: WeightSpace) -> bool:
    """Whether a declared symmetry has all elements of the one by which two vectors of a space are related; both by name."""
    if by is None or declared == by:
        return by is not None
    if declared not in GROUPS or by not in GROUPS:
        return False
    try:
        larger = {factor.axis: factor for factor in group(space, declared).factors}
        smaller = group(space, by).factors
    except NotCarried:
        return False
    return all(
        each.axis in larger
        and each.kind.atoms <= larger[each.axis].kind.covers
        and each.within in (None, larger[each.axis].within)
        for each in smaller
    )


def roles(space: WeightSpace) -> Mapping[str, tuple[Role | None, ...]]:
    """Tensor -> role of each place; None at fixed axes.

    The first axis of a tensor is what it feeds, the others are what it reads; so it is for every constructor of spaces, but
    for attention.

    Raises:
        NotCarried: a space that no constructor made, and that names none: axis names do not say which of two places feeds
            the other.
    """
    return _places(space)


@lru_cache(maxsize=256)
def _places(space: WeightSpace) -> Mapping[str, tuple[Role | None, ...]]:
    return roles_of(space).of_places(space.tensors, space.permuted)


@lru_cache(maxsize=256)
def roles_of(space: WeightSpace) -> Roles:
    """The roles that a space names, or those of the constructor that made it.

    Raises:
        NotCarried: a space that no constructor made, and that names none.
    """
    if space.roles is not None:
        return space.roles
    name = constructor(space)
    if name not in _READ_OFF:
        raise NotCarried(
            f"only permutations are known of {space}, which no constructor of spaces made, nor does it name its roles"
        )
    return _READ_OFF[name](space)


def _hidden(space: WeightSpace, axes: tuple[str, ...], biases: Mapping[str, str]) -> tuple[AxisRole, ...]:
    return tuple(AxisRole(axis, Standing.HIDDEN, biases=(biases[axis],)) for axis in axes)


def _of_layers(space: WeightSpace) -> Roles:
    """MLPs, convolutions, recurrences: `b_l` stands on `n_l`, under an activation; of MLPs without one, the next bias makes up for it."""
    axes = _hidden(space, space.permuted, {axis: f"b{axis[1:]}" for axis in space.permuted})
    layers = [int(axis[1:]) for axis in space.permuted] if space.is_mlp else []
    return Roles(axes, shifts=tuple(Shift(f"n{n}", f"b{n}", ((f"b{n + 1}", f"W{n + 1}"),)) for n in layers))


def _of_residual(space: WeightSpace) -> Roles:
    """What is added to the stream by `u` or `b_k`, every later block and the read-out take off again."""
    blocks = [int(axis[1:]) for axis in space.permuted if axis != "r"]
    axes = _hidden(space, tuple(f"n{k}" for k in blocks), {f"n{k}": f"a{k}" for k in blocks})
    written = tuple(
        Shift("r", moved, (*((f"a{k}", f"A{k}") for k in blocks if k > after), ("c", "V")))
        for moved, after in (("u", 0), *((f"b{k}", k) for k in blocks))
    )
    inner = tuple(Shift(f"n{k}", f"a{k}", ((f"b{k}", f"B{k}"),)) for k in blocks)
    return Roles((AxisRole("r", Standing.LINEAR), *axes), shifts=(*written, *inner))


def _of_attention(space: WeightSpace) -> Roles:
    """Queries meet keys, values meet what reads them; softmax does not see what is added to all keys of a head."""
    meeting = {**dict.fromkeys(("WQ", "bQ", "WV", "bV"), Role.IN), **dict.fromkeys(("WK", "bK", "WO"), Role.OUT)}
    axes_of = space.axes
    places = tuple(
        (name, tuple(role if axis in space.permuted else None for axis in axes_of[name]))
        for name, role in meeting.items()
    )
    return Roles(
        (
            AxisRole("head"),
            AxisRole("key", Standing.LINEAR, within="head"),
            AxisRole("value", Standing.LINEAR, within="head"),
            *_hidden(space, ("hidden",), {"hidden": "b1"}),
        ),
        places,
        (
            Shift("key", "bK"),
            Shift("value", "bV", (("bO", "WO"),)),
            Shift("hidden", "b1", (("b2", "W2"),)),
        ),
    )


_READ_OFF = {
    "mlp": _of_layers,
    "conv_net": _of_layers,
    "recurrent": _of_layers,
    "residual_mlp": _of_residual,
    "transformer_block": _of_attention,
}
