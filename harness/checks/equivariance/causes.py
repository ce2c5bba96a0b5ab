"""Where an error comes from: each cause is a test with a threshold, on what was measured; else it is unknown. No torch.

| cause | test |
|---|---|
| batch, strides, recording, compiler | the rule that is broken changes nothing else: the batch's order, mates or size; the input's memory; gradients recorded; the network compiled |
| none of these | the batch's rules where inputs tie, broken by no more than ten times what one ulp moves the output by: rounding decides |
| randomness | calls differ, and are equal from one random state |
| history | calls differ from one random state too, or the answers of a hundred calls from those of fresh copies |
| batch, also | the answers of a hundred calls differ from those in a batch, and fresh copies answer as they do, alone and in the batch |
| redraw | the law holds at the initialisation, and the plug-in draws its parameters by no rule of its own |
| recording | also where gradients break their law and the values that are differentiated are others than without gradients |
| backward | the values keep the law, and the gradient differs from difference quotients of the values |
| parameter | the values keep the law, the gradient in the parameters does not and is that of the values: the law breaks next to them |
| square root | where inputs tie, one ulp of float32 moves the output about 2^14.5 times as far as one of float64; or 2^22 ulps of jitter about 2^11 times as far as one, and the error is no more than that noise |
| ties | neighbours that do not tie keep the law; or what is broken is continuity |
| square root, also | no rule is broken, one ulp moves the output by more than 1e-9, and one of float32 about 2^14.5 times as far |
| float32 | over steps of 1e-10 the output stands still or jumps, and one ulp or 1e-10 moves it less than 1e-6 does; its jumps explain the error |
| float32, coarser | smooth over steps of 6e-8, jumps everywhere along steps of 6e-4, as large at shorter ones; its jumps explain the error |
| smooth | over steps of 1e-10 as over 1e-6; or but for rounding: second differences within ten floors, and the two slopes within a half |
| leak | smooth; some generators keep the law, others break it |
| violation | smooth; no generator keeps the law; as large in float32 |
| rounding | below 1e3 floors in both precisions, no jump, smooth, and 2^20 times and more as large in float32 |
"""

from __future__ import annotations

from collections.abc import Collection
from math import inf, isfinite, log2

from .evidence import Cause, Rule, Symptoms

JUMPY = 1e-2
"""A slope that differs from itself by more is that of a map that answers in jumps."""
STEADY = 0.5
"""So far a slope may differ from itself by rounding alone, where small inputs take small steps; of what stands still it is one or more."""
AT_ANY_STEP = 3e3
"""From here on a step of 1e-10 moves the output about as far as one of 1e-6, which is 1e4 times as long: no grid does that."""
ANOTHER = 1e-10
"""An answer further than this from that of a fresh copy of the network, or without gradients, is another one."""
ALIKE = 1e3
"""Errors of all generators that err lie within this factor where every element errs alike."""
SHARE = 1e-2
"""Jumps explain an error that is at most a hundred times as large."""
NEARLY_ALL = 0.1
"""Where some generators keep the law by luck, its jumps are at least this share of the error."""
STAYS = 0.3
"""Second differences of which more is left at steps a sixteenth as long are jumps: a kink leaves a sixteenth, a bend less."""
EVERYWHERE = 0.08
"""A path jumps everywhere whose median second difference, times what of the largest is left at shorter steps, is at least this share of
the largest: 0.1 to 0.6 for bfloat16 inside. A smooth bend within a few steps, as of a norm with an epsilon of 1e-5, has 0.03."""
COARSE = 1e-7
"""No coarser grid than float32's answers in smaller jumps."""
LIFTED = (2.0**12, 2.0**17)
"""How many times as large a root of rounding is in float32: the root of 2^29 is 2^14.5. A jump is as large."""
OTHERWISE = 1e-7
"""A gradient further than this from difference quotients is another one."""
SAME = 4.0
"""Errors in two precisions within this factor are the same error."""
NOISY = 1e-9
"""Noise in float64 above this is more than rounding of sums (`verdict.ILL_CONDITIONED`)."""
KEPT = 10.0
"""Floors up to which an error is the law kept."""
ROOT = (0.35, 0.65)
"""Exponent of the noise, against that of the jitter, of a square root."""
OF_RULES = {
    Rule.STRIDED_INPUT: Cause.STRIDES,
    Rule.GRADIENTS_RECORDED: Cause.RECORDING,
    Rule.COMPILED_ANSWER: Cause.COMPILER,
    Rule.LAW_COMPILED: Cause.COMPILER,
    Rule.JUMP: Cause.NONE,
    Rule.UNMODIFIED_INPUT: Cause.NONE,
}
"""Rules that change one thing alone, which is the cause then; a jump is its own, and so is a call that writes into its input."""
OF_GRADIENTS = frozenset({Rule.GRADIENT_IN_INPUT, Rule.GRADIENT_IN_PARAMETERS})
RULES_OF_BATCHES = frozenset({Rule.BATCH_ORDER, Rule.BATCH_MATES, Rule.BATCH_OF_ONE, Rule.BATCH_SIZE})


