"""Keep the law, and claim more than they see, less than they see, or nothing where it would show."""

from __future__ import annotations

import torch
from meta_nets.base import Editor, Net, Reader
from torch import nn

from orbitcheck import Equivariant, Invariant, Unsupported, Weights, register


def claims(name, **traits):
    return register(name, **{"power": "1-wl", "rounds": lambda depth: (depth, depth + 1), **traits})


def some(depth):
    """Rounds that a network of `depth` steps has for sure, and those that it cannot pass."""
    return min(depth, 3), depth + 1


class Shallow(Reader):
    """`depth` rounds are declared, `made` are."""

    made = 1

    def __init__(self, space, output, *, channels: int = 16, depth: int = 6):
        super().__init__(space, output, channels=channels, depth=self.made)


@claims("loud-constant")
class LoudConstant(Shallow):
    """Two rounds, and a constant a million times its signal."""

    made = 2

    def finish(self, y):
        return 1 + 1e-6 * y


@claims("large-offset")
class LargeOffset(Shallow):
    """Two rounds, and an offset of a hundred million."""

    made = 2

    def finish(self, y):
        return 1e8 + y


@claims("coarse-answer")
class CoarseAnswer(Shallow):
    """Two rounds, rounded to six digits."""

    made = 2

    def finish(self, y):
        return y.round(decimals=6)


@claims("one-step")
class OneStep(Shallow):
    """One round, declared as six."""


@claims("three-as-six")
class ThreeAsSix(Shallow):
    """Three rounds, declared as six."""

    made = 3


@claims("sharp-rounds", rounds=lambda depth: (depth, depth))
class SharpRounds(Shallow):
    """One round, declared as exactly six."""


@claims("flat-tail")
class FlatTail(Shallow):
    """Six rounds, of which all but the first move features by 1e-9."""

    made = 6

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        return (up, down) if step == 0 else (1e-9 * up, 1e-9 * down)


@claims("forward-messages")
class ForwardMessages(Reader):
    """Hears from the layer before alone."""

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        return up, torch.zeros_like(down)


@claims("backward-messages")
class BackwardMessages(Reader):
    """Hears from the layer behind alone."""

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        return torch.zeros_like(up), down


@claims("largest-message")
class LargestMessage(Reader):
    """Hears the loudest message alone: multiplicities are lost."""

    def gather(self, messages, dim):
        return messages.amax(dim)

    def pool(self, x, biases):
        return x.amax(1)


class Bag(nn.Module):
    """Reads a bag of entries of each tensor: no entry knows its neighbours."""

    def __init__(self, space, output, *, channels: int = 24, depth: int = 4):
        super().__init__()
        if not isinstance(output, Invariant):
            raise Unsupported("invariant output only")
        self.entry = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(1, channels), nn.GELU(), nn.Linear(channels, channels))
                for name in space.axes
            }
        )
        parts = [nn.Linear(channels * len(space.axes), channels), nn.GELU()]
        parts += [part for _ in range(depth) for part in (nn.Linear(channels, channels), nn.GELU())]
        self.read = nn.Sequential(*parts, nn.Linear(channels, output.dim))

    def forward(self, v):
        return self.read(torch.cat([self.entry[name](t).flatten(1, -2).mean(1) for name, t in v.items()], -1))


@claims("bag-of-entries")
class BagOfEntries(Bag):
    """Claims four rounds."""


@claims("bag-beyond-reach", rounds=lambda depth: (1, 10**6))
class BagBeyondReach(Bag):
    """Claims to see something between round 1 and round a million."""


@claims("bag-by-width")
class BagByWidth(Bag):
    """Refuses the widths at which it would be found out, without a declaration."""

    def __init__(self, space, output, *, channels: int = 24, depth: int = 4):
        if not space.is_mlp or len(set(space.widths)) < len(space.widths):
            raise Unsupported("widths must differ")
        super().__init__(space, output, channels=channels, depth=depth)


@claims("bag-by-depth")
class BagByDepth(Bag):
    """Refuses all but one hidden layer."""

    def __init__(self, space, output, *, channels: int = 24, depth: int = 4):
        if not space.is_mlp or len(space.widths) != 3:
            raise Unsupported("one hidden layer only")
        super().__init__(space, output, channels=channels, depth=depth)


