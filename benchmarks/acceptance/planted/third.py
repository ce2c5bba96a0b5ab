"""The third set, in the styles of other people's code: flat graphs with an edge list, transformers over tokens of neurons.

Asked once by the rules of the second set, three red rows each: 81 % right, 3 % wrong (a norm with an epsilon, and rounded keys, were called
low precision). Causes were mended from it, so that it is no longer fresh.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from orbitcheck import Invariant, Unsupported, Weights

from .truth import INDEX, planted

LAW = ("equivariance* *",)
"""All rows of the law."""


class Flat(nn.Module):
    """PyG style: nodes flat over the batch, an edge list, index_add."""

    def __init__(self, space, output, *, channels=16, depth=3):
        super().__init__()
        if not space.is_mlp:
            raise Unsupported("MLPs only")
        self.space, self.output, self.c, self.depth = space, output, channels, depth
        ws = self.widths = space.widths
        self.L = len(ws) - 1
        self.pos_in = nn.Parameter(torch.randn(ws[0], channels))
        self.pos_out = nn.Parameter(torch.randn(ws[-1], channels))
        self.layer = nn.Embedding(len(ws), channels)
        self.bias_in = nn.Linear(1, channels)
        self.edge = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * channels + 1, channels), nn.SiLU(), nn.Linear(channels, channels))
            for _ in range(depth)
        )
        self.back = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * channels + 1, channels), nn.SiLU(), nn.Linear(channels, channels))
            for _ in range(depth)
        )
        self.upd = nn.ModuleList(nn.Linear(3 * channels, channels) for _ in range(depth))
        if isinstance(output, Invariant):
            self.head = nn.Sequential(
                nn.Linear(channels * len(ws), channels), nn.SiLU(), nn.Linear(channels, output.dim)
            )
        else:
            self.we = nn.ModuleList(nn.Linear(2 * channels + 1, output.channels) for _ in range(self.L))
            self.be = nn.ModuleList(nn.Linear(channels, output.channels) for _ in range(self.L))
        self.more()

    def more(self): ...

    def offsets(self):
        o = [0]
        for w in self.widths:
            o.append(o[-1] + w)
        return o

    def edges(self):
        o = self.offsets()
        src, dst = [], []
        for at in range(self.L):
            for j in range(self.widths[at + 1]):
                for i in range(self.widths[at]):
                    src.append(o[at] + i)
                    dst.append(o[at + 1] + j)
        return torch.tensor(src), torch.tensor(dst)

    def nodes(self, v):
        B = v.batch
        hs = [self.pos_in.expand(B, -1, -1)]
        for at, b in enumerate(v.biases):
            h = self.bias_in(b) + self.layer.weight[at + 1]
            if at == self.L - 1:
                h = h + self.pos_out
            hs.append(h)
        return torch.cat(hs, 1)

    def attr(self, v):
        return torch.cat([w.flatten(1, 2) for w in v.weights], 1)

    def aggregate(self, m, idx, N, deg):
        return torch.zeros(m.shape[0], N, self.c, dtype=m.dtype).index_add(1, idx, m) / deg[:, None]

    def between(self, h, k):
        return h

    def pool(self, h):
        o = self.offsets()
        return torch.cat([h[:, o[at] : o[at + 1]].mean(1) for at in range(self.L + 1)], -1)

    def finish(self, y):
        return y

    def edits(self, made, v):
        return made

    def deg(self, idx, N, like):
        return torch.bincount(idx, minlength=N).clamp(min=1).to(like)

    def embed(self, v):
        h, a = self.nodes(v), self.attr(v)
        s, d = self.edges()
        N = h.shape[1]
        for k in range(self.depth):
            e = torch.cat([h[:, s], h[:, d], a], -1)
            up = self.aggregate(self.edge[k](e), d, N, self.deg(d, N, h))
            dn = self.aggregate(self.back[k](e), s, N, self.deg(s, N, h))
            h = h + torch.tanh(self.upd[k](torch.cat([h, up, dn], -1)))
            h = self.between(h, k)
        return h, a

    def forward(self, v):
        h, _a = self.embed(v)
        if isinstance(self.output, Invariant):
            return self.finish(self.head(self.pool(h)))
        o, made, _at = self.offsets(), {}, 0
        for at in range(self.L):
            n, m = self.widths[at + 1], self.widths[at]
            hi, hj = h[:, o[at] : o[at + 1]], h[:, o[at + 1] : o[at + 2]]
            B = h.shape[0]
            e = torch.cat([hi[:, None].expand(B, n, m, -1), hj[:, :, None].expand(B, n, m, -1), v.weights[at]], -1)
            made[f"W{at + 1}"] = self.we[at](e)
            made[f"b{at + 1}"] = self.be[at](hj)
        return Weights(v.space, self.edits(made, v))


class Tokens(nn.Module):
    """A transformer over hidden-neuron tokens, invariant."""

    def __init__(self, space, output, *, d=16, heads=2, depth=2):
        super().__init__()
        if not space.is_mlp or not isinstance(output, Invariant):
            raise Unsupported("reads MLPs, invariant output")
        self.space, self.d, self.heads, self.depth = space, d, heads, depth
        ws = self.widths = space.widths
        self.L = len(ws) - 1
        self.win = nn.ModuleList(nn.Linear(1, d) for _ in range(self.L))
        self.wout = nn.ModuleList(nn.Linear(1, d) for _ in range(self.L))
        self.b = nn.ModuleList(nn.Linear(1, d) for _ in range(self.L))
        self.mix = nn.ModuleList(nn.Linear(3 * d, d) for _ in range(self.L))
        self.q = nn.ModuleList(nn.Linear(d, d) for _ in range(depth))
        self.k = nn.ModuleList(nn.Linear(d, d) for _ in range(depth))
        self.v = nn.ModuleList(nn.Linear(d, d) for _ in range(depth))
        self.o = nn.ModuleList(nn.Linear(d, d) for _ in range(depth))
        self.ff = nn.ModuleList(
            nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d)) for _ in range(depth)
        )
        self.n1 = nn.ModuleList(nn.LayerNorm(d) for _ in range(depth))
        self.n2 = nn.ModuleList(nn.LayerNorm(d) for _ in range(depth))
        self.head = nn.Linear(d, output.dim)
        self.more()

    def more(self): ...

    def tokens(self, v):
        """One token a neuron of layers 1..L, by mean features of what comes in and goes out."""
        ts = []
        for at in range(self.L):
            w = v.weights[at]
            i = torch.tanh(self.win[at](w)).mean(2)
            o = torch.tanh(self.wout[at](v.weights[at + 1])).mean(1) if at + 1 < self.L else torch.zeros_like(i)
            ts.append(self.mix[at](torch.cat([i, o, torch.tanh(self.b[at](v.biases[at]))], -1)))
        return torch.cat(ts, 1)

    def logits(self, a, k):
        return a

    def attend(self, x, k):
        B, N, D = x.shape

        def sp(f):
            return f(x).view(B, N, self.heads, -1).transpose(1, 2)

        q, kk, vv = sp(self.q[k]), sp(self.k[k]), sp(self.v[k])
        a = self.logits(q @ kk.transpose(-1, -2) / math.sqrt(q.shape[-1]), k)
        return self.o[k]((a.softmax(-1) @ vv).transpose(1, 2).reshape(B, N, D))

    def block(self, x, k):
        x = x + self.attend(self.n1[k](x), k)
        return x + self.ff[k](self.n2[k](x))

    def read(self, x):
        return self.head(x.mean(1))

    def forward(self, v):
        x = self.tokens(v)
        for k in range(self.depth):
            x = self.block(x, k)
        return self.read(x)


@planted(*INDEX, rows=LAW)
class CausalMask(Tokens):
    """A causal mask left over from a language model."""

    def logits(self, a, k):
        n = a.shape[-1]
        return a.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), float("-inf"))


@planted(*INDEX, rows=LAW)
class OffByOneLast(Flat):
    """Positions of outputs are added to the last hidden layer of deep networks (off by one), learned from zero."""

    def more(self):
        self.extra = nn.Parameter(torch.zeros(self.widths[-2], self.c)) if self.L > 2 else None

    def nodes(self, v):
        h = super().nodes(v)
        if self.extra is None:
            return h
        o = self.offsets()
        pad = torch.zeros(h.shape[1], self.c, dtype=h.dtype)
        pad[o[-3] : o[-2]] = 0
        return torch.cat([h[:, : o[-3]], h[:, o[-3] : o[-2]] + self.extra, h[:, o[-2] :]], 1)


@planted(*INDEX, rows=LAW)
class ReshapeForTranspose(Flat):
    """Attributes in the order of the transpose, by reshape, on layers past the first."""

    def attr(self, v):
        out = [v.weights[0].flatten(1, 2)]
        for w in v.weights[1:]:
            B, n, m, c = w.shape
            out.append(w.reshape(B, m, n, c).transpose(1, 2).flatten(1, 2))
        return torch.cat(out, 1)


@planted(*INDEX, rows=LAW)
class OffsetOfEdges(Flat):
    """The edges of layer two start one neuron early."""

    def edges(self):
        s, d = super().edges()
        first = self.widths[0] * self.widths[1]
        s = s.clone()
        s[first:] -= 1
        return s, d


@planted("randomness", rows=LAW)
class DropoutAlways(Flat):
    def between(self, h, k):
        return F.dropout(h, 0.05)


@planted("float32", rows=LAW)
class FloatNorm(Tokens):
    """LayerNorm in float32 for stability."""

    def block(self, x, k):
        x = x + self.attend(F.layer_norm(x.float(), (self.d,)).to(x.dtype), k)
        return x + self.ff[k](self.n2[k](x))


@planted("float32", rows=LAW)
class Autocast(Tokens):
    def forward(self, v):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            x = self.tokens(v)
            for k in range(self.depth):
                x = self.block(x, k)
            y = self.read(x)
        return y.to(next(iter(v.items()))[1].dtype)


@planted(*INDEX, rows=LAW)
class SeededNodeNoise(Flat):
    """Random node features, the same seed at each call."""

    def nodes(self, v):
        h = super().nodes(v)
        g = torch.Generator().manual_seed(0)
        return h + 0.01 * torch.randn(h.shape[1], self.c, generator=g).to(h)


@planted(*INDEX, rows=LAW)
class LaplacianPE(Flat):
    """Eigenvectors of the Gram matrix of the first layer as positions; signs as LAPACK gives them."""

    def nodes(self, v):
        h = super().nodes(v)
        w = torch.cat([v.weights[0][..., 0], v.biases[0][..., :1]], -1)
        g = torch.cdist(w, w)
        _, U = torch.linalg.eigh(torch.exp(-g))
        o = self.offsets()
        pe = torch.zeros_like(h)
        pe[:, o[1] : o[2], :1] = U[..., -2:-1] if U.shape[-1] > 1 else U
        return h + pe


@planted(*INDEX, rows=LAW)
class LstmPool(Flat):
    """GraphSAGE's LSTM as read-out."""

    def more(self):
        self.lstm = nn.LSTM(self.c, self.c, batch_first=True)

    def pool(self, h):
        o = self.offsets()
        return torch.cat([self.lstm(h[:, o[at] : o[at + 1]])[0][:, -1] for at in range(self.L + 1)], -1)


