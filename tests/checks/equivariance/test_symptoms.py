"""What is smooth in a path is its best cubic, and the same to the bit in every call."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orbitcheck.harness.checks.equivariance.symptoms import _bent, _cubics


@pytest.mark.parametrize("points", [5, 9, 17, 33])
def test_the_cubics_are_orthonormal_and_fit_as_numpy_does(points: int) -> None:
    basis = _cubics(points)
    assert torch.allclose(basis.T @ basis, torch.eye(4, dtype=torch.float64), rtol=0, atol=4e-16)
    path = np.random.default_rng(points).standard_normal((points, 3))
    t = np.linspace(-1, 1, points)
    expected = np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyfit(t, path, 3)).T
    assert np.allclose(_bent(torch.from_numpy(path)).numpy(), expected, rtol=0, atol=1e-13)


def test_the_same_path_bends_the_same_to_the_bit_wherever_it_lies_in_memory() -> None:
    path = torch.from_numpy(np.random.default_rng(0).standard_normal((9, 700)))
    first = _bent(path)
    kept = []
    for size in range(200):
        kept.append(torch.empty(size * 7 + 1, dtype=torch.float64))
        assert torch.equal(_bent(path.clone()), first)