def cause(
    broken: Collection[Rule], symptoms: Symptoms | None, error64: float, error32: float, floor64: float, floor32: float
) -> Cause:
    """The cause of a row that does not pass (protocol.md, section 2); UNKNOWN where no test says."""
    if RULES_OF_BATCHES & set(broken):
        return Cause.BATCH
    found = {OF_RULES.get(rule) for rule in broken}
    if len(found) == 1 and (only := found.pop()) is not None:
        return only
    if broken and set(broken) <= {Rule.LAW_AT_REDRAW}:
        return Cause.REDRAW
    if symptoms is None:
        return Cause.UNKNOWN
    if Rule.REPEATED_CALL in broken:
        if symptoms.seeded is None:
            return Cause.UNKNOWN
        return Cause.RANDOMNESS if symptoms.seeded == 0 else Cause.HISTORY
    if (
        Rule.MANY_CALLS in broken
    ):  # calls are repeatable: alone and in a batch the answers differ, by what was called before or by themselves
        if symptoms.seeded is None:
            return Cause.UNKNOWN
        return Cause.HISTORY if symptoms.seeded > ANOTHER else Cause.BATCH
    if broken and set(broken) <= OF_GRADIENTS:
        if symptoms.recorded is not None and symptoms.recorded > ANOTHER:
            return Cause.RECORDING
        if symptoms.backward is None:
            return Cause.UNKNOWN
        if symptoms.backward > OTHERWISE:
            return Cause.BACKWARD
        return Cause.PARAMETER if set(broken) == {Rule.GRADIENT_IN_PARAMETERS} else Cause.UNKNOWN
    if symptoms.lifted is not None and LIFTED[0] <= symptoms.lifted <= LIFTED[1]:
        return Cause.SQUARE_ROOT
    if _only_at_ties(symptoms, error64) or (set(broken) == {Rule.CONTINUITY} and _as_large(symptoms)):
        return Cause.TIES
    if not broken and floor64 > NOISY and LIFTED[0] <= floor32 / floor64 <= LIFTED[1]:
        return Cause.SQUARE_ROOT
    if symptoms.slope is None:
        return Cause.UNKNOWN
    if symptoms.slope > JUMPY and not (symptoms.slope <= STEADY and symptoms.roughness <= KEPT * floor64):
        # A grid stands still for one ulp: where that moves the output as far as the error, something else jumps.
        grid = error64 > KEPT * floor64 and (symptoms.slope < AT_ANY_STEP or symptoms.slope == inf)  # inf: stood still
        alike = symptoms.most_broken <= ALIKE * symptoms.least_broken
        share = SHARE if alike else NEARLY_ALL
        return Cause.SINGLE_PRECISION if grid and symptoms.roughness >= share * error64 else Cause.UNKNOWN
    if _jumps(symptoms) and symptoms.roughness >= NEARLY_ALL * error64 > KEPT * floor64:
        spread = (symptoms.stays or 0.0) * symptoms.wide
        return Cause.SINGLE_PRECISION if spread >= EVERYWHERE else Cause.UNKNOWN
    if error64 <= 1e3 * floor64 and _grows_as_a_root(symptoms):
        return Cause.SQUARE_ROOT
    if error64 > 1e2 * floor64:
        if symptoms.kept_generators and symptoms.broken_generators:
            return Cause.LEAK
        same = error32 <= max(SAME * error64, 1e2 * floor32)
        return Cause.VIOLATION if symptoms.broken_generators and same else Cause.UNKNOWN
    if Rule.CONTINUITY in broken or error32 > 1e3 * floor32:
        return Cause.UNKNOWN
    return Cause.ROUNDING if error32 >= 2.0**20 * error64 else Cause.UNKNOWN


def _jumps(symptoms: Symptoms) -> bool:
    return symptoms.stays is not None and symptoms.stays > STAYS and symptoms.roughness > COARSE


def _as_large(symptoms: Symptoms) -> bool:
    return symptoms.lifted is not None and 1 / SAME <= symptoms.lifted <= SAME


def _only_at_ties(symptoms: Symptoms, error64: float) -> bool:
    near, floor = symptoms.near_ties, symptoms.near_floor
    return near is not None and floor is not None and near <= KEPT * floor and error64 > 1e2 * near


def _grows_as_a_root(symptoms: Symptoms) -> bool:
    growth = symptoms.growth
    return bool(growth) and isfinite(growth) and ROOT[0] <= log2(growth) / 22 <= ROOT[1]