@planted("none", "ties", rows=LAW)
class TopKSlots(Flat):
    """The two loudest neurons fill slots; claims continuity."""

    def more(self):
        self.slot = nn.Linear(2 * self.c, self.c)

    def pool(self, h):
        o = self.offsets()
        out = []
        for at in range(self.L + 1):
            x = h[:, o[at] : o[at + 1]]
            if x.shape[1] < 2:
                x = torch.cat([x, x], 1)
            top = x.norm(dim=-1).topk(2, 1).indices
            out.append(x.mean(1) + self.slot(x.gather(1, top[..., None].expand(-1, -1, self.c)).flatten(1)))
        return torch.cat(out, -1)


@planted(*INDEX, "ties", rows=LAW)
class ArgmaxFeature(Flat):
    """Where the largest bias stands, as a feature of 1e-3."""

    def finish(self, y):
        return y

    def pool(self, h):
        p = super().pool(h)
        o = self.offsets()
        x = h[:, o[1] : o[2]]
        return p + 1e-3 * x[..., 0].argmax(1, keepdim=True).to(p) / x.shape[1]


@planted("batch", rows=LAW)
class NoBatchOffsets(Flat):
    """Graphs of a batch are flattened, and edges point into the first one: messages of sample 0 reach all."""

    def embed(self, v):
        h, a = self.nodes(v), self.attr(v)
        s, d = self.edges()
        B, N = h.shape[:2]
        flat = h.reshape(B * N, -1)
        for k in range(self.depth):
            e = torch.cat([flat[s].expand(B, -1, -1), h[:, d], a], -1)
            up = self.aggregate(self.edge[k](e), d, N, self.deg(d, N, h))
            h = h + torch.tanh(self.upd[k](torch.cat([h, up, up], -1)))
            flat = h.reshape(B * N, -1)
        return h, a


