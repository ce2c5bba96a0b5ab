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

Neurons of all layers stand in one tensor, inputs first, and x and y in one, z `[2, B, N, C]`: a small network is a question of how many
operations there are, not of how large, and every map on neurons is one for all layers and both directions. For positive factors the
weights come in a frame of powers of two (`characters.framed`), which changes no bit and lets norms be plain roots of squares; edits
are taken back out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

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

Vectors = tuple[torch.Tensor, ...]


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
        self.register_buffer("counts", counts.view(2, 1, -1, 1), persistent=False)
        lecun_(self)

    def forward(self, v: Weights) -> torch.Tensor | Weights:
        """`Weights` of B networks, one channel -> `[B, dim]`, or `Weights` of as many with the channels asked for."""
        check_input(self.space, v)
        v, powers = (v, []) if self.signs else framed(v)
        matrices = [(w, w * w) for w in v.weights]
        z = self.encoder(v)
        lengths = self.counts.to(z.dtype).rsqrt()
        *blocks, last = self.invariants
        for invariants, up, down in zip(blocks, self.forward_passes, self.backward_passes, strict=True):
            z = both_ways(up, down, z, invariants(z), matrices, self.senders, lengths)  # type: ignore[arg-type]
        p = last(z)
        if not self.invariant:
            return restored(self.head(v, z[0], z[1], p), powers)
        pooled = functional.silu(self.pooled(p)).split(self.space.widths, 1)
        return self.head(torch.cat([mean(layer, 1) for layer in pooled], -1))


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
        """`Weights` of B networks, one channel -> z `[2, B, N, C]`."""
        x, y = [self.inputs.expand(v.batch, -1, -1)], [self.outputs.expand(v.batch, -1, -1)]
        for w, b, bias, up in zip(v.weights, v.biases, self.bias, self.up, strict=True):
            x.append(settled(torch.addcmul(b * bias, w.squeeze(-1) @ x[-1], up * w.shape[2] ** -0.5), self.signs))
        for w, down in zip(reversed(v.weights), reversed(list(self.down)), strict=True):
            y.append(settled(w.squeeze(-1).transpose(1, 2) @ y[-1] * (down * w.shape[1] ** -0.5), self.signs))
        return torch.stack([torch.cat(x, 1), torch.cat(y[::-1], 1)])


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
        """z `[2, B, N, C]` -> p `[B, N, C]`."""
        if self.signs:
            ends = together([self.left, self.right], torch.cat([z[0], z[1]], -1).flatten(0, 1).expand(2, -1, -1))
        else:
            ends = together([self.left, self.right], z.flatten(1, 2))
        up, down = ends.unbind()
        of_up, of_down = root_mean_square(ends).unbind()
        return compressed(up * down, of_up * of_down).view(z.shape[1:]) + self.types.index_select(0, self.layers)


def inverse_norm(square: torch.Tensor, signs: bool) -> torch.Tensor:
    """Of the mean square of z: 1 / ||z|| for positive factors, a number at z = 0, where F vanishes whatever g is; 1 / sqrt(1 + ||z||^2) for signs."""
    if signs:
        return (square + 1).rsqrt()
    least = torch.finfo(square.dtype).tiny ** (2 / 3)  # whose power -3/2, in the gradient, is a number too
    return square.clamp(min=least).rsqrt()


def settled(z: torch.Tensor, signs: bool) -> torch.Tensor:
    """A new x or y: signs leave its norm alone, so that it may be kept in hand too; with positive factors it may not."""
    return compressed(z, root_mean_square(z)) if signs else z


def gate(constant: torch.Tensor, along: torch.Tensor, unit: torch.Tensor, signs: bool) -> torch.Tensor:
    """`act(u + c)` of u = along * unit; for signs made even in u."""
    # In place where no gradient needs what was there: fresh memory costs as much as the sum.
    plus = torch.addcmul(constant, along, unit).sigmoid_()
    return plus + torch.addcmul(constant, along, unit, value=-1).sigmoid_() if signs else plus


