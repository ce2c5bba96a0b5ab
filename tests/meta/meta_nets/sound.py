"""Correct networks with habits that could be taken for faults. Every row that is asked of them must be green."""

from __future__ import annotations

import torch
from meta_nets.base import Editor, Net, Reader, inside
from torch import nn
from torch.nn.functional import gelu
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from orbitcheck import Invariant, Unsupported, Weights, register


@register("plain", power="1-wl", rounds=lambda depth: (min(depth, 3), depth + 1))
class Plain(Net):
    """What all others are made of."""


@register("attention-of-hundreds")
class AttentionOfHundreds(Net):
    """Softmax over neurons at logits of several hundred."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 2):
        super().__init__(space, output, channels=channels, depth=depth)
        self.query, self.key, self.value = (nn.Linear(channels, channels) for _ in range(3))

    def neurons(self, h, biases):
        def attend(i, x):
            logits = self.query(x) @ self.key(x).transpose(1, 2)
            logits = 300 * torch.tanh(logits)
            return x + logits.softmax(-1) @ self.value(x)

        return inside(h, attend)


@register("sums")
class Sums(Net):
    """Sums messages and neurons, however many there are."""

    def gather(self, messages, dim):
        return messages.sum(dim)

    def pool(self, x, biases):
        return x.sum(1)


@register("division-by-almost-zero")
class DivisionByAlmostZero(Net):
    """Divides by a mean of absolute values plus 1e-8, which is all that is left at zero."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + biases[i] / (biases[i].abs().mean(1, keepdim=True) + 1e-8))


@register("standardised")
class Standardised(Net):
    """Divides by a standard deviation over neurons, with eps under the root."""

    def neurons(self, h, biases):
        def standard(i, x):
            centred = x - x.mean(1, keepdim=True)
            return x + centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()

        return inside(h, standard)


@register("inner-gradient")
class InnerGradient(Editor):
    """Edits by the gradient of an invariant energy, taken within the forward call."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 2):
        super().__init__(space, output, channels=channels, depth=depth)
        self.energy = Plain(space, Invariant(output.channels), channels=channels, depth=depth)
        del self.edges, self.nodes, self.enter, self.ends, self.up, self.down, self.step

    def forward(self, v):
        recorded = torch.is_grad_enabled()
        with torch.enable_grad():
            leaves = {
                name: t if recorded and t.requires_grad else t.detach().clone().requires_grad_()
                for name, t in v.items()
            }
            energies = self.energy(Weights(v.space, leaves)).sum(0)
            slopes = [torch.autograd.grad(e, list(leaves.values()), create_graph=True) for e in energies]
        made = {name: torch.cat([s[i] for s in slopes], -1) for i, name in enumerate(leaves)}
        return Weights(v.space, made if recorded else {name: t.detach() for name, t in made.items()})


@register("kept-buffer")
class KeptBuffer(Reader):
    """Returns one buffer a shape, which the next call overwrites, where no gradient is recorded."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.kept = {}

    def finish(self, y):
        if y.requires_grad:
            return y
        return self.kept.setdefault((y.shape, y.dtype), torch.empty_like(y)).copy_(y)


@register("kept-buffer-of-the-editor")
class KeptBufferOfTheEditor(Editor):
    """The same for editing networks."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.kept = {}

    def finish_weights(self, made, v):
        if any(t.requires_grad for t in made.values()):
            return made
        return {
            name: self.kept.setdefault((name, t.shape, t.dtype), torch.empty_like(t)).copy_(t)
            for name, t in made.items()
        }


@register("batch-norm-of-channels")
class BatchNormOfChannels(Net):
    """Running statistics per channel: right in eval, whatever was seen in train mode."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.norm = nn.BatchNorm1d(channels)

    def neurons(self, h, biases):
        return inside(h, lambda i, x: self.norm(x.transpose(1, 2)).transpose(1, 2))


@register("tied-and-normed")
class TiedAndNormed(Net):
    """One weight-normed map for every step and both directions."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        one = parametrizations.weight_norm(nn.Linear(2 * channels + 1, channels))
        self.up, self.down = nn.ModuleList([one] * depth), nn.ModuleList([one] * depth)


@register("dropout-in-train")
class DropoutInTrain(Net):
    """Drops in train mode, which it does not claim."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: nn.functional.dropout(x, 0.3, self.training))


@register("sorted-channels")
class SortedChannels(Net):
    """Sorts every channel by itself over neurons, and reads the sorted list."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.lists = nn.ModuleList(nn.Linear(n, 4) for n in self.widths[1:-1])
        self.back = nn.Linear(4 * channels, channels)

    def neurons(self, h, biases):
        def read(i, x):
            ordered = x.transpose(1, 2).sort(-1).values
            return x + self.back(self.lists[i](ordered).flatten(1)).unsqueeze(1)

        return inside(h, read)


@register("doubles-inside")
class DoublesInside(Net):
    """Computes in float64 whatever it is given, and answers in the input's dtype."""

    def forward(self, v):
        wide = {name: p.double() for name, p in [*self.named_parameters(), *self.named_buffers()]}
        answer = torch.func.functional_call(
            _Forward(self), {f"net.{name}": t for name, t in wide.items()}, (v.to(torch.float64),)
        )
        return answer.to(v.dtype)