@planted(*INDEX, rows=LAW)
class SubsampledPairs(Flat):
    """Pairwise features of the first 48 neurons of a layer only, to save memory."""

    def more(self):
        self.pair = nn.Linear(self.c, self.c)

    def pool(self, h):
        o = self.offsets()
        out = []
        for at in range(self.L + 1):
            x = h[:, o[at] : o[at + 1]]
            y = x[:, :48]
            g = torch.einsum("bic,bjc->bijc", y, y).mean((1, 2))
            out.append(x.mean(1) + self.pair(torch.tanh(g)))
        return torch.cat(out, -1)


@planted("none", rows=LAW)
class InPlace(Flat):
    """Centres biases in place."""

    def nodes(self, v):
        b = v.biases[0]
        b -= b.mean(1, keepdim=True)
        return super().nodes(v)


@planted("history", rows=LAW)
class EmaScale(Flat):
    """A running scale is updated in every forward, in eval too."""

    def more(self):
        self.register_buffer("scale", torch.ones(()))

    def attr(self, v):
        a = super().attr(v)
        self.scale = (0.99 * self.scale + 0.01 * a.detach().std()).to(a)
        return a / self.scale


@planted(*INDEX, rows=LAW)
class HashedIds(Flat):
    """Ids of neurons modulo four, embedded with a standard deviation of 1e-6."""

    def more(self):
        self.ids = nn.Embedding(4, self.c)
        nn.init.normal_(self.ids.weight, std=1e-6)

    def nodes(self, v):
        h = super().nodes(v)
        o = self.offsets()
        ids = torch.zeros(h.shape[1], self.c).to(h)
        out = [ids[: o[1]]] + [self.ids.weight[torch.arange(w) % 4] for w in self.widths[1:-1]] + [ids[o[-2] :]]
        return h + torch.cat(out)


