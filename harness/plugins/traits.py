"""What an architecture declares about itself: predictions follow from it, and every declaration is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..core.registry import did_you_mean
from .power import POWERS

SYMMETRIES = ("permutation", "permutation+scale", "permutation+sign", "none")
DOMAINS = ("all", "general-position")
MODES = ("eval", "train")


class InvalidPlugin(TypeError):
    """A plug-in that breaks the contract at registration; the message shows what was got beside what is allowed."""


@dataclass(frozen=True)
class Traits:
    """What an architecture declares about itself; predictions follow from it (protocol.md, section 3).

    Args:
        symmetry: one of `SYMMETRIES`.
        power: one of `POWERS`; `1-wl` needs `rounds`.
        rounds: `(low, high)` as a function of those options that it names: refinement separates nothing by round `low`
            that the network cannot, and the network nothing that refinement separates only after round `high`.
        domain: where the declaration holds: all of V, or general position (pairwise distinct biases in a hidden layer).
        continuous: false for canonical forms, whose output may jump under one-ulp noise.
        modes: the module modes in which the law is claimed.
        linear_layer: name of the attribute, a module `Weights -> Weights`, for the completeness check.
        paper: where the architecture was published.
    """

    symmetry: str = "permutation"
    power: str = "unknown"
    rounds: Callable[..., tuple[int, int]] | None = None
    domain: str = "all"
    continuous: bool = True
    modes: tuple[str, ...] = ("eval",)
    linear_layer: str | None = None
    paper: str = ""

    def __post_init__(self) -> None:
        for key, allowed in (("symmetry", SYMMETRIES), ("power", POWERS), ("domain", DOMAINS)):
            value = getattr(self, key)
            if value not in allowed:
                raise InvalidPlugin(f"{key}={value!r}{did_you_mean(str(value), allowed)}")
        if not isinstance(self.continuous, bool):
            raise InvalidPlugin(f"continuous={self.continuous!r}; allowed: True, False")
        if not isinstance(self.modes, tuple) or not self.modes or not set(self.modes) <= set(MODES):
            raise InvalidPlugin(f"modes={self.modes!r}; allowed: a non-empty tuple of {', '.join(map(repr, MODES))}")
        if (self.power == "1-wl") != (self.rounds is not None) or not (self.rounds is None or callable(self.rounds)):
            raise InvalidPlugin(
                f"power={self.power!r} with rounds={self.rounds!r}; power '1-wl' needs rounds=lambda depth: (low, high), "
                "and no other power takes it"
            )