class _Forward(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, v):
        return Net.forward(self.net, v)


@register("waves")
class Waves(Net):
    """A characteristic function of the features, in complex numbers, and its Fourier coefficients."""

    def neurons(self, h, biases):
        def wave(i, x):
            z = torch.polar(torch.ones_like(x), x).mean(1, keepdim=True)
            spectrum = torch.fft.fft(z, dim=-1, norm="ortho")
            return x + spectrum.real**2 + spectrum.imag**2

        return inside(h, wave)


@register("spectrum")
class SpectrumOfFeatures(Net):
    """Eigenvalues of the features' covariance over neurons, with a ridge."""

    def neurons(self, h, biases):
        def spectral(i, x):
            few = x[..., :4].tanh()
            ridge = torch.diag(torch.arange(1.0, 5.0, dtype=x.dtype, device=x.device))
            values = torch.linalg.eigvalsh(few.transpose(1, 2) @ few / few.shape[1] + ridge)
            return torch.cat([x[..., :4] + values.unsqueeze(1), x[..., 4:]], -1)

        return inside(h, spectral)


@register("log-sum-exp")
class LogSumExp(Net):
    """A soft maximum of messages."""

    def gather(self, messages, dim):
        return messages.logsumexp(dim)


@register("frozen-zeros")
class FrozenZeros(Net):
    """A table of hidden neurons, zero for good: no gradient reaches it."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.ParameterList(
            nn.Parameter(torch.zeros(n, channels), requires_grad=False) for n in self.widths[1:-1]
        )

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.table[i])


@register("constrained")
class Constrained(Net):
    """Rows of a table are one and the same, which its own re-draw and its gradients keep."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.table = nn.ParameterList(nn.Parameter(torch.zeros(n, channels)) for n in self.widths[1:-1])
        for one in self.table:
            one.register_hook(lambda gradient: gradient.mean(0, keepdim=True).expand_as(gradient).contiguous())

    def redraw_(self, generator):
        with torch.no_grad():
            for name, p in self.named_parameters():
                rows = (1, *p.shape[1:]) if name.startswith("table") else p.shape
                scale = max(p[0].numel() if p.ndim > 1 else p.numel(), 1) ** -0.5
                p.add_(scale * torch.randn(rows, generator=generator).to(p))

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.table[i])


@register("drawn-features")
class DrawnFeatures(Net):
    """Random features that are no part of the saved state; its own re-draw draws them, too."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.register_buffer("features", torch.randn(channels, channels) / channels**0.5, persistent=False)

    def redraw_(self, generator):
        with torch.no_grad():
            for p in (*self.parameters(), self.features):
                p.add_(
                    max(p[0].numel() if p.ndim > 1 else p.numel(), 1) ** -0.5
                    * torch.randn(p.shape, generator=generator).to(p)
                )

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x @ self.features)


@register("recomputed")
class Recomputed(Net):
    """Forgets what happens inside and computes it again for the gradient."""

    def messages(self, step, i, ends):
        if not torch.is_grad_enabled():
            return super().messages(step, i, ends)
        return checkpoint(super().messages, step, i, ends, use_reentrant=False)


@register("spectral-normed")
class SpectralNormed(Net):
    """A spectrally normalised map, whose power iteration moves buffers in train mode."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.map = parametrizations.spectral_norm(nn.Linear(channels, channels))

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + self.map(x))


@register("draws-for-nothing")
class DrawsForNothing(Net):
    """Moves the random state of torch, and uses nothing of what it drew."""

    def neurons(self, h, biases):
        torch.rand(3)
        return h


@register("refuses-strides")
class RefusesStrides(Net):
    """Says clearly that it takes contiguous weights."""

    def inputs(self, v):
        for name, t in v.items():
            if not t.is_contiguous():
                raise ValueError(f"{name} must be contiguous; call .contiguous() first")
        return super().inputs(v)


@register("without-biases")
class WithoutBiases(nn.Module):
    """Homogeneous without a bias anywhere: the answer at zero is exactly zero."""

    def __init__(self, space, output, *, channels: int = 12):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        size = output.dim if isinstance(output, Invariant) else output.channels
        self.output, count = output, len(space.axes)
        self.enter = nn.ModuleDict({name: nn.Linear(1, channels, bias=False) for name in space.axes})
        self.mix = nn.Linear(count * channels, channels, bias=False)
        self.leave = nn.ModuleDict({name: nn.Linear(2 * channels, size, bias=False) for name in space.axes})
        self.read = nn.Linear(channels, size, bias=False)

    def forward(self, v):
        x = {name: torch.tanh(self.enter[name](t)) for name, t in v.items()}
        whole = torch.tanh(self.mix(torch.cat([t.flatten(1, -2).mean(1) for t in x.values()], -1)))
        if isinstance(self.output, Invariant):
            return self.read(whole)
        wide = {name: whole.view(len(whole), *[1] * (t.ndim - 2), -1).expand_as(t) for name, t in x.items()}
        return Weights(v.space, {name: self.leave[name](torch.cat([t, wide[name]], -1)) for name, t in x.items()})