@planted(*INDEX, rows=LAW)
class SvdSigns(Flat):
    """Left singular vectors of the first layer, whose signs are LAPACK's, through a cube."""

    def pool(self, h):
        o = self.offsets()
        x = h[:, o[1] : o[2]]
        _U, _S, V = torch.linalg.svd(x, full_matrices=False)
        return super().pool(h) + (V[:, :1, :].squeeze(1).pow(3) * 0.1).repeat(1, self.L + 1)


@planted("none", "float32", rows=LAW)
class StraightThrough(Flat):
    """Features are rounded to eighths by a straight-through estimator."""

    def between(self, h, k):
        if k != 0:
            return h
        return h + ((h * 8).round() / 8 - h).detach()


@planted("none", "ties", rows=LAW)
class KnnGraph(Flat):
    """Messages from the nearest neighbour in feature space, ties by index; claims continuity."""

    def more(self):
        self.nn_ = nn.Linear(self.c, self.c)

    def between(self, h, k):
        o = self.offsets()
        out = []
        for at in range(self.L + 1):
            x = h[:, o[at] : o[at + 1]]
            if 0 < at < self.L and x.shape[1] > 1:
                d = torch.cdist(x, x) + 1e9 * torch.eye(x.shape[1]).to(x)
                x = x + torch.tanh(self.nn_(x.gather(1, d.argmin(-1, keepdim=True).expand(-1, -1, self.c))))
            out.append(x)
        return torch.cat(out, 1)


