"""Weights in the conventions of existing code, and back: lists of (W, b), features with channels first, graphs, state dicts.

Law: every `from_` is the inverse of its `to_`, entry by entry, so `from_x(space, f(to_x(v)))` has the law of f. MLP spaces. In `Weights` a tensor is `[batch, *axes, channels]`.

| convention | weights, biases | known from |
|---|---|---|
| `to_layers` | per layer `(W, b)`: `[B, n_out, n_in, C]`, `[B, n_out, C]`; `in-out` has `[B, n_in, n_out, C]` | `in-out`: DWSNets, Navon et al. 2023 |
| `to_features` | `[B, C, n_out, n_in]`, `[B, C, n_out]` | NFN, Zhou et al. 2023 |
| `to_graphs` | a node per neuron, an edge per weight, samples one after the other | PyTorch Geometric; graph metanetworks, Lim et al. 2024, Kofinas et al. 2024 |
| `to_state_dicts` | one dict a network, as `torch.nn.Sequential` names them | torch |

May import what stands beside it in weights.
"""
