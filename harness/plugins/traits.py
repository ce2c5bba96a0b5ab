"""What an architecture declares about itself: predictions follow from it, and every declaration is checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.blindness import BLIND
from ..core.registry import did_you_mean
from ..weights.groups import GROUPS
from .power import OF_ROUNDS, POWERS

if TYPE_CHECKING:
    from ..weights.groups import Group
    from ..weights.space import WeightSpace

SYMMETRIES = (*GROUPS, "none")
DOMAINS = ("all", "general-position", "simple-spectrum")
"""Where they hold: `checks/domains.py`."""
MODES = ("eval", "train")
REFINEMENTS = ("joint", "split")
"""What refinement reads beyond MLPs, where the two are one (`oracles/tuples/colouring.py`): all tensors of one set of axes together, or
those of each ordered pair of axes apart, as a parameter graph does."""
LAWS = ("exact", "functional")
"""What of an edit moves as declared: its tensors, or its function alone (`weights/realisation/edits.py`)."""
SPREAD = 2
"""How far apart the two declared rounds may lie: between them nothing is predicted."""


class InvalidPlugin(TypeError):
    """A plug-in that breaks the contract at registration; the message shows what was got beside what is allowed."""


@dataclass(frozen=True)
class Traits:
    """What an architecture declares about itself; predictions follow from it (protocol.md, section 3).

    Args:
        symmetry: one of `SYMMETRIES`, or a function `WeightSpace -> Group`; `symmetry` is its name then, and `group_of` the function.
        power: one of `POWERS`; `1-wl` and `2-fwl` need `rounds`.
        rounds: `(low, high)` as a function of those options that it names: refinement separates nothing by round `low`
            that the network cannot, and the network nothing that refinement separates only after round `high`; refinement of
            nodes for `1-wl`, of pairs of nodes (folklore 2-WL) for `2-fwl`. At least one round; for `1-wl` at most `SPREAD`
            between the two, or the declaration says nothing (rounds of pairs double the walks that they see, so a declaration of
            `2-fwl` says enough by what no round parts). None at options at which a network of `1-wl` is only `below-1-wl`.
        refinement: one of `REFINEMENTS`, that power `1-wl` is about beyond MLPs.
        blind: names of `core.blindness.BLIND`: what an invariant output does not see, whatever the parameters.
        domain: where the declaration holds, one of `DOMAINS`: all of V, or what `checks/domains.py` says.
        continuous: false for canonical forms, whose output may jump under one-ulp noise; or a function of those options that it names.
        law: one of `LAWS`, that equivariant outputs keep: `exact`, `phi(g v) = g phi(v)`, or `functional`, by which the two compute one
            function and may differ as tensors; or a function of those options that it names. Invariant outputs know one law.
        modes: the module modes in which the law is claimed.
        linear_layer: name of the attribute, a module `Weights -> Weights`, for the completeness check.
        paper: where the architecture was published.
        shapes: in a line, the shapes that it serves, for one that refuses some of a kind of space and serves others of it;
            shown with its verdict.
        spaces: in a line, the spaces that it reads; shown by `orbitcheck list architectures`.
    """

    symmetry: str = "permutation"
    power: str = "unknown"
    rounds: Callable[..., tuple[int, int] | None] | None = None
    refinement: str = "joint"
    blind: tuple[str, ...] = ()
    domain: str = "all"
    continuous: bool = True
    law: str = "exact"
    modes: tuple[str, ...] = ("eval",)
    linear_layer: str | None = None
    paper: str = ""
    shapes: str = ""
    spaces: str = ""
    group_of: Callable[[WeightSpace], Group] | None = None

    def __post_init__(self) -> None:
        if callable(self.symmetry):
            object.__setattr__(self, "group_of", self.symmetry)
            object.__setattr__(self, "symmetry", getattr(self.symmetry, "__name__", type(self.symmetry).__name__))
        elif self.group_of is None and self.symmetry not in SYMMETRIES:
            raise InvalidPlugin(
                f"symmetry={self.symmetry!r}{did_you_mean(str(self.symmetry), SYMMETRIES)}; or a function of the space"
            )
        for key, allowed in (("power", POWERS), ("refinement", REFINEMENTS), ("domain", DOMAINS)):
            value = getattr(self, key)
            if value not in allowed:
                raise InvalidPlugin(f"{key}={value!r}{did_you_mean(str(value), allowed)}")
        if not isinstance(self.blind, tuple) or not set(self.blind) <= set(BLIND):
            raise InvalidPlugin(f"blind={self.blind!r}; allowed: a tuple of {', '.join(map(repr, BLIND))}")
        if not (isinstance(self.continuous, bool) or callable(self.continuous)):
            raise InvalidPlugin(f"continuous={self.continuous!r}; allowed: True, False")
        if self.law not in LAWS and not callable(self.law):
            raise InvalidPlugin(f"law={self.law!r}{did_you_mean(str(self.law), LAWS)}")
        if self.law == "functional" and self.symmetry == "none":
            raise InvalidPlugin("law='functional' with symmetry='none'; it is a law of the declared symmetry")
        if not isinstance(self.modes, tuple) or not self.modes or not set(self.modes) <= set(MODES):
            raise InvalidPlugin(f"modes={self.modes!r}; allowed: a non-empty tuple of {', '.join(map(repr, MODES))}")
        for key in ("shapes", "spaces"):
            value = getattr(self, key)
            if not isinstance(value, str) or "\n" in value:
                raise InvalidPlugin(f"{key}={value!r}; allowed: one line that names the {key} served")
        if (self.power in OF_ROUNDS) != (self.rounds is not None) or not (self.rounds is None or callable(self.rounds)):
            raise InvalidPlugin(
                f"power={self.power!r} with rounds={self.rounds!r}; powers '1-wl' and '2-fwl' need "
                "rounds=lambda depth: (low, high), and no other power takes it"
            )

    def group(self, space: WeightSpace) -> Group:
        """The group of the declared symmetry on a space; permutations, where none is declared.

        Raises:
            NotCarried: the space does not carry it.
            InvalidPlugin: the declared function gives no group of the space.
        """
        from ..weights.groups import Group, group

        if self.group_of is None:
            return group(space, "permutation" if self.symmetry == "none" else self.symmetry)
        found = self.group_of(space)
        if not isinstance(found, Group) or found.space != space:
            raise InvalidPlugin(
                f"symmetry={self.symmetry} gave {found!r}; allowed: a Group of the space that it is given"
            )
        if space.permuted and not found.factors:
            raise InvalidPlugin(
                f"symmetry={self.symmetry} gave a group of one element, under which every network keeps the law; "
                'declare symmetry="none"'
            )
        return found

    def symmetry_on(self, space: WeightSpace) -> str:
        """The declared symmetry by name; of a function that gives a group with a name on this space, that name.

        Raises:
            NotCarried, InvalidPlugin: as `group`.
        """
        from ..weights.groups import GROUPS, NotCarried, group

        if self.group_of is None:
            return self.symmetry
        factors = set(self.group(space).factors)
        for name in GROUPS:
            try:
                if set(group(space, name).factors) == factors:
                    return name
            except NotCarried:
                continue
        return self.symmetry

    def at(self, options: Mapping[str, Any]) -> Traits:
        """What is declared at these options, every one of them given.

        Raises:
            InvalidPlugin: rounds that are no two integers, none at all, or so far apart that hardly anything is predicted.
        """
        for key in ("continuous", "law"):
            value = getattr(self, key)
            if callable(value):
                named = inspect.signature(value).parameters
                found = value(**{name: options[name] for name in named})
                return replace(self, **{key: bool(found) if key == "continuous" else found}).at(options)
        if self.rounds is None:
            return self
        found = self.rounds(**{name: options[name] for name in inspect.signature(self.rounds).parameters})
        if found is None and self.power == "1-wl":
            return replace(self, power="below-1-wl", rounds=None)
        try:
            low, high = (None, None) if found is None else found
        except (TypeError, ValueError):
            low = high = None
        of_nodes = self.power == "1-wl"
        if not (isinstance(low, int) and isinstance(high, int) and 1 <= low <= high) or (
            of_nodes and high > low + SPREAD
        ):
            most, none = (f" <= low + {SPREAD}", ", or None where it is only below-1-wl") if of_nodes else ("", "")
            raise InvalidPlugin(
                f"power={self.power!r} with rounds {found!r} at these options; allowed: integers low >= 1 and "
                f"low <= high{most}{none}"
            )
        return self