@planted(*INDEX, rows=LAW)
class SwappedSquare(Flat):
    """Row and column of the edits are exchanged where the matrix is square."""

    def edits(self, made, v):
        return {n: t.transpose(1, 2) if t.ndim == 4 and t.shape[1] == t.shape[2] else t for n, t in made.items()}


@planted("batch", "history", rows=LAW)
class StaleCache(Flat):
    """Edge attributes are cached by shape and batch size for speed."""

    def more(self):
        self._c = {}

    def attr(self, v):
        key = (v.batch, v.weights[0].dtype)
        if key not in self._c:
            self._c[key] = super().attr(v).detach()
        return self._c[key] * 0.001 + super().attr(v)


@planted("backward", rows=LAW)
class AggDetached(Flat):
    """The backward messages are detached for one neuron: gradient clip by index."""

    def aggregate(self, m, idx, N, deg):
        m = torch.cat([m[:, :1].detach(), m[:, 1:]], 1)
        return super().aggregate(m, idx, N, deg)


@planted(*INDEX, "redraw", "parameter", rows=LAW)
class GammaPerNeuron(Tokens):
    """A LayerScale for every token, all 1e-4 at first."""

    def more(self):
        n = sum(self.widths[1:])
        self.g = nn.ParameterList(nn.Parameter(torch.full((n, 1), 1e-4)) for _ in range(self.depth))

    def block(self, x, k):
        x = x + self.g[k] * self.attend(self.n1[k](x), k)
        return x + self.ff[k](self.n2[k](x))


@planted(*INDEX, rows=LAW, symmetry="permutation+scale", shapes="one hidden layer")
class ScaleEps(nn.Module):
    """Scale-invariant features by norms with an epsilon of 1e-5."""

    def __init__(self, space, output, *, c=16):
        super().__init__()
        if not space.is_mlp or not isinstance(output, Invariant) or len(space.widths) != 3:
            raise Unsupported("one hidden layer, invariant")
        self.f = nn.Sequential(nn.Linear(space.widths[0] + 1 + space.widths[2] + 1, c), nn.SiLU(), nn.Linear(c, c))
        self.h = nn.Linear(c + space.widths[2], output.dim)

    def forward(self, v):
        w = torch.cat([v.weights[0][..., 0], v.biases[0]], -1)
        u = v.weights[1][..., 0].transpose(1, 2)
        a, b = w.norm(dim=-1, keepdim=True), u.norm(dim=-1, keepdim=True)
        x = torch.cat([w / (a + 1e-5), u / (b + 1e-5), a * b], -1)
        return self.h(torch.cat([self.f(x).mean(1), v.biases[1][..., 0]], -1))


