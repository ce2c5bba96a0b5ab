"""orbitcheck for those who add to it: pair families, targets, regimes, check kinds, zoos and report sections, and what they need.

Whatever is not importable from here, from `orbitcheck` or from `orbitcheck.testing` is private. Names are imported on first
use, so that a module that registers something costs no torch (docs/extending.md).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_FACE = {
    name: module
    for module, names in {
        # What is registered: a decorator or a call for each thing, its class, and the registry.
        "orbitcheck.harness.pairs.family": "pair_family PairFamily PAIR_FAMILIES",
        "orbitcheck.harness.targets.target": "target Target TARGETS "
        "FUNCTION_FUNCTIONAL INVARIANT_FUNCTIONAL FUNCTION_OPERATOR EQUIVARIANT_OPERATOR",
        "orbitcheck.harness.regimes.regime": "regime Regime Samples REGIMES",
        "orbitcheck.harness.checks.kinds": "check_kind CheckKind CHECK_KINDS ARCHITECTURE",
        "orbitcheck.harness.zoo.recipe": "zoo Zoo ZOOS",
        "orbitcheck.reports.sections.section": "report_section Column Section SECTIONS",
        "orbitcheck.reports.sections.kinds": "BADGE CODE INTEGER NUMBER PERCENT SECONDS SHARE TEXT Badge",
        "orbitcheck.reports.reading.outcomes": "status_of",
        "orbitcheck.reports.reading.subjects": "measured",
        "orbitcheck.harness.core.registry": "DuplicateName UnknownName WrongSignature did_you_mean",
        # Parameters, and what is wrong with them.
        "orbitcheck.harness.core.parameters": "Parameters SuiteValueError",
        "orbitcheck.harness.pairs.demands": "Counted numbered label_of demand_space demand_mlp demand_activation",
        "orbitcheck.harness.checks.space_names": "known_space known_spaces",
        # Spaces, weights and their symmetry.
        "orbitcheck.harness.weights.space": "NamedSpace SpaceError WeightSpace mlp",
        "orbitcheck.harness.weights.spaces": "conv_net recurrent residual_mlp transformer_block",
        "orbitcheck.harness.weights.batch": "Weights",
        "orbitcheck.harness.weights.element": "GroupElement OutputKind",
        "orbitcheck.harness.weights.groups": "Factor Group NotCarried carried group roles_of",
        "orbitcheck.harness.weights.algebra.kinds": "FactorKind Role",
        "orbitcheck.harness.weights.algebra.roles": "AxisRole Roles Shift Standing",
        "orbitcheck.harness.weights.symmetry": "act act_in_size compose generators generic_elements identity inner_permutation inverse "
        "random_elements",
        "orbitcheck.harness.weights.realisation": "Realisation realise",
        "orbitcheck.harness.weights.realisation.edits": "Realised",
        "orbitcheck.harness.weights.networks.convolutional": "convolutional folded",
        "orbitcheck.harness.weights.networks.dense": "dense lora residual",
        "orbitcheck.harness.weights.networks.recurrences": "recurrence",
        "orbitcheck.harness.weights.networks.transformers": "transformer",
        "orbitcheck.harness.weights.tracing.modules": "from_module",
        "orbitcheck.harness.weights.conventions.layers": "from_features from_layers from_state_dicts to_features to_layers to_state_dicts",
        "orbitcheck.harness.weights.conventions.graphs": "from_graphs to_graphs",
        "orbitcheck.harness.weights.activations": "ACTIVATIONS Activation",
        "orbitcheck.harness.weights.inputs": "constructed",
        "orbitcheck.harness.weights.pair": "Pair Vector",
        "orbitcheck.harness.pairs.vectors": "entries random_vector relabelled",
        "orbitcheck.harness.regimes.drawing": "stacked twins",
        "orbitcheck.harness.regimes.zoos": "zoo_regime",
        # Measuring and judging.
        "orbitcheck.harness.core.cell": "Cell WEIGHTS",
        "orbitcheck.harness.core.evidence": "Evidence Number",
        "orbitcheck.harness.core.outcomes": "Fault Outcome Refusal",
        "orbitcheck.harness.core.result": "Judgement Result Run Verdict",
        "orbitcheck.harness.checks.applicability": "applicability",
        "orbitcheck.harness.plugins.architecture": "Architecture Traits Unsupported",
        "orbitcheck.harness.plugins.outputs": "Equivariant Invariant",
        "orbitcheck.harness.checks.floor.asked": "floor",
        "orbitcheck.harness.oracles.relation": "Relation",
        "orbitcheck.harness.oracles.duplicates.links": "Link",
        "orbitcheck.harness.oracles.levels.floors": "LabelFloors LevelFloor",
        "orbitcheck.harness.oracles.larger.orbits": "certify_under same_orbit_under",
        "orbitcheck.harness.verification.larger": "problem_under",
        "orbitcheck.harness.plugins.subject": "NonFinite PluginFault Subject",
        "orbitcheck.harness.learning.workbench": "Workbench",
        # Training a zoo, and its networks.
        "orbitcheck.harness.zoo.trainer": "Progress Trained in_general_position leaves net_seeds",
        "orbitcheck.harness.zoo.population": "Population population",
    }.items()
    for name in names.split()
}

__all__ = [*_FACE]

if TYPE_CHECKING:  # what type checkers and editors read; at run time `__getattr__` imports on first use
    # isort: off
    from ..harness.checks.applicability import applicability as applicability
    from ..harness.checks.kinds import ARCHITECTURE as ARCHITECTURE, CHECK_KINDS as CHECK_KINDS, CheckKind as CheckKind
    from ..harness.checks.kinds import check_kind as check_kind
    from ..harness.checks.space_names import known_space as known_space, known_spaces as known_spaces
    from ..harness.core.cell import WEIGHTS as WEIGHTS, Cell as Cell
    from ..harness.core.evidence import Evidence as Evidence, Number as Number
    from ..harness.core.outcomes import Fault as Fault, Outcome as Outcome, Refusal as Refusal
    from ..harness.core.parameters import Parameters as Parameters, SuiteValueError as SuiteValueError
    from ..harness.core.registry import DuplicateName as DuplicateName, UnknownName as UnknownName
    from ..harness.core.registry import WrongSignature as WrongSignature, did_you_mean as did_you_mean
    from ..harness.core.result import Judgement as Judgement, Result as Result, Run as Run, Verdict as Verdict
    from ..harness.learning.workbench import Workbench as Workbench
    from ..harness.pairs.demands import Counted as Counted, demand_activation as demand_activation
    from ..harness.pairs.demands import demand_mlp as demand_mlp, demand_space as demand_space, label_of as label_of
    from ..harness.pairs.demands import numbered as numbered
    from ..harness.pairs.family import PAIR_FAMILIES as PAIR_FAMILIES, PairFamily as PairFamily
    from ..harness.pairs.family import pair_family as pair_family
    from ..harness.pairs.vectors import entries as entries, random_vector as random_vector, relabelled as relabelled
    from ..harness.plugins.architecture import (
        Architecture as Architecture,
        Traits as Traits,
        Unsupported as Unsupported,
    )
    from ..harness.plugins.outputs import Equivariant as Equivariant, Invariant as Invariant
    from ..harness.plugins.subject import NonFinite as NonFinite, PluginFault as PluginFault, Subject as Subject
    from ..harness.regimes.drawing import stacked as stacked, twins as twins
    from ..harness.regimes.regime import REGIMES as REGIMES, Regime as Regime, Samples as Samples, regime as regime
    from ..harness.regimes.zoos import zoo_regime as zoo_regime
    from ..harness.targets.target import EQUIVARIANT_OPERATOR as EQUIVARIANT_OPERATOR
    from ..harness.targets.target import FUNCTION_FUNCTIONAL as FUNCTION_FUNCTIONAL
    from ..harness.targets.target import FUNCTION_OPERATOR as FUNCTION_OPERATOR
    from ..harness.targets.target import INVARIANT_FUNCTIONAL as INVARIANT_FUNCTIONAL, TARGETS as TARGETS
    from ..harness.targets.target import Target as Target, target as target
    from ..harness.weights.activations import ACTIVATIONS as ACTIVATIONS, Activation as Activation
    from ..harness.weights.batch import Weights as Weights
    from ..harness.weights.algebra.kinds import FactorKind as FactorKind, Role as Role
    from ..harness.weights.algebra.roles import (
        AxisRole as AxisRole,
        Roles as Roles,
        Shift as Shift,
        Standing as Standing,
    )
    from ..harness.weights.element import GroupElement as GroupElement, OutputKind as OutputKind
    from ..harness.weights.groups import Factor as Factor, Group as Group, NotCarried as NotCarried
    from ..harness.weights.groups import carried as carried, group as group, roles_of as roles_of
    from ..harness.weights.inputs import constructed as constructed
    from ..harness.weights.pair import Pair as Pair, Vector as Vector
    from ..harness.weights.networks.convolutional import convolutional as convolutional, folded as folded
    from ..harness.weights.networks.dense import dense as dense, lora as lora, residual as residual
    from ..harness.weights.networks.recurrences import recurrence as recurrence
    from ..harness.weights.networks.transformers import transformer as transformer
    from ..harness.weights.realisation import Realisation as Realisation, realise as realise
    from ..harness.weights.realisation.edits import Realised as Realised
    from ..harness.weights.tracing.modules import from_module as from_module
    from ..harness.weights.conventions.graphs import from_graphs as from_graphs, to_graphs as to_graphs
    from ..harness.weights.conventions.layers import from_features as from_features, from_layers as from_layers
    from ..harness.weights.conventions.layers import from_state_dicts as from_state_dicts, to_features as to_features
    from ..harness.weights.conventions.layers import to_layers as to_layers, to_state_dicts as to_state_dicts
    from ..harness.checks.floor.asked import floor as floor
    from ..harness.oracles.duplicates.links import Link as Link
    from ..harness.oracles.larger.orbits import certify_under as certify_under, same_orbit_under as same_orbit_under
    from ..harness.oracles.levels.floors import LabelFloors as LabelFloors, LevelFloor as LevelFloor
    from ..harness.oracles.relation import Relation as Relation
    from ..harness.verification.larger import problem_under as problem_under
    from ..harness.weights.space import NamedSpace as NamedSpace, SpaceError as SpaceError, WeightSpace as WeightSpace
    from ..harness.weights.space import mlp as mlp
    from ..harness.weights.spaces import conv_net as conv_net, recurrent as recurrent, residual_mlp as residual_mlp
    from ..harness.weights.spaces import transformer_block as transformer_block
    from ..harness.weights.symmetry import act as act, act_in_size as act_in_size, compose as compose
    from ..harness.weights.symmetry import generators as generators
    from ..harness.weights.symmetry import (
        generic_elements as generic_elements,
        identity as identity,
        inner_permutation as inner_permutation,
        inverse as inverse,
    )
    from ..harness.weights.symmetry import random_elements as random_elements
    from ..harness.zoo.population import Population as Population, population as population
    from ..harness.zoo.recipe import ZOOS as ZOOS, Zoo as Zoo, zoo as zoo
    from ..harness.zoo.trainer import Progress as Progress, Trained as Trained
    from ..harness.zoo.trainer import in_general_position as in_general_position, leaves as leaves
    from ..harness.zoo.trainer import net_seeds as net_seeds
    from ..reports.reading.outcomes import status_of as status_of
    from ..reports.reading.subjects import measured as measured
    from ..reports.sections.kinds import BADGE as BADGE, CODE as CODE, INTEGER as INTEGER, NUMBER as NUMBER
    from ..reports.sections.kinds import PERCENT as PERCENT, SECONDS as SECONDS, SHARE as SHARE, TEXT as TEXT
    from ..reports.sections.kinds import Badge as Badge
    from ..reports.sections.section import SECTIONS as SECTIONS, Column as Column, Section as Section
    from ..reports.sections.section import report_section as report_section
    # isort: on


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'orbitcheck.extending' has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FACE])
