"""The point-wise activations of networks, and all that is known of them: one entry each, every other module reads it here.

Law: those with exact arithmetic are listed (`listed.py`); a leaky ReLU of any slope, a sine of any frequency, and what torch has besides (`further.py`), are found by
name alone. No torch until a tensor is activated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from .further import allowed, canonical, further
from .listed import LEAKY_SLOPE, LISTED, Activation

__all__ = [
    "ACTIVATIONS",
    "ANALYTIC",
    "HOMOGENEOUS",
    "KINKED",
    "LEAKY_SLOPE",
    "ODD",
    "SLOPES",
    "Activation",
    "allowed",
    "canonical",
    "unknown",
]


class Known(Mapping[str, Activation]):
    """Name -> activation: those with exact arithmetic are listed; a leaky ReLU of any slope, and those of `further.py`, are found by name."""

    def __init__(self, listed: Mapping[str, Activation]):
        self._listed = dict(listed)
        self._found: dict[str, Activation] = {}

    def __getitem__(self, name: str) -> Activation:
        if name in self._listed:
            return self._listed[name]
        if name not in self._found:
            made = further(name)
            if made is None:
                raise KeyError(name)
            self._found[name] = made
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


class Kind(tuple[str, ...]):
    """Names of one kind: the listed ones, and on asking any other that is of it."""

    holds: Callable[[Activation], bool]

    @staticmethod
    def of(holds: Callable[[Activation], bool]) -> Kind:
        """The kind of all activations of which `holds` is true."""
        made = Kind(name for name, activation in ACTIVATIONS.items() if holds(activation))
        made.holds = holds
        return made

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in ACTIVATIONS and self.holds(ACTIVATIONS[name])


class Slopes(Mapping[str, tuple[Fraction, Fraction]]):
    """Name -> slopes below and above zero, of the piecewise-linear ones."""

    def __getitem__(self, name: str) -> tuple[Fraction, Fraction]:
        found = ACTIVATIONS[name].slopes
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(HOMOGENEOUS)

    def __len__(self) -> int:
        return len(HOMOGENEOUS)


ACTIVATIONS: Mapping[str, Activation] = Known(LISTED)
"""As weight spaces name them."""

HOMOGENEOUS = Kind.of(lambda phi: phi.homogeneous)
"""The piecewise-linear ones; exactly these are positively homogeneous."""
ODD = Kind.of(lambda phi: phi.odd)
KINKED = Kind.of(lambda phi: phi.kinked)
ANALYTIC = Kind.of(lambda phi: phi.formula is not None or (phi.slopes is not None and not phi.kinked))
SLOPES: Mapping[str, tuple[Fraction, Fraction]] = Slopes()


def unknown(name: str) -> str:
    """What is wrong with a name that no space has, in words."""
    meant = canonical(name)
    return f"unknown activation {name!r}; " + (f"it is called {meant!r} here" if meant else f"allowed: {allowed()}")