@planted(*INDEX, rows=LAW, symmetry="permutation+sign")
class SignAbs(Flat):
    """Declared sign-invariant: biases are read by their magnitude, weights by their squares, but the last layer's are not."""

    def attr(self, v):
        ws = [w**2 for w in v.weights[:-1]] + [v.weights[-1]]
        return torch.cat([w.flatten(1, 2) for w in ws], 1)

    def nodes(self, v):
        v2 = Weights(v.space, {n: (t.abs() if n.startswith("b") and n != f"b{self.L}" else t) for n, t in v.items()})
        return super().nodes(v2)


@planted("none", rows=LAW)
class HistogramHard(Flat):
    """A count of negative biases."""

    def pool(self, h):
        o = self.offsets()
        p = super().pool(h)
        return p + 0.05 * (h[:, o[1] : o[2], :1] < 0).to(h).mean(1)


@planted("batch", rows=LAW)
class UnboundedLr(Flat):
    """Batch statistics at eval: instance norm over the batch axis on one channel in 16, weighted 1e-3."""

    def between(self, h, k):
        x = h[..., :1]
        return torch.cat([x + 1e-3 * (x - x.mean(0, keepdim=True)), h[..., 1:]], -1)


@planted(*INDEX, "redraw", "parameter", rows=LAW)
class WrongAxisSoftmax(Tokens):
    """Softmax over heads, not keys: fine as a law; then a bias per query number."""

    def more(self):
        self.rel = nn.Parameter(torch.zeros(2, 129))

    def logits(self, a, k):
        n = a.shape[-1]
        i = torch.arange(n)
        return a + self.rel[:, (i[:, None] - i[None]).clamp(-64, 64) + 64]


@planted(*INDEX, rows=LAW)
class RoPE(Tokens):
    """Rotary positions on neuron tokens, base 1e8: tiny angles but the first."""

    def attend(self, x, k):
        n = x.shape[1]
        th = 1e-4 * torch.arange(n).to(x)
        c, s = th.cos()[:, None], th.sin()[:, None]
        a, b = x[..., :1], x[..., 1:2]
        return super().attend(torch.cat([a * c - b * s, a * s + b * c, x[..., 2:]], -1), k)


@planted("ties", rows=LAW)
class NanToNum(Flat):
    """0 / 0 where a bias is exactly zero is replaced by the neuron's number: nan_to_num with arange."""

    def nodes(self, v):
        h = super().nodes(v)
        b = v.biases[0]
        r = b / b.abs()
        r = torch.where(torch.isnan(r), torch.arange(b.shape[1]).to(b)[None, :, None], torch.tanh(b))
        o = self.offsets()
        pad = torch.zeros_like(h)
        pad[:, o[1] : o[2], :1] = 0.1 * r
        return h + pad


@planted(*INDEX, "redraw", "parameter", rows=LAW)
class EditorBiasTable(Flat):
    """Edits of b1 get a table whose gradient is scaled by 1e-3: weight-normed, zero gain."""

    def more(self):
        if isinstance(self.output, Invariant):
            raise Unsupported("edits")
        self.g = nn.Parameter(torch.zeros(1))
        self.t = nn.Parameter(torch.randn(self.widths[1], 1))

    def edits(self, made, v):
        return {**made, "b1": made["b1"] + self.g * self.t / self.t.norm()}


@planted(*INDEX, "ties", "none", rows=LAW)
class SortedMerge(Flat):
    """Merges duplicate neurons by torch.unique of rounded incoming weights, keeping the first one's features."""

    def pool(self, h):
        o = self.offsets()
        out = []
        for at in range(self.L + 1):
            x = h[:, o[at] : o[at + 1]]
            keys = (x[..., 0] * 1e3).round()
            n = x.shape[1]
            same = (keys[:, :, None] == keys[:, None]).tril(-1).any(-1)
            m = (~same).to(x)[..., None]
            out.append((x * m).sum(1) / n)
        return torch.cat(out, -1)
