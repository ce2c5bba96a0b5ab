"""Whether a check applies to a network: one rule for no symmetry, outside the domain, and unsupported."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.certificates import Certificate
from ..core.evidence import NOTHING, Evidence
from ..core.outcomes import Refusal
from ..core.result import Judgement
from ..plugins.architecture import Traits, Unsupported


@dataclass(frozen=True)
class Refused:
    """Why a check does not apply: the kind of reason, and one line."""

    refusal: Refusal
    reason: str

    def judgement(
        self, predicted: str = "", evidence: Evidence = NOTHING, certificate: Certificate | None = None
    ) -> Judgement:
        return Judgement("not-applicable", self.reason, predicted, "", evidence, certificate, refusal=self.refusal)


def applicability(
    traits: Traits, *, modulo_symmetry: bool = True, in_general_position: bool = True, inside: bool = True
) -> Refused | None:
    """Why a check does not apply to a network of these traits; None if it does.

    Args:
        modulo_symmetry: whether the check asks its question modulo the declared symmetry.
        in_general_position: whether all weight vectors that the network would be shown are.
        inside: whether they lie in the declared domain, where that is neither all of V nor general position.
    """
    if modulo_symmetry and traits.symmetry == "none":
        return Refused(Refusal.NO_SYMMETRY, "declares no symmetry, and the question is asked modulo one")
    if traits.domain == "general-position" and not in_general_position:
        return Refused(Refusal.OUTSIDE_DOMAIN, "outside the declared domain: not in general position")
    if not inside:
        return Refused(Refusal.OUTSIDE_DOMAIN, f"outside the declared domain: not all of {traits.domain}")
    return None


class NotReadOut(Unsupported):
    """Edits that are held to their functions have no read-out of tensors that is invariant: no shape is refused by that."""


def unsupported(reason: Unsupported) -> Refused:
    """The refusal of a plug-in whose constructor does not claim the task."""
    if isinstance(reason, NotReadOut):
        return Refused(Refusal.NO_FUNCTION, str(reason))
    return Refused(Refusal.UNSUPPORTED, f"unsupported: {reason}")
