"""What networks are asked for is a value that is written down alike wherever its kind is the default one."""

from __future__ import annotations

import pytest

from orbitcheck import Equivariant, Invariant


def test_the_default_kind_is_written_nowhere():
    assert (
        repr(Equivariant(2)) == str(Equivariant(2)) == repr(Equivariant(2, kind="vector")) == "Equivariant(channels=2)"
    )
    assert repr(Equivariant(2, kind="covector")) == "Equivariant(channels=2, kind='covector')"
    assert repr(Equivariant(2, "point")) == "Equivariant(channels=2, kind='point')"
    assert repr(Invariant(3)) == "Invariant(dim=3)"


def test_the_kind_is_part_of_the_value():
    assert Equivariant(2) == Equivariant(2, kind="vector") != Equivariant(2, kind="covector")
    assert len({Equivariant(2), Equivariant(2, "vector"), Equivariant(2, "point"), Equivariant(1, "point")}) == 3


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(ValueError, match="kind='covectors'; did you mean \"covector\""):
        Equivariant(1, kind="covectors")
    with pytest.raises(ValueError, match="available: covector, point, vector"):
        Equivariant(1, kind="x")
