"""Re-drawn parameters come from a density: off every exact zero, at the tensor's own scale, from the generator alone."""

from __future__ import annotations

import torch
from torch import nn

from orbitcheck.harness.plugins.redraw import redraw_


def drawn(module: nn.Module, gain: float = 1.0, seed: int = 0) -> nn.Module:
    redraw_(module, seed, gain)
    return module


def test_no_parameter_stays_at_zero():
    module = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    assert all(bool((parameter != 0).all()) for parameter in drawn(module).parameters())


def test_noise_has_the_fan_in_scale_and_matrices_the_gain():
    module = nn.Linear(400, 300)
    nn.init.zeros_(module.weight)
    nn.init.zeros_(module.bias)
    drawn(module, gain=5.0)
    assert abs(float(module.weight.detach().std()) / (5.0 * 400**-0.5) - 1) < 0.02
    assert abs(float(module.bias.detach().std()) / 300**-0.5 - 1) < 0.1


def test_the_same_seed_draws_the_same_in_both_precisions():
    torch.manual_seed(0)
    single = nn.Linear(5, 4)
    double = nn.Linear(5, 4).double()
    double.load_state_dict(single.state_dict())
    torch.testing.assert_close(drawn(single).weight.double(), drawn(double).weight, rtol=1e-6, atol=1e-6)
    assert torch.equal(drawn(nn.Linear(5, 4), seed=1).weight == 0, torch.zeros(4, 5, dtype=torch.bool))


def test_a_plug_in_re_draws_itself_where_it_says_so():
    class Own(nn.Linear):
        def redraw_(self, generator):
            with torch.no_grad():
                self.weight.fill_(torch.rand((), generator=generator).item() + 2)

    module = drawn(Own(3, 3), gain=10.0)
    assert float(module.weight.detach().min()) == float(module.weight.detach().max()) > 2
