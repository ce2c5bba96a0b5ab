"""One row of a separation check: certify the pair, take draws, judge."""

from __future__ import annotations

from ...core.cell import Cell
from ...core.result import Judgement
from ...learning.workbench import Workbench
from ...oracles.tuples.relation import round_of
from ...oracles.unseen.blindness import unseen
from ...pairs.bank import certified_pair
from ...plugins.architecture import Architecture, Traits, Unsupported
from ...plugins.power import OF_ROUNDS
from ...weights.batch import Weights
from ...weights.groups import NotCarried, relates
from ...weights.pair import Pair
from ...weights.space import WeightSpace
from ..applicability import applicability, unsupported
from ..domains import INSIDE
from ..prediction import OPEN, SEPARATED, of_own, predict
from . import verdict
from .draws import declared_control, take_draws
from .evidence import SeparationEvidence, in_words
from .read_out import EQUIVARIANT, asked, is_read_out, read_out


def measure_case(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    """Measure one pair and judge it; the equivariant output through a read-out, where it is asked or there is no other."""
    if cell.parameters.get("output") == EQUIVARIANT:
        return _measured(cell, read_out(architecture), bench)
    return asked(lambda asked_of: _measured(cell, asked_of, bench), architecture)


def _measured(cell: Cell, architecture: Architecture, bench: Workbench) -> Judgement:
    traits = architecture.traits
    pair, relation = certified_pair(cell.parameters, cell.case, two_fwl=traits.power == "2-fwl")
    kind = of_own(pair.space, traits.refinement)
    own_round = None if kind is None else round_of(pair, kind)
    symmetry = _symmetry(traits, pair.space)
    prediction = predict(
        orbit=relation.orbit,
        separating_round=relation.round if kind is None else own_round,
        function=relation.function,
        power=traits.power,
        rounds=architecture.rounds,
        related=relates(symmetry, pair.symmetry, pair.space),
        unseen=unseen(traits.blind, pair.space, pair.v, pair.w),
        symmetry=symmetry,
        two_fwl=relation.two_fwl or "unknown",
        two_fwl_round=relation.two_fwl_round,
    )
    facts = SeparationEvidence(
        family=cell.parameters["pairs"]["family"],
        space=str(pair.space),
        relation=in_words(relation.orbit, relation.round, relation.function),
        round=relation.round,
        orbit=relation.orbit,
        function=relation.function,
        ground=prediction.ground,
        read_out=is_read_out(architecture),
        prediction=prediction.why,
        two_fwl=relation.two_fwl,
        two_fwl_round=relation.two_fwl_round,
        refinement=kind,
        own_round=own_round,
        symmetry=symmetry if traits.group_of else None,
    )
    parted = verdict.parting_round(facts, traits.power)
    refused = applicability(
        traits, in_general_position=all(relation.general_position), inside=_inside(traits.domain, pair)
    )
    draws: list[verdict.Draw] = []
    if refused is None:
        try:
            draws = take_draws(architecture, pair, prediction, cell.seed, bench)
        except Unsupported as reason:
            refused = unsupported(reason)
    if refused is not None:
        return refused.judgement(prediction.verdict, facts, relation.certificate)
    from .resolution import ladder_ratios, trained_ratio  # only where a predicted gap is missing

    trained = ladder = None
    if prediction.verdict == SEPARATED and verdict.observe(draws, prediction) in OPEN and not verdict.fatal(draws[-1]):
        if traits.power in OF_ROUNDS:
            calibration = Workbench(bench.device)  # kept per process, so its forwards are not this row's
            ladder = ladder_ratios(architecture, calibration)
            bench.seconds += calibration.seconds
        if not ladder or parted is None or parted <= verdict.resolved_rounds(ladder):
            trained = trained_ratio(architecture, pair, cell.seed, bench)
    declared = None if verdict.fatal(draws[-1]) else declared_control(architecture, pair, cell.seed, bench)
    found = verdict.judge(draws, prediction, parted, ladder, trained, declared)
    return Judgement.of(found, verdict.evidence(facts, draws, ladder, trained, declared), relation.certificate)


def _symmetry(traits: Traits, space: WeightSpace) -> str:
    try:
        return traits.symmetry_on(space)
    except NotCarried:  # the row does not apply; the plug-in's constructor is told so
        return traits.symmetry


def _inside(domain: str, pair: Pair) -> bool:
    """Whether both vectors lie in a domain that is neither all of V nor general position, which the relation has."""
    if domain in ("all", "general-position"):
        return True
    return bool(INSIDE[domain](Weights.from_arrays(pair.space, [pair.v, pair.w])).all())