@claims("bag-of-neurons")
class BagOfNeurons(Reader):
    """Neurons know the bag of their own weights, and no neighbour's bias."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 4):
        super().__init__(space, output, channels=channels, depth=1)

    def messages(self, step, i, ends):
        bare = torch.cat([torch.zeros_like(ends[..., :-1]), ends[..., -1:]], -1)
        return super().messages(step, i, bare)


@claims("editor-of-entries")
class EditorOfEntries(nn.Module):
    """Edits every entry by itself, and claims four rounds."""

    def __init__(self, space, output, *, channels: int = 16, depth: int = 4):
        super().__init__()
        if not isinstance(output, Equivariant):
            raise Unsupported("an editing network")
        self.edit = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(1, channels), nn.GELU(), nn.Linear(channels, output.channels))
                for name in space.axes
            }
        )

    def forward(self, v):
        return Weights(v.space, {name: self.edit[name](t) for name, t in v.items()})


@claims("editor-of-one-step")
class EditorOfOneStep(Editor):
    """Edits after one round, and claims six."""

    def __init__(self, space, output, *, channels: int = 12, depth: int = 6):
        super().__init__(space, output, channels=channels, depth=1)


class TwoFaced(nn.Module):
    """Passes messages where `honest` says so, and reads or edits entry by entry elsewhere; claims four rounds."""

    def __init__(self, space, output, *, depth: int = 4):
        super().__init__()
        bag = Bag if isinstance(output, Invariant) else EditorOfEntries
        self.net = Net(space, output, depth=depth) if self.honest(space, output) else bag(space, output)

    def honest(self, space, output) -> bool:
        raise NotImplementedError

    def forward(self, v):
        return self.net(v)


@claims("reads-well-edits-entries")
class ReadsWellEditsEntries(TwoFaced):
    """Its invariant output passes messages, its equivariant one does not."""

    def honest(self, space, output) -> bool:
        return isinstance(output, Invariant)


@claims("bag-at-real-widths")
class BagAtRealWidths(TwoFaced):
    """Passes messages between few neurons only."""

    def honest(self, space, output) -> bool:
        return space.is_mlp and max(space.widths) <= 32


@claims("bag-until-redrawn")
class BagUntilRedrawn(Reader):
    """As built and as trained a bag; its own re-draw turns messages on."""

    on = False

    def redraw_(self, generator):
        self.on = True
        for p in self.parameters():
            with torch.no_grad():
                p.add_(torch.randn(p.shape, generator=generator).to(p) / max(1, p.shape[-1]) ** 0.5)

    def messages(self, step, i, ends):
        up, down = super().messages(step, i, ends)
        return (up, down) if self.on else (0 * up, 0 * down)


class Spectrum(Reader):
    """Adds a closed walk's count, which refinement does not see."""

    def forward(self, v):
        product = None
        for w in v.weights[1:-1]:
            square = w.squeeze(-1).transpose(1, 2) @ w.squeeze(-1)
            walks = (square @ square).diagonal(dim1=1, dim2=2).sum(1, keepdim=True)
            product = walks if product is None else product + walks
        y = super().forward(v)
        return y if product is None else y + product / (1 + product.abs())


@claims("sees-past-refinement")
class SeesPastRefinement(Spectrum):
    """Declares 1-WL, and counts walks."""


@register("sees-past-its-declaration", power="below-1-wl")
class SeesPastItsDeclaration(Spectrum):
    """Declares less than 1-WL, and counts walks."""


@claims("over-modest", rounds=lambda depth: (1, 1))
class OverModest(Reader):
    """Declares one round, makes three."""


@register("complete-in-words", power="complete")
class CompleteInWords(Reader):
    """Passes messages, and claims to tell all orbits apart."""


@register("function-in-words", power="function")
class FunctionInWords(Reader):
    """Claims to see the function alone, and reads weights."""


@register("function-of-a-bag", power="function")
class FunctionOfABag(Bag):
    """Claims to see all of the function, and sees a bag of entries."""


@claims("inputs-alike", rounds=some)
class InputsAlike(Reader):
    """Does not know inputs apart, as if they were neurons."""

    def neurons(self, h, biases):
        return [h[0].mean(1, keepdim=True).expand_as(h[0]), *h[1:]]


@claims("weights-without-sign", rounds=some)
class WeightsWithoutSign(Reader):
    """Reads the sizes of weights."""

    def inputs(self, v):
        return [w.abs() for w in v.weights], list(v.biases)


@claims("graph-without-weights", rounds=some, continuous=False)
class GraphWithoutWeights(Reader):
    """Passes messages wherever a weight is not zero, whatever it is, and reads the weights of each tensor as a bag."""

    def inputs(self, v):
        self.bag = torch.stack([(w * k).sin().flatten(1).mean(1) for w in v.weights for k in (1, 2)], 1)
        return [(w != 0).to(w) for w in v.weights], list(v.biases)

    def finish(self, y):
        return y + self.bag.sum(1, keepdim=True)


@register("nothing-claimed", symmetry="none", power="unknown")
class NothingClaimed(Net):
    """Declares neither symmetry nor power: there is nothing to be right about."""