@register("huge-and-tiny")
class HugeAndTiny(Net):
    """Answers of 1e12, and of 1e-12 in the editor."""

    def finish(self, y):
        return 1e12 * y

    def finish_weights(self, made, v):
        return {name: 1e-12 * t for name, t in made.items()}


@register("gated-recurrence")
class GatedRecurrence(Net):
    """Steps by a GRU cell shared by all neurons."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.cell = nn.GRUCell(channels, channels)

    def neurons(self, h, biases):
        def stepped(i, x):
            mean = x.mean(1, keepdim=True).expand_as(x)
            return self.cell(mean.flatten(0, 1), x.flatten(0, 1)).view_as(x)

        return inside(h, stepped)


@register("sorted-by-first-bias", domain="general-position", continuous=False)
class SortedByBias(Net):
    """Ranks hidden neurons by bias; claims weights whose biases differ, and no continuity."""

    def neurons(self, h, biases):
        def ranked(i, x):
            rank = biases[i].squeeze(-1).argsort(dim=1).argsort(dim=1)
            return x + torch.sin(rank.to(x.dtype)).unsqueeze(-1)

        return inside(h, ranked)


@register("gradient-free-reader")
class GradientFreeReader(Reader):
    """Detaches its answer from the input: it carries gradients in the parameters alone."""

    def inputs(self, v):
        weights, biases = super().inputs(v)
        return [w.detach() for w in weights], [b.detach() for b in biases]


@register("scatters")
class Scatters(Net):
    """Sums messages by scattering them, as graph libraries do."""

    def gather(self, messages, dim):
        other = 3 - dim
        sums = torch.zeros_like(messages.select(dim, 0))
        for k in range(messages.shape[dim]):
            sums = sums.index_add(
                1, torch.arange(messages.shape[other], device=sums.device), gelu(messages.select(dim, k))
            )
        return sums / messages.shape[dim]


@register("complex-parameters")
class ComplexParameters(Net):
    """Filters channels in Fourier space, by complex parameters and phases that are a complex buffer."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.filter = nn.Parameter(torch.randn(channels // 2 + 1, dtype=torch.complex64))
        self.register_buffer("phases", torch.polar(torch.ones(channels // 2 + 1), torch.arange(channels // 2 + 1.0)))

    def neurons(self, h, biases):
        return [x + torch.fft.irfft(torch.fft.rfft(x) * self.filter * self.phases, n=x.shape[-1]) for x in h]


@register("keeps-its-answer")
class KeepsItsAnswer(Net):
    """Keeps features and answer, with their gradients, for a loss of somebody else's."""

    def neurons(self, h, biases):
        self.features = h
        return h

    def finish(self, y):
        self.answer = y
        return y


@register("own-generator")
class OwnGenerator(Net):
    """Random features from a generator of its own, which starts anew at each call."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        self.generator = torch.Generator()

    def neurons(self, h, biases):
        self.generator.manual_seed(0)
        drawn = torch.randn(self.channels, self.channels, generator=self.generator, dtype=torch.float64).to(h[0])
        return [x + torch.tanh(x @ drawn / self.channels**0.5) for x in h]


@register("silent-at-first")
class SilentAtFirst(Net):
    """Ends in layers of zeros: nothing of the input shows before training."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 3):
        super().__init__(space, output, channels=channels, depth=depth)
        for last in [self.head[-1]] if isinstance(output, Invariant) else [*self.edges, *self.nodes]:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)


@register("soft-bins")
class SoftBins(Net):
    """Counts biases in bins with hats of width 1/100: steep, and no jump."""

    def neurons(self, h, biases):
        edges = torch.linspace(-2.03, 2.11, 9, dtype=biases[0].dtype)
        return inside(h, lambda i, x: x + (1 - 100 * (biases[i] - edges).abs()).relu().mean((1, 2), keepdim=True))


@register("steep-gates")
class SteepGates(Net):
    """Gates that open over a thousandth."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x * (1 + torch.sigmoid(1e3 * biases[i])))


@register("unit-vectors")
class UnitVectors(Net):
    """Every neuron's features divided by their length."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: nn.functional.normalize(x, dim=-1))


@register("stopped-statistics")
class StoppedStatistics(Net):
    """Divides by a size through which no gradient goes, on purpose."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x / (1 + x.square().mean(1, keepdim=True).detach()))


@register("largest-features")
class LargestFeatures(Net):
    """The two largest values of every channel, whoever has them."""

    def neurons(self, h, biases):
        return inside(h, lambda i, x: x + 0.5 * x.topk(min(2, x.shape[1]), 1).values.sum(1, keepdim=True))
