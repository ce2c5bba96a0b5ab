"""What follows from another part: one orbit => 1-WL-equivalent => one function (theory.md, section 4)."""

from __future__ import annotations

from ...core.certificates import Part, Statement
from ..exact.refuted import demand
from ..exact.subject import Subject


def by_one_orbit(subject: Subject, said: Statement) -> None:
    demand(subject.relations[Part.ORBIT] == "same", f"{said['relation']}, since in one orbit")


def by_refinement(subject: Subject, said: Statement) -> None:
    demand(subject.relations[Part.REFINEMENT] == "different", "two orbits, since parted by refinement")


CHECKS = {
    (Part.REFINEMENT, "equivalent", "orbit"): by_one_orbit,
    (Part.ORBIT, "different", "refinement"): by_refinement,
    (Part.FUNCTION, "equal", "orbit"): by_one_orbit,
}