class Scaled(nn.Module):
    """`F(z; p)` on neurons, `[B, n, inputs] -> [B, n, outputs]`; the module's docstring has the formula."""

    def __init__(self, inputs: int, channels: int, outputs: int, signs: bool):
        super().__init__()
        self.signs = signs
        self.linear, self.direction = (nn.Linear(inputs, size, bias=False) for size in (outputs, channels))
        self.invariant, self.last = nn.Linear(channels, channels), nn.Linear(channels, outputs)

    def forward(self, z: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
        """z `[B, n, inputs]` and p `[B, n, C]` -> `[B, n, outputs]`."""
        unit = inverse_norm(z.square().mean(-1, keepdim=True), self.signs)
        return self.linear(z) * self.last(gate(self.invariant(p), self.direction(z), unit, self.signs)).tanh()


class Pass(nn.Module):
    """The maps of a step of x along the edges, or of y against them; `both_ways` takes the two steps together.

    Args:
        layers: L; `weights` holds the B of each layer of edges, the lowest first.
        channels: C.
        signs: whether the factors are signs.
        back: whether messages go from the outputs to the inputs.
    """

    def __init__(self, layers: int, channels: int, signs: bool, *, back: bool):
        super().__init__()
        self.signs = signs
        self.own, self.of_receiver, self.of_message = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        drawn = [torch.randn(channels) for _ in range(layers)]
        self.weights = nn.Parameter(torch.stack(drawn[::-1] if back else drawn))
        self.constant = nn.Parameter(torch.randn(channels))
        self.send = Scaled(channels, channels, channels, signs)
        self.update = Scaled(2 * channels, channels, channels, signs)

    def of_neurons(self) -> tuple[torch.Tensor, ...]:
        """Everything that is linear in x, 6 C rows; of the update, which reads [x; gathered], the half that reads x."""
        update = (each.weight[:, : len(self.constant)] for each in (self.update.linear, self.update.direction))
        return (
            self.own.weight, self.of_receiver.weight, self.send.linear.weight, self.send.direction.weight, *update
        )  # fmt: skip

    def of_gathered(self) -> tuple[torch.Tensor, ...]:
        """The other half of the update, 2 C rows."""
        return tuple(each.weight[:, len(self.constant) :] for each in (self.update.linear, self.update.direction))

    def messages(self, receiver: Vectors, sender: Vectors, w: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
        """`sum_k F([x_j; m_jk])` with `m_jk = w_jk sent_k`, for the neurons of one layer, `[B, n, C]`.

        All products are taken on neurons, since `G [x_j; m_jk] = G_1 x_j + w_jk G_2 sent_k` and `||m_jk||^2 = w_jk^2 ||sent_k||^2`.

        Args:
            receiver: `||x_j||^2 / 2`, `G_1 x_j` and `A x_j`, each `[B, n, 1, .]`.
            sender: `||sent_k||^2 / 2`, `G_2 sent_k` and `sent_k`, each `[B, 1, m, .]`.
            w, square: the matrix and its squares, `[B, n, m, 1]`.
        """
        (size, turned, own), (of_size, of_turned, sent) = receiver, sender
        unit = inverse_norm(torch.addcmul(size, of_size, square), self.signs)
        g = gate(self.constant, torch.addcmul(turned, of_turned, w), unit, self.signs)
        return (g * torch.addcmul(own, sent, w)).sum(2)


def together(maps: Sequence[nn.Linear], z: torch.Tensor) -> torch.Tensor:
    """Each map of its own part in one product, `[maps, n, inputs] -> [maps, n, outputs]`."""
    weight, biases = torch.stack(tuple(each.weight for each in maps)).mT, tuple(each.bias for each in maps)
    if biases[0] is None:
        return torch.bmm(z, weight)
    return torch.baddbmm(torch.stack(biases).unsqueeze(1), z, weight)


def both_ways(
    up: Pass,
    down: Pass,
    z: torch.Tensor,
    p: torch.Tensor,
    matrices: Sequence[Vectors],
    senders: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    """z after a step of x along the edges and one of y against them; maps on neurons are taken for both at once.

    Args:
        up, down: the maps of x and of y.
        z: x and y, `[2, B, N, C]`.
        p: invariants `[B, N, C]`.
        matrices: `[B, n, m, 1]` and its squares for each layer of edges, the lowest first.
        senders: the row of `[up.weights; down.weights]` of each neuron, for x and then for y, `[2 N]`.
        lengths: by what the sum that each neuron gathers is multiplied, for x and for y, `[2, 1, N, 1]`.
    """
    _, _, neurons, C = z.shape
    x, scaled = z.flatten(1, 2), (up.send, down.send, up.update, down.update)
    maps = torch.cat([*up.of_neurons(), *down.of_neurons()]).view(2, 6 * C, C).mT
    own, turned, carried, aimed, kept = torch.bmm(x, maps).split([C, C, C, C, 2 * C], -1)
    constants = together([each.invariant for each in scaled], p.flatten(0, 1).expand(4, -1, -1)).split(2)
    square, half = x.square().sum(-1, keepdim=True), 0.5 / C  # mean squares of [x; m], which has twice as many entries

    weights = torch.cat([up.weights, down.weights]).index_select(0, senders).view(2, 1, neurons, C)
    sent = (carried * factors(scaled[:2], constants[0], aimed, square * (1 / C), up.signs)).view_as(z) * weights
    flat = sent.flatten(1, 2)
    sending = (flat.square().sum(-1, keepdim=True) * half, together([up.of_message, down.of_message], flat), flat)

    receivers, sending = (
        tuple(each.view(*z.shape[:3], -1) for each in vectors) for vectors in ((square * half, turned, own), sending)
    )
    gathered = messages_both_ways(up, down, receivers, sending, matrices)
    gathered = (gathered.unflatten(1, (2, neurons)).transpose(0, 1) * lengths).flatten(1, 2)
    maps = torch.cat([*up.of_gathered(), *down.of_gathered()]).view(2, 2 * C, C).mT
    linear, along = torch.baddbmm(kept, gathered, maps).chunk(2, -1)
    square = (square + gathered.square().sum(-1, keepdim=True)) * half
    return settled(x + linear * factors(scaled[2:], constants[1], along, square, up.signs), up.signs).view_as(z)


def factors(
    maps: Sequence[Scaled], constant: torch.Tensor, along: torch.Tensor, square: torch.Tensor, signs: bool
) -> torch.Tensor:
    """g of F for x and for y, `[2, B N, C]`: of its constant, `G z` and the mean square of z."""
    inner = gate(constant, along, inverse_norm(square, signs), signs)
    return together([each.last for each in maps], inner).tanh()


def messages_both_ways(
    up: Pass, down: Pass, receivers: Vectors, senders: Vectors, matrices: Sequence[Vectors]
) -> torch.Tensor:
    """What each neuron gathers along the edges and against them, `[B, 2 N, C]`; zeros where nobody sends.

    Args:
        receivers, senders: those of `Pass.messages`, of x and y and all neurons, `[2, B, N, .]`.
        matrices: as in `both_ways`.
    """
    widths = [matrices[0][0].shape[2], *(w.shape[1] for w, _ in matrices)]

    def layers(vectors: Vectors, dim: int) -> list[list[Vectors]]:
        """Of x and of y, one for each layer of neurons, with an axis for the other end of an edge."""
        ways = zip(*(each.unsqueeze(dim).unbind() for each in vectors), strict=True)
        return [list(zip(*(each.split(widths, 4 - dim) for each in way), strict=True)) for way in ways]

    (risen, sunk), (from_below, from_above) = layers(receivers, 3), layers(senders, 2)
    sent = senders[-1]
    none = sent.new_zeros(sent.shape[1], max(widths[0], widths[-1]), sent.shape[-1])
    along = (up.messages(r, s, *w) for r, s, w in zip(risen[1:], from_below, matrices, strict=False))
    against = (
        down.messages(r, s, w.transpose(1, 2), square.transpose(1, 2))
        for r, s, (w, square) in zip(sunk, from_above[1:], matrices, strict=False)
    )
    return torch.cat([none[:, : widths[0]], *along, *against, none[:, : widths[-1]]], 1)


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
