"""Recurrent networks as torch has them, read out after the last step: Elman networks, GRUs, LSTMs, of several layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..algebra.roles import AxisRole, Roles, Standing
from ..function import Activation, Realisation, Tensors
from ..space import SpaceError, WeightSpace
from .named import named

if TYPE_CHECKING:
    import torch

Cell = Literal["elman", "gru", "lstm"]
GATES = {"elman": ("",), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}
"""In the order in which torch stacks them."""


@named
def recurrence(*widths: int, cell: Cell = "elman", biases: bool = True, activation: str = "tanh") -> Realisation:
    """Layers `h_l` of one kind of cell, and a dense read-out of the last step.

    For each gate x of layer l `Wx_l[n_l, n_{l-1}]` and `Rx_l[n_l, n_l]`, with `bx_l`, `cx_l[n_l]` (of the input, of the memory) where
    there are biases; `W_L[m, n_{L-1}]` and `b_L[m]`. All gates share the axis `n_l`, so one permutation moves all of them and both
    places of every R. Elman networks carry what their activation does, gated cells permutations alone; what may be moved from one of two
    biases to the other is no factor of these kinds (docs/spaces.md).

    Args:
        widths: `n_0, ..., n_{L-1}, m`: of the input, of the layers, of the read-out.
        cell: elman, gru (the reset gate applied after the product, as torch does) or lstm.
        activation: of Elman cells alone.

    Raises:
        SpaceError: no layer, an unknown cell, or a size that is no positive integer.
    """
    if len(widths) < 3 or cell not in GATES:
        raise SpaceError(f"recurrence{widths} of {cell!r}; allowed: a hidden layer, cells {', '.join(GATES)}")
    last, gates = len(widths) - 1, GATES[cell]
    tensors: list[tuple[str, tuple[str, ...]]] = []
    for n in range(1, last):
        here, before = f"n{n}", f"n{n - 1}"
        for gate in gates:
            tensors += [(f"W{gate}{n}", (here, before)), (f"R{gate}{n}", (here, here))]
            tensors += [(f"b{gate}{n}", (here,)), (f"c{gate}{n}", (here,))] if biases else []
    tensors += [(f"W{last}", (f"n{last}", f"n{last - 1}")), (f"b{last}", (f"n{last}",))]
    standing = Standing.HIDDEN if cell == "elman" else Standing.PLAIN
    # A half turn may be added to one of the two biases alone: the groups of phases move all that are named.
    moved = {n: (f"b{n}",) if biases and cell == "elman" else () for n in range(1, last)}
    space = WeightSpace(
        tuple(tensors),
        tuple((f"n{n}", width) for n, width in enumerate(widths)),
        tuple(f"n{n}" for n in range(1, last)),
        activation if cell == "elman" else "tanh",
        Roles(tuple(AxisRole(f"n{n}", standing, biases=moved[n]) for n in range(1, last))),
    )

    def compute(v: Tensors, phi: Activation, x: torch.Tensor) -> torch.Tensor:
        states = [x.new_zeros(*x.shape[:2], widths[n]) for n in range(1, last)]
        memories = [state.clone() for state in states]
        for step in range(x.shape[2]):
            below = x[:, :, step]
            for n, state in enumerate(states, 1):

                def of(
                    gate: str, n: int = n, below: torch.Tensor = below, state: torch.Tensor = state
                ) -> tuple[torch.Tensor, torch.Tensor]:
                    read, kept = below @ v[f"W{gate}{n}"].transpose(1, 2), state @ v[f"R{gate}{n}"].transpose(1, 2)
                    if biases:
                        read, kept = read + v[f"b{gate}{n}"].unsqueeze(1), kept + v[f"c{gate}{n}"].unsqueeze(1)
                    return read, kept

                if cell == "elman":
                    below = phi(sum(of("")[1:], of("")[0]))
                elif cell == "gru":
                    reset, update = (sum(of(gate)[1:], of(gate)[0]).sigmoid() for gate in "rz")
                    read, kept = of("n")
                    new = (read + reset * kept).tanh()
                    below = (1 - update) * new + update * state
                else:
                    take, forget, out = (sum(of(gate)[1:], of(gate)[0]).sigmoid() for gate in "ifo")
                    memories[n - 1] = forget * memories[n - 1] + take * sum(of("g")[1:], of("g")[0]).tanh()
                    below = out * memories[n - 1].tanh()
                states[n - 1] = below
        return states[-1] @ v[f"W{last}"].transpose(1, 2) + v[f"b{last}"].unsqueeze(1)

    return Realisation(space, ("steps", "n0"), compute)
