"""Which rows of `quick` must be red for each broken network, and which cause is the right one. Data alone: no torch.

A network is caught if one of the rows named here is red for the right reason. `causes` are all that would be true; where
"cause unknown" is the best that can be said, it stands among them, and counts as right. The names are those of the enumerations, as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

RED = ("fail", "error", "undecided")
INDEX = ("leak", "violation")
"""Neurons known by their number: a leak if generators of some layer keep the law, else a violation."""
UNNAMED = ("unknown",)


@dataclass(frozen=True)
class Caught:
    """What must become of one network.

    Args:
        network: `module:Class` under `meta_nets`.
        rows: patterns of `check case`; one of these rows at least is as said.
        outcomes: what that row counts as.
        rules: what it may find broken (of the law's evidence); empty: whatever.
        causes: what it may name; empty: nothing is asked, since the outcome says it.
        faults: for errors, which.
    """

    network: str
    rows: tuple[str, ...]
    outcomes: tuple[str, ...] = ("fail",)
    rules: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        return f"meta_nets.{self.network}"

    def asks(self, row: str) -> bool:
        """Whether `check case` is one of the rows."""
        return any(fnmatchcase(row, pattern) for pattern in self.rows)


def every(module: str, names: Iterable[str], rows: Iterable[str], **said: tuple[str, ...]) -> list[Caught]:
    return [Caught(f"{module}:{name}", tuple(rows), **said) for name in names]


def on(case: str, check: str = "equivariance*") -> tuple[str, ...]:
    return (f"{check} {case}",)


STEPS = "equivariance after optimiser steps"
TRAIN_CALLS = "equivariance in eval after train-mode calls"
BATCH = ("batch order", "batch mates", "batch of one", "batch size")
TIED = ("*/ties/*", "*/zeros/*", "*/duplicated-neurons/*", "*/equal-biases/*", "*/pruned/*")
AT_TIES = tuple(f"equivariance* {case}" for case in TIED)
LADDER = ("round-ladder *",)
FIRST_ROUNDS = (
    "round-ladder t=1*",
    "round-ladder t=2*",
    "prop-6.2-first-layer *",
    "prop-6.2-both-layers *",
    "direction *",
)
RESOLUTION = ("*resolution* *",)

BROKEN: tuple[Caught, ...] = (
    *every(
        "training",
        (
            "ZeroTable",
            "ZeroGate",
            "OneWayGate",
            "LowRankTable",
            "LayerNormOfPositions",
            "ScaleOfNeurons",
            "MixingFromIdentity",
            "PoolingByPosition",
            "CopiesOfOne",
            "SlowTable",
        ),
        on("*/invariant/generic/eval/steps") + on("*/equivariant/generic/eval/steps"),
        rules=(STEPS,),
        causes=INDEX,
    ),
    *every(
        "training",
        ("ZeroLastLayer", "ZeroTableAtTheEnd"),
        on("*/equivariant/generic/eval/steps"),
        rules=(STEPS,),
        causes=INDEX,
    ),
    Caught(
        "training:ClosedForGood",
        on("*/generic/eval/redraw"),
        outcomes=("undecided",),
        rules=("equivariance at re-drawn parameters",),
        causes=("redraw",),
    ),
    *every(
        "memory",
        ("BatchNormOfPositions", "CentredByPosition"),
        on("*/generic/eval*"),
        rules=(TRAIN_CALLS,),
        causes=INDEX,
    ),
    Caught("memory:BatchNormInTrain", on("*/generic/train*"), rules=BATCH, causes=("batch",)),
    Caught("memory:KeyedByShape", on("*"), outcomes=("fail", "error"), causes=("history", "batch")),
    *every(
        "memory",
        ("KeyedByPointer", "KeyedById"),
        on("*/calls"),
        outcomes=("fail", "error"),
        causes=("history", "batch"),
    ),
    Caught("memory:KeyedBySum", RESOLUTION, outcomes=("fail", "error")),
    Caught("memory:LateLeak", on("*/generic/eval*"), causes=("history", *INDEX)),
    Caught("memory:ColdStart", on("*/generic/eval*"), rules=("repeated call", "a hundred calls"), causes=("history",)),
    *every(
        "memory",
        ("StochasticPooling", "NumpyNoise"),
        on("*/generic/eval"),
        rules=("repeated call",),
        causes=("randomness",),
    ),
    Caught("memory:HashedNoise", on("*/generic/eval"), outcomes=("fail", "error"), causes=UNNAMED),
    Caught("memory:ChunkedBatch", on("*/generic/eval/calls"), rules=BATCH, causes=("batch",)),
    Caught("memory:QuietBatchMates", on("*/generic/eval"), rules=BATCH, causes=("batch",)),
    Caught("memory:ClampsItsInput", on("*/large/eval") + on("*/generic/eval"), rules=("unmodified input",)),
    *every(
        "shapes",
        ("SquareTransposed", "KeptByShape", "AsWideAsTheInput"),
        on("square/*"),
        causes=INDEX,
    ),
    Caught(
        "shapes:NarrowLayers",
        on("narrow/*"),
        outcomes=("error",),
        faults=("non-finite",),
    ),
    *every(
        "shapes",
        ("PoolsInChunks", "MessagesAbove32"),
        on("wide/*") + on("inr/*"),
        rules=("equivariance",),
        causes=INDEX,
    ),
    Caught("shapes:LastHiddenNeuron", on("wide/*") + on("inr/*"), rules=("equivariance",), causes=INDEX),
    Caught("shapes:FiveHidden", on("five-hidden/*"), rules=("equivariance",), causes=INDEX),
    Caught("shapes:HalfWhenWide", on("wide/*"), outcomes=RED, causes=("float32",)),
    *every(
        "precision",
        (
            "WeightsThroughFloat32",
            "BiasesThroughFloat16",
            "OneTensorThroughBfloat16",
            "WeightsOnAGrid",
            "SingleReadOut",
            "Bfloat16InFloat32",
        ),
        RESOLUTION,
    ),
    *every(
        "precision",
        ("SingleSums", "Bfloat16Softmax", "Complex64Inside"),
        on("*/generic/eval"),
        outcomes=RED,
        causes=("float32",),
    ),
    Caught(
        "precision:Float32Leak",
        on("*/generic/eval"),
        rules=("equivariance in float32",),
        causes=(*INDEX, "unknown"),
    ),
    *every(
        "precision", ("Leak8", "Leak11", "LeakOfOneNeuron"), on("*/generic/eval"), rules=("equivariance",), causes=INDEX
    ),
    Caught("precision:LeakOfTheEditor", on("*/equivariant/generic/eval"), rules=("equivariance",), causes=INDEX),
    Caught("precision:LeakInThePool", on("*/invariant/generic/eval"), rules=("equivariance",), causes=INDEX),
    Caught("precision:VarianceByDifference", AT_TIES, outcomes=RED, causes=("square-root", "ties")),
    Caught(
        "calling:GradientsRecorded",
        on("*/generic/eval/calls") + on("*/generic/eval"),
        rules=("gradients recorded", "equivariance"),
        causes=(*INDEX, "recording"),
    ),
    Caught("calling:FastPath", on("*/generic/eval"), rules=("gradients recorded", "equivariance"), causes=INDEX),
    Caught(
        "calling:InputWantsGradient",
        on("*/generic/eval/gradients") + on("*/generic/eval/calls"),
        causes=(*INDEX, "recording"),
    ),
    *every(
        "calling",
        ("WrongBackward", "HookedGradient", "StoppedGradient"),
        on("*/generic/eval/gradients"),
        rules=("gradient in the input", "gradient in the parameters"),
        causes=("backward",),
    ),
    Caught(
        "calling:WrongParameterGradient",
        on("*/generic/eval/gradients"),
        rules=("gradient in the parameters",),
        causes=("backward",),
    ),
    *every(
        "calling",
        ("StridedWeights", "StridedBiases"),
        on("*/generic/eval/calls"),
        rules=("strided input",),
        causes=("strides",),
    ),
    Caught("calling:BatchForNeurons", on("*/generic/eval/calls"), rules=BATCH, causes=("batch",)),
    Caught(
        "outputs:OneNumber",
        on("*/generic/eval/calls"),
        rules=("equivariance of outputs of size one",),
        causes=INDEX,
    ),
    *every("ties", ("SortedByBias", "SortedByBiasDeclared"), AT_TIES, causes=("ties",)),
    Caught("ties:SortedByNorm", on("*/generic/eval"), rules=("equivariance",), causes=INDEX),
    *every(
        "ties",
        ("FirstOfTheLargest", "QuantisedOnly", "DeadNeurons", "ZeroWeights", "DuplicatesToldApart"),
        AT_TIES,
        causes=("ties",),
    ),
    *every(
        "outputs",
        ("ReversedTensor", "LateTensor", "SmallTensor"),
        on("*/equivariant/generic/eval"),
        rules=("equivariance",),
        causes=INDEX,
    ),
    Caught(
        "outputs:SwappedTensors",
        on("square/equivariant/*"),
        rules=("equivariance",),
        causes=INDEX,
    ),
    *every(
        "outputs",
        (
            "OneTensorOfScale",
            "ScaleOfBiases",
            "CovectorForVector",
            "AbsoluteSigns",
            "DwsDeclaredSign",
            "DwsDeclaredScale",
        ),
        on("*/equivariant/generic/eval"),
        rules=("equivariance",),
        causes=INDEX,
    ),
    *every("outputs", ("ScaleInTheReader", "SignInTheReader"), on("*/invariant/generic/eval"), causes=INDEX),
    Caught("outputs:UnmovedByParameters", on("*/generic/eval*"), outcomes=("error",), faults=("vacuous",)),
    *every(
        "power",
        ("LoudConstant", "LargeOffset", "CoarseAnswer", "OneStep", "ThreeAsSix", "SharpRounds", "FlatTail"),
        LADDER,
        outcomes=("fail", "undecided"),
    ),
    Caught("power:ForwardMessages", ("direction *",)),
    Caught("power:BackwardMessages", ("round-ladder *", "prop-6.2-*layer* *"), outcomes=("fail", "undecided")),
    Caught("power:LargestMessage", ("multiplicity *",)),
    *every("power", ("BagOfEntries", "BagOfNeurons"), FIRST_ROUNDS),
    *every("power", ("EditorOfEntries",), FIRST_ROUNDS),
    *every("power", ("EditorOfOneStep",), LADDER, outcomes=("fail", "undecided")),
    *every("power", ("SeesPastRefinement", "SeesPastItsDeclaration"), ("prop-6.2 *",)),
    Caught("power:OverModest", LADDER),
    Caught("power:CompleteInWords", ("prop-6.2 *",), outcomes=("fail", "undecided")),
    Caught("power:FunctionInWords", ("relu-rescaling *",)),
    Caught("power:ReadsWellEditsEntries", ("round-ladder-of-edits *",)),
    Caught("power:BagAtRealWidths", ("real-width *",)),
    Caught("power:BagUntilRedrawn", LADDER, outcomes=("error",), faults=("contract",)),
    *every("power", ("InputsAlike", "WeightsWithoutSign", "GraphWithoutWeights"), RESOLUTION),
    Caught("power:FunctionOfABag", FIRST_ROUNDS, outcomes=("fail", "undecided")),
    *every(
        "elsewhere",
        ("BinnedWeights", "RoundedMean", "FirstOfTheLoudest", "SilentBins"),
        on("*/generic/eval"),
        rules=("continuity between inputs",),
    ),
    Caught(
        "elsewhere:CachedWhenDeep",
        on("shallow/*/generic/eval/calls"),
        rules=("a hundred calls",),
        causes=("history", "batch"),
    ),
    Caught(
        "elsewhere:RecordedWhenDeep",
        on("shallow/*/generic/eval/calls"),
        rules=("gradients recorded",),
        causes=("recording",),
    ),
    Caught(
        "elsewhere:StridedWhenDeep", on("shallow/*/generic/eval/calls"), rules=("strided input",), causes=("strides",)
    ),
    Caught("elsewhere:NormWhenDeep", on("shallow/*/generic/eval/calls"), rules=(TRAIN_CALLS,), causes=INDEX),
    Caught(
        "elsewhere:RedrawnWhenDeep",
        on("shallow/*/generic/eval/redraw"),
        rules=("equivariance at re-drawn parameters",),
        causes=("redraw",),
    ),
    Caught("elsewhere:ThirdStep", on("*/generic/eval"), rules=("equivariance",), causes=INDEX),
    Caught(
        "elsewhere:ManyNumbers",
        on("shallow/*/generic/eval/calls"),
        rules=("equivariance of large outputs",),
        causes=INDEX,
    ),
    *every(
        "elsewhere",
        ("SeveralInputChannels", "ManyKernels"),
        on("convolutional/*/generic/eval"),
        rules=("equivariance",),
        causes=INDEX,
    ),
    Caught(
        "elsewhere:NoBackward",
        on("*/generic/eval/gradients") + on("*/generic/eval/steps"),
        outcomes=("error",),
        faults=("raised",),
    ),
    Caught("elsewhere:SilentIndex", on("*/generic/eval"), rules=("equivariance",), causes=INDEX),
    Caught("elsewhere:SilentBatch", on("*/generic/eval"), rules=BATCH, causes=("batch",)),
    Caught("elsewhere:SilentForGood", on("*/generic/eval"), outcomes=("error",), faults=("vacuous",)),
    Caught("elsewhere:ScaleAtRealWidths", ("real-width *",), outcomes=("error",), faults=("invalid",)),
)
WHOLE: tuple[Caught, ...] = (
    *every(
        "shapes",
        ("RefusesEqualWidths",),
        on("*/generic/eval", "equivariance-constructed") + on("*/generic/eval", "equivariance-shapes"),
        outcomes=("error",),
        faults=("refused-shape",),
    ),
    *every(
        "power",
        ("BagByWidth", "BagByDepth"),
        (*on("*/generic/eval", "equivariance-constructed"), *on("*/generic/eval", "equivariance-shapes"), "prop-6.2*"),
        outcomes=("error",),
        faults=("refused-shape",),
    ),
    Caught("power:NothingClaimed", (*on("*/generic/eval", "equivariance-constructed"), "prop-6.2 *"), outcomes=()),
)
"""Red by what the gate makes of all these rows together: no single one convicts. Without outcomes: the run has a problem."""

REFUSED: tuple[str, ...] = ("power:BagBeyondReach",)
"""Declarations that are refused before anything is measured."""

SOUND: tuple[str, ...] = (
    "Plain",
    "AttentionOfHundreds",
    "Sums",
    "DivisionByAlmostZero",
    "Standardised",
    "InnerGradient",
    "KeptBuffer",
    "KeptBufferOfTheEditor",
    "BatchNormOfChannels",
    "TiedAndNormed",
    "DropoutInTrain",
    "SortedChannels",
    "DoublesInside",
    "Waves",
    "SpectrumOfFeatures",
    "LogSumExp",
    "FrozenZeros",
    "Constrained",
    "DrawnFeatures",
    "Recomputed",
    "SpectralNormed",
    "DrawsForNothing",
    "RefusesStrides",
    "WithoutBiases",
    "HugeAndTiny",
    "GatedRecurrence",
    "SortedByBias",
    "GradientFreeReader",
    "Scatters",
    "ComplexParameters",
    "KeepsItsAnswer",
    "OwnGenerator",
    "SilentAtFirst",
    "SoftBins",
    "SteepGates",
    "UnitVectors",
    "StoppedStatistics",
    "LargestFeatures",
)
"""Classes of `sound.py`."""
