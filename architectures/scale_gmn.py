"""ScaleGMN and its sign form: message passing that also respects the rescaling of neurons.

Kalogeropoulos, Bouritsas, Panagakis, *Scale Equivariant Graph Metanetworks*, NeurIPS 2024, arXiv 2406.10685.

Where the activation commutes with positive factors (ReLU) or with signs (tanh, sine), hidden neuron j may be rescaled by q_j,

    W[j, k] -> q_j W[j, k] / q_k,    b[j] -> q_j b[j],

and the network computes the same function. On the parameter graph every neuron carries two features: x_j, which goes with q_j
as its bias does, and y_j, which goes with 1 / q_j as its outgoing weights do. Input and output neurons have q = 1; there x
and y start from a learned vector for each neuron. What is invariant, and continuous where a neuron is dead, are products:

    p_j = (A x_j) * (B y_j) (1 + log h) / h + type of the layer,    h = sqrt(1 + ||A x_j||^2 ||B y_j||^2)

with ||.|| the root of the mean square; h keeps the size in hand. An equivariant map is

    F(z; p) = (A z) * g(z; p)
    g = tanh lin act(G z / ||z|| + K p + c)                                             for positive factors
    g = tanh lin (act(u + K p + c) + act(-u + K p + c)),  u = G z / sqrt(1 + ||z||^2)   for signs

where act is the sigmoid, and for signs g is of the form `rho(z) + rho(-z)`: g stays bounded, or a network of d blocks would grow as a
power 2^d of its weights. A block does

    m_jk = F(x_k; p_k) * (B W[j, k])                       B linear: one vector for each layer
    x_j += F([x_j; sum_k F([x_j; m_jk])]; p_j)

and the same for y against the edges by maps of its own. The published backward pass reads 1 / W[j, k] for positive factors,
which does not exist at a pruned weight; y, which runs backward as a gradient does, needs W[j, k] alone. In the F inside the sum
A is block-diagonal with the identity on m, and g is its inner layer: then no product as large as the edges is left, and all
that is large is point-wise.

Neurons of all layers stand in one tensor, inputs first, and x and y in one, z `[2, N, B, C]`: a small network is a question of how many
operations there are, not of how large, and every map on neurons is one for all layers and both directions. So are the edges of a small
batch; those of a large one are taken in parts that stay in the cache, which is a question of memory. For positive factors the
weights come in a frame of powers of two (`characters.framed`), which changes no bit and lets norms be plain roots of squares; edits
are taken back out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ..harness.plugins.architecture import Equivariant, Invariant, Unsupported, register
from ..harness.weights.activations import HOMOGENEOUS, ODD
from ..harness.weights.batch import Weights
from ..harness.weights.space import WeightSpace
from .characters import compressed, demand_law, framed, no_covectors, restored, root_mean_square
from .heads import check_input, check_size, mlp_head
from .parameter_graph import EdgeMLP, Graph, Wiring, lecun_, mean
from .rescaling_edges import Edges, above_zero, edges_of, ends_of_edges, gate, mean_square


class RescalingGMN(nn.Module):
    """`phi(g v) = phi(v)` or `g phi(v)` for permutations of hidden neurons and the rescalings of `signs` or positive factors.

    Args:
        space: an MLP space whose activation commutes with the rescalings.
        output: `Invariant(dim)`: the mean over each layer of an act(lin p), joined, then an MLP; `Equivariant(channels)`:
            `W[j, k] * MLP [p_j; p_k; p_jk] + x_j . M y_k` with p_jk the invariant of an edge, and `F(x_j; p_j)` for b_j.
        channels: C, of x and y.
        depth: number of blocks.
        head: hidden width of the invariant read-out.

    Factors that are powers of two leave every bit as it is, short of over- and underflow.

    Raises:
        Unsupported: the space is no MLP's, its activation does not commute with the rescalings, or covectors are asked for.
        ValueError: an option out of range.
        SpaceError (when called): weights of another space.
    """

    name: str
    activations: tuple[str, ...]
    signs: bool
    senders: torch.Tensor
    counts: torch.Tensor
    ends: torch.Tensor | None

    def __init__(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        channels: int = 32,
        depth: int = 4,
        head: int = 128,
    ):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported(f"{self.name} reads the parameter graph of an MLP, which {space} does not have")
        demand_law(self.name, space, self.activations, signs=self.signs)
        no_covectors(self.name, output, signs=self.signs)
        for option, value in (("channels", channels), ("depth", depth), ("head", head)):
            check_size(option, value)
        self.space = space
        self.encoder = Encoder(space, channels, self.signs)
        layers = len(space.widths) - 1
        self.forward_passes, self.backward_passes = (
            nn.ModuleList(Pass(layers, channels, self.signs, back=back) for _ in range(depth)) for back in (False, True)
        )
        self.invariants = nn.ModuleList(NodeInvariants(space.widths, channels, self.signs) for _ in range(depth + 1))
        if isinstance(output, Invariant):
            self.pooled = nn.Linear(channels, channels)
            self.head: nn.Module = mlp_head((layers + 1) * channels, head, output.dim, depth=1)
        else:
            self.head = EquivariantHead(space, channels, output.channels, self.signs)
        self.invariant = isinstance(output, Invariant)
        # The row of `[forward.weights; backward.weights]` for each neuron as a sender; that of who sends nothing is never seen.
        layer = layer_of(space.widths)
        senders = torch.cat([layer.clamp(max=layers - 1), layers + (layer - 1).clamp(min=0)])
        self.register_buffer("senders", senders, persistent=False)
        # How many messages each neuron gathers along and against the edges; none is a sum of zero.
        counts = torch.tensor([[1, *space.widths[:-1]], [*space.widths[1:], 1]])[:, layer]
        self.register_buffer("counts", counts.view(-1, 1, 1), persistent=False)
        self.register_buffer("ends", ends_of_edges(space.widths, channels), persistent=False)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        v, powers = (v, []) if self.signs else framed(v)
        z = self.encoder(v)
        lengths = self.counts.to(z.dtype).rsqrt()
        edges = edges_of(v, self.signs, self.ends, z.shape[-1])
        *blocks, last = self.invariants
        maps = steps(self.forward_passes, self.backward_passes, self.senders)  # type: ignore[arg-type]
        for invariants, of in zip(blocks, maps, strict=True):
            z = both_ways(of, z, invariants(z), edges, lengths, self.signs)
        p = last(z)
        if not self.invariant:
            x, y, p = (each.transpose(0, 1) for each in (*z, p))
            return restored(self.head(v, x, y, p), powers)
        pooled = functional.silu(self.pooled(p)).split(self.space.widths)
        return self.head(torch.cat([mean(layer, 0) for layer in pooled], -1))


@register(
    "scale-gmn",
    symmetry="permutation+scale",
    power="unknown",
    modes=("eval", "train"),
    spaces="MLPs, homogeneous activation",
    paper="Kalogeropoulos et al. 2024, arXiv 2406.10685",
)
class ScaleGMN(RescalingGMN):
    """`RescalingGMN` for positive factors, q_j > 0."""

    name = "scale-gmn"
    activations = HOMOGENEOUS
    signs = False


@register(
    "sign-gmn",
    symmetry="permutation+sign",
    power="unknown",
    modes=("eval", "train"),
    spaces="MLPs, odd activation",
    paper="Kalogeropoulos et al. 2024, arXiv 2406.10685",
)
class SignGMN(RescalingGMN):
    """`RescalingGMN` for signs, q_j = 1 or -1."""

    name = "sign-gmn"
    activations = ODD
    signs = True


class Encoder(nn.Module):
    """`v` -> z, x and y of all neurons, by one linear run from the inputs up, and one from the outputs down.

    `x_l = a_l b_l + c_l * W_l x_{l-1}` and `y_{l-1} = d_l * W_l^T y_l`, with a vector of C numbers for each of a, c, d, so
    that every neuron has both features at any number of layers and blocks.
    """

    def __init__(self, space: WeightSpace, channels: int, signs: bool):
        super().__init__()
        self.signs = signs
        widths = space.widths
        self.inputs, self.outputs = (nn.Parameter(torch.randn(count, channels)) for count in (widths[0], widths[-1]))
        self.bias, self.up, self.down = (
            nn.ParameterList(nn.Parameter(torch.randn(channels)) for _ in widths[1:]) for _ in range(3)
        )

    def forward(self, v: Weights) -> torch.Tensor:
        """`Weights` of B networks, one channel -> z `[2, N, B, C]`."""
        x, y = [self.inputs.expand(v.batch, -1, -1)], [self.outputs.expand(v.batch, -1, -1)]
        for w, b, bias, up in zip(v.weights, v.biases, self.bias, self.up, strict=True):
            x.append(
                settled(torch.addcmul(b * bias, torch.bmm(w.squeeze(-1), x[-1]), up * w.shape[2] ** -0.5), self.signs)
            )
        for w, down in zip(reversed(v.weights), reversed(list(self.down)), strict=True):
            y.append(settled(torch.bmm(w.squeeze(-1).mT, y[-1]) * (down * w.shape[1] ** -0.5), self.signs))
        return torch.cat([*x, *y[::-1]], 1).transpose(0, 1).contiguous().unflatten(0, (2, -1))


def layer_of(widths: Sequence[int]) -> torch.Tensor:
    """`[N]`: for every neuron the number of its layer."""
    return torch.repeat_interleave(torch.arange(len(widths)), torch.tensor(widths))


class NodeInvariants(nn.Module):
    """z -> p of all neurons; with signs, x and y are of one kind, and p is `(A [x; y]) * (B [x; y])`."""

    layers: torch.Tensor

    def __init__(self, widths: Sequence[int], channels: int, signs: bool):
        super().__init__()
        self.signs = signs
        inputs = 2 * channels if signs else channels
        self.left, self.right = (nn.Linear(inputs, channels, bias=False) for _ in range(2))
        self.types = nn.Parameter(torch.randn(len(widths), channels))
        self.register_buffer("layers", layer_of(widths), persistent=False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """z `[2, N, B, C]` -> p `[N, B, C]`."""
        ends = torch.cat(z.unbind(), -1).flatten(0, 1).expand(2, -1, -1) if self.signs else z.flatten(1, 2)
        found = torch.bmm(ends, torch.stack([self.left.weight, self.right.weight]).mT).view_as(z)
        (up, down), (of_up, of_down) = found, mean_square(found)
        return torch.addcmul(
            self.types.index_select(0, self.layers).unsqueeze(1), up * down, compression(of_up * of_down)
        )


def compression(square: torch.Tensor) -> torch.Tensor:
    """`(1 + log h) / h` of `h = sqrt(1 + square)`."""
    inverse = (square + 1).rsqrt()
    return inverse + torch.special.entr(inverse)


def settled(z: torch.Tensor, signs: bool) -> torch.Tensor:
    """A new x or y: signs leave its norm alone, so that it may be kept in hand too; with positive factors it may not."""
    return z * compression(mean_square(z)) if signs else z


def half_factor(last: torch.Tensor, bias: torch.Tensor, inner: torch.Tensor) -> torch.Tensor:
    """`tanh lin inner / 2`, which is `sigmoid(2 lin inner) - 1/2` and so a fifth of the time of a tanh."""
    return torch.baddbmm(bias, inner, last, beta=2, alpha=2).sigmoid_() - 0.5


class Scaled(nn.Module):
    """The maps of `F(z; p)`, `inputs -> outputs`, and F on neurons; the module's docstring has the formula."""

    def __init__(self, inputs: int, channels: int, outputs: int, signs: bool):
        super().__init__()
        self.signs = signs
        self.linear, self.direction = (nn.Linear(inputs, size, bias=False) for size in (outputs, channels))
        self.invariant, self.last = nn.Linear(channels, channels), nn.Linear(channels, outputs)

    def forward(self, z: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
        """z `[..., inputs]` and p `[..., C]` -> `[..., outputs]`."""
        unit = above_zero(mean_square(z), self.signs).rsqrt()
        return self.linear(z) * self.last(gate(self.invariant(p), self.direction(z), unit, self.signs)).tanh()


class Pass(nn.Module):
    """The maps of a step of x along the edges, or of y against them.

    Args:
        layers: L; `weights` holds the B of each layer of edges, the lowest first.
        channels: C.
        signs: whether the factors are signs.
        back: whether messages go from the outputs to the inputs.
    """

    def __init__(self, layers: int, channels: int, signs: bool, *, back: bool):
        super().__init__()
        self.own, self.of_receiver, self.of_message = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        drawn = [torch.randn(channels) for _ in range(layers)]
        self.weights = nn.Parameter(torch.stack(drawn[::-1] if back else drawn))
        self.constant = nn.Parameter(torch.randn(channels))
        self.send = Scaled(channels, channels, channels, signs)
        self.update = Scaled(2 * channels, channels, channels, signs)
        # In tuples, which are no modules of their own: to look a module up takes as long as a small operation.
        self.squares = (
            *(self.own, self.of_receiver, self.send.linear, self.send.direction, self.of_message),
            *(self.send.invariant, self.update.invariant, self.send.last, self.update.last),
        )
        self.updates = self.update.linear, self.update.direction


class Step(NamedTuple):
    """The maps of a block, those of x and of y stacked so that each is one product for both."""

    of_x: torch.Tensor
    """`[2, C, 4 C]`: A and G_1 of `F([x_j; m_jk])`, A and G of `F(x_k; p_k)`."""
    of_sent: torch.Tensor
    """`[2, C, C]`: G_2."""
    of_p: torch.Tensor
    """`[2, C, 2 C]`: K of `F(x_k; p_k)` and of the update."""
    last_of_sent: torch.Tensor
    last_of_update: torch.Tensor
    bias_of_p: torch.Tensor
    bias_of_sent: torch.Tensor
    bias_of_update: torch.Tensor
    update: torch.Tensor
    """`[2, 2 C, 2 C]`: A and G of `F([x_j; gathered])`."""
    weights: torch.Tensor
    """`[2, N, 1, C]`: twice the B of each neuron as a sender."""
    constant: torch.Tensor
    """`[2, C]`: c of `F([x_j; m_jk])`."""


def steps(ups: Sequence[Pass], downs: Sequence[Pass], senders: torch.Tensor) -> list[Step]:
    """One for each block; parameters of all blocks are joined at once, since many small copies are what takes time."""
    both = [each for pair in zip(ups, downs, strict=True) for each in pair]
    depth, C = len(ups), len(both[0].constant)

    def joined(rows: Iterable[torch.Tensor], columns: int) -> torch.Tensor:
        """`[depth, 2, columns, rows]`"""
        return torch.stack(tuple(rows)).view(depth, 2, -1, columns).transpose(2, 3)

    square = joined((each.weight for of in both for each in of.squares), C).split([4 * C, C, 2 * C, C, C], -1)
    biases = joined((each.bias for of in both for each in of.squares[-4:]), 1).split([2 * C, C, C], -1)
    update = joined((each.weight for of in both for each in of.updates), 2 * C)
    weights = torch.stack([of.weights for of in both]).view(depth, -1, C).index_select(1, senders) * 2
    constant = torch.stack([of.constant for of in both]).view(depth, 2, C)
    parts = [*square, *biases, update, weights.view(depth, 2, -1, 1, C), constant]
    return [Step._make(each) for each in zip(*(part.unbind() for part in parts), strict=True)]


def both_ways(
    of: Step, z: torch.Tensor, p: torch.Tensor, edges: Edges, lengths: torch.Tensor, signs: bool
) -> torch.Tensor:
    """z after a step of x along the edges and one of y against them.

    Args:
        of: the maps.
        z: x and y, `[2, N, B, C]`.
        p: invariants `[N, B, C]`.
        edges: the weights.
        lengths: by what the sum that each neuron gathers is multiplied, for x and for y, `[2 N, 1, 1]`.
    """
    flat, C = z.flatten(1, 2), z.shape[-1]
    of_send, of_update = torch.baddbmm(of.bias_of_p, p.flatten(0, 1).expand(2, -1, -1), of.of_p).split(C, -1)
    receiving, carried, aimed = torch.bmm(flat, of.of_x).split([2 * C, C, C], -1)
    square = mean_square(flat)

    g = gate(of_send, aimed, above_zero(square, signs).rsqrt(), signs)
    sent = ((carried * half_factor(of.last_of_sent, of.bias_of_sent, g)).view_as(z) * of.weights).view_as(flat)
    sending = torch.cat([sent, torch.bmm(sent, of.of_sent)], -1)
    # Mean squares are those of [x; m], which has twice as many entries.
    ends = (
        tuple(each.view(2 * z.shape[1], z.shape[2], each.shape[-1]) for each in some)
        for some in ((above_zero(square * 0.5, signs), receiving), (mean_square(sent) * 0.5, sending))
    )
    gathered = edges.gathered(of.constant, *ends) * lengths

    new = torch.cat([flat, gathered.view_as(flat)], -1)
    linear, along = torch.bmm(new, of.update).split(C, -1)
    g = gate(of_update, along, above_zero(mean_square(new), signs).rsqrt(), signs)
    step = half_factor(of.last_of_update, of.bias_of_update, g)
    return settled(torch.addcmul(flat, linear, step, value=2), signs).view_as(z)


class EquivariantHead(nn.Module):
    """x, y, p -> Weights that go with q as `v` does."""

    def __init__(self, space: WeightSpace, channels: int, outputs: int, signs: bool):
        super().__init__()
        self.space, self.outputs = space, outputs
        self.left, self.right = (nn.Linear(channels, channels, bias=False) for _ in range(2))
        self.edges = EdgeMLP(Wiring(space), channels)
        self.factor = nn.Linear(channels, outputs)
        self.form = nn.Linear(channels, outputs * channels, bias=False)
        self.biases = Scaled(channels, channels, outputs, signs)

    def forward(self, v: Weights, x: torch.Tensor, y: torch.Tensor, p: torch.Tensor) -> Weights:
        """`Weights` with one channel, x, y and p `[B, N, C]` -> `Weights` with `outputs` channels."""
        widths = self.space.widths

        def layers(neurons: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return neurons.split(widths, 1)

        sent, received = self.left(x), self.right(y)
        sizes = root_mean_square(sent), root_mean_square(received)
        ends = (layers(sent)[:-1], layers(sizes[0])[:-1], layers(received)[1:], layers(sizes[1])[1:])
        invariants = tuple(
            compressed(
                sender.unsqueeze(1) * w * receiver.unsqueeze(2),
                sender_size.unsqueeze(1) * w * receiver_size.unsqueeze(2),
            )
            for sender, sender_size, receiver, receiver_size, w in zip(*ends, v.weights, strict=True)
        )
        hidden = self.edges(Graph(p, invariants))
        forms = layers(self.form(y).unflatten(-1, (self.outputs, -1)))[:-1]
        named = {}
        for layer, (edge, w, own, form) in enumerate(zip(hidden, v.weights, layers(x)[1:], forms, strict=True), 1):
            named[f"W{layer}"] = w * self.factor(edge) + torch.einsum("bjc,bkoc->bjko", own, form)
        named |= {f"b{layer}": bias for layer, bias in enumerate(layers(self.biases(x, p))[1:], 1)}
        return Weights(self.space, named)
