"""Synthetic runs: what a run of the shipped suites looks like, and degenerate, hostile and large ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orbitcheck.harness.core.result import Result, Run, digest
from orbitcheck.harness.judging.controls import controls, round_ladder
from orbitcheck.harness.running.planted import DEFECTS

ENVIRONMENT = {
    "date": "2026-03-14T09:26:53+00:00",
    "python": "3.11.9",
    "torch": "2.13.0",
    "platform": "Linux-6.8-x86_64",
    "threads": 1,
    "device": "cpu",
    "time_limit": 120.0,
    "seeds": "SHA-256 of each cell's content",
}
TRAITS: dict[str, dict[str, Any]] = {
    "dws": {"power": "1-wl", "rounds": [4, 9], "paper": "Navon et al. 2023"},
    "nfn-hnp": {"power": "1-wl", "rounds": [4, 9], "paper": "Zhou et al. 2023"},
    "nfn-np": {"power": "1-wl", "rounds": [3, 7], "paper": "Zhou et al. 2023"},
    "flat-mlp": {"symmetry": "none", "power": "unknown", "paper": "control"},
    "stats": {"power": "below-1-wl", "paper": "Unterthiner et al. 2020"},
    "deep-sets": {"power": "below-1-wl", "paper": "Zaheer et al. 2017"},
    "sorted-mlp": {"power": "complete", "domain": "general-position", "continuous": False, "paper": "control"},
}
COST = {"of": "a batch of 8 networks of widths (2, 32, 32, 1) in float32", "head": "invariant", "parameters": 48_120,
        "operations": 124_168_704, "bytes": 2_833_408, "seconds": 0.0249}  # fmt: skip
INPUTS = ("generic", "ties", "zeros", "equal-biases", "duplicated-neurons", "large", "small", "pruned")
PAIRS = (  # check, family, relation, round, pairs
    ("one-orbit", "same-orbit", "one orbit", None, 8),
    ("generic-pairs", "generic", "parts in round 1, different functions", 1, 6),
    ("one-entry", "one-entry", "parts in round 1, different functions", 1, 6),
    ("regular-bipartite", "bipartite-cycles", "1-WL-equivalent, two orbits", None, 8),
    ("gp-one-layer", "bipartite-cycles-gp", "parts in round 1, same function", 1, 4),
    *(
        ("ladder", "round-ladder", f"parts in round {t}, same function", t, 1)
        for t in range(1, 9)
    ),
    ("rescaling", "relu-rescaling", "parts in round 1, same function", 1, 4),
)  # fmt: skip


def row(**changes: Any) -> Result:
    """A passing row with the given fields changed."""
    values: dict[str, Any] = {
        "id": digest(sorted((key, repr(value)) for key, value in changes.items()))[:12],
        "suite": "quick",
        "check": "equivariance",
        "kind": "equivariance",
        "case": "tiny/invariant/generic/eval",
        "claim": None,
        "architecture": "dws",
        "options": {},
        "outcome": "pass",
        "reason": "",
        "predicted": "equivariant",
        "observed": "equivariant",
        "evidence": {},
        "certificate": None,
        "seed": 271828182845,
        "dtype": "float64",
        "seconds": 0.25,
        "model_seconds": 0.2,
        "reproduce": "",
    }
    made = Result(**{**values, **changes})
    return replace(made, reproduce=made.reproduce or f"orbitcheck reproduce results {made.id}")


def equivariance_row(
    name: str, suite: str, space: str, output: str, kind: str, mode: str, rng: random.Random
) -> Result:
    floor = 10 ** rng.uniform(-15.7, -15.0)
    error64, error32 = floor * rng.uniform(0.4, 3), floor * rng.uniform(0.4, 3) * 2**29
    outcome, reason, observed, declared, counter = "pass", "", "equivariant", None, None
    if name == "flat-mlp":
        error64 = rng.uniform(0.1, 1.5)
        error32 = error64 * (1 + 1e-7)
        outcome, observed, declared = "fail", "not equivariant", "not equivariant by design"
    if name == "deep-sets" and kind == "ties" and output == "equivariant":
        error64 = rng.uniform(3e-4, 2e-3)
        error32 = error64 * 1.002
        outcome, observed = "fail", "not equivariant"
    if outcome == "fail":
        reason = (
            f"phi(g v) differs from g phi(v): {error64:.1e}, the noise is {floor:.1e}; a violation: the error is as large "
            "in float64 as in float32"
        )
        counter = {
            "space": "mlp(1, 2, 1, activation='relu')",
            "widths": [1, 2, 1],
            "input": kind,
            "element": "n1: (0 1)",
            "seed": rng.randrange(2**48),
            "error": error64,
            "shrunk": True,
        }
    if name == "nfn-np" and kind == "duplicated-neurons":
        error64, error32 = 3.1e-12, 2.2e-7
        outcome, observed = "undecided", "undecided"
        reason = (
            f"equivariance: error 3.1e-12 against noise {floor:.1e} lies between the thresholds; square root of rounding: "
            "a standard deviation or a norm at ties; a better conditioned input would decide"
        )
    evidence: dict[str, Any] = {
        "space": space,
        "output": output,
        "input": kind,
        "mode": mode,
        "error64": error64,
        "error32": error32,
        "floor64": floor,
        "ratio": error32 / error64,
        "cause": {
            "pass": "rounding",
            "undecided": "square root of rounding: a standard deviation or a norm at ties",
        }.get(outcome, "a violation: the error is as large in float64 as in float32"),
        "properties": {
            "repeated call": {"value": 0.0, "limit": 10 * floor, "verdict": "equal"},
            "batch order": {"value": floor, "limit": 10 * floor, "verdict": "equal"},
            "batch mates": {"value": floor / 2, "limit": 10 * floor, "verdict": "equal"},
        },
        "forwards": 182,
    }
    if counter:
        evidence["counterexample"] = counter
    if name == "stats" and output == "equivariant":
        outcome, observed, evidence = "not-applicable", "", {}
        reason = "unsupported: a summary of statistics has no equivariant head"
    if name == "deep-sets" and kind == "large":
        outcome, observed, evidence = "error", "", {"forwards": 3, "printed": "warning: overflow in exp\n"}
        reason = "RuntimeError: expected a finite output, got nan (deep_sets.py:41)"
    return row(
        suite=suite,
        check="equivariance",
        kind="equivariance",
        case=f"{space}/{output}/{kind}/{mode}",
        claim="thm-5.2" if space == "inr" else None,
        architecture=name,
        outcome=outcome,
        reason=reason,
        observed=observed,
        evidence=evidence,
        declared=declared,
        seconds=rng.uniform(0.05, 0.6),
        model_seconds=rng.uniform(0.04, 0.4),
    )


def separation_row(name: str, pair: tuple[str, str, str, int | None, int], case: str, rng: random.Random) -> Result:
    check, family, relation, parted, _ = pair
    power, rounds = TRAITS[name]["power"], TRAITS[name].get("rounds", [0, 0])
    predicted = "any"
    if relation == "one orbit" or (parted is None and power in ("1-wl", "below-1-wl")):
        predicted = "not separated"
    elif power == "complete" or (power == "1-wl" and parted is not None and parted <= rounds[0]):
        predicted = "separated"
    sees = power in ("1-wl", "complete") and (parted is not None or power == "complete") and relation != "one orbit"
    sees = sees or (power == "below-1-wl" and parted == 1 and family in ("generic", "one-entry"))
    if parted is not None and power == "1-wl" and parted > 6:
        sees = False
    digits = rng.uniform(12.5, 14) - 1.6 * (parted or 1) if sees else rng.uniform(-0.6, 0.4)
    observed = "separated" if sees else "not separated" if predicted == "not separated" else "undecided"
    outcome, reason = "pass", relation
    if name == "nfn-np" and check == "rescaling" and case.endswith("2"):
        digits, observed, outcome = 0.2, "not separated", "fail"
        reason = "predicted separated (parts in round 1, sees all to round 3), but not separated"
    evidence = {
        "family": family,
        "relation": relation,
        "round": parted,
        "orbit": "same" if relation == "one orbit" else "different",
        "draws": 1 if sees else 4,
        "ratio": 10**digits,
        "digits": digits,
        "effect": 10 ** (digits - 13),
        "p": 2.1e-7 if sees else 1.0,
        "floor": 3.1e-16,
        "gain": 1.0,
        "t_res": 6 if power == "1-wl" and check == "ladder" else None,
        "forwards": 132,
    }
    certificate: dict[str, Any] | None = {"statement": relation, "sha256": digest([family, case])}
    if name == "flat-mlp":
        outcome, observed, certificate = "not-applicable", "", None
        reason, evidence = "declares no symmetry: an orbit is no unit for it", {}
    if name == "sorted-mlp" and parted is None and relation != "one orbit":
        outcome, observed, reason = "not-applicable", "", "outside the declared domain general-position"
        evidence = {"family": family, "relation": relation, "round": parted}
    return row(
        suite="separation",
        check=check,
        kind="separation",
        case=case,
        claim={"regular-bipartite": "prop-6.2", "gp-one-layer": "thm-6.3"}.get(check),
        architecture=name,
        outcome=outcome,
        reason=reason,
        predicted=predicted,
        observed=observed,
        evidence=evidence,
        certificate=certificate,
        seconds=rng.uniform(0.05, 0.4),
        model_seconds=rng.uniform(0.04, 0.3),
    )


def bank_row(name: str) -> Result:
    """As the exhaustive check hands it over: all 317 binary 4x4 matrices, one pair of which refinement does not part."""
    pairs, power = 50_086, TRAITS[name]["power"]
    facts = {"space": "mlp(1, 4, 4, 1, activation='relu')", "nets": 317, "pairs": pairs, "classes": 316}
    if name in ("flat-mlp", "sorted-mlp"):
        reason = (
            "declares no symmetry" if name == "flat-mlp" else "outside the declared domain: not in general position"
        )
        return row(suite="separation", check="binary-4x4", kind="exhaustive", case="4x4", architecture=name, evidence=facts,
                   outcome="not-applicable", reason=reason)  # fmt: skip
    late = 0 if power == "below-1-wl" else 85 - 2 * (name == "nfn-np")
    by_round = {"1": (50_000, 40_000 if power == "below-1-wl" else 50_000), "2": (85, late), "none": (1, 0)}
    parted = sum(seen for _, seen in by_round.values())
    return row(
        suite="separation", check="binary-4x4", kind="exhaustive", case="4x4", architecture=name, claim="prop-6.2",
        outcome="undecided" if name == "nfn-np" else "pass",
        reason="2 pairs not separated in 16 draws; the first: 3 and 5 (parts in round 2)" if name == "nfn-np" else "",
        predicted="50085 of 50086 pairs separated, 1 not", observed=f"{parted} of {pairs} pairs separated",
        evidence={
            **facts, "draws": 16 if name == "nfn-np" else 4, "set_aside": 0, "smallest_ratio": 1e5, "largest_null_ratio": 1.2,
            "by_round": {key: {"pairs": count, "separated": seen} for key, (count, seen) in by_round.items()}, "forwards": 1444,
        },
    )  # fmt: skip


PLANTED = [
    defect.entry(defect.wanted, f"{defect.words} by 0.3" if defect.words else "") if defect.name != "batch-statistic"
    else defect.entry("pass", "")
    for defect in DEFECTS
]  # fmt: skip
"""All caught but one."""


def told_of_itself(run: Run) -> Run:
    """The run with its controls, as `carry_out` puts them there."""
    rows, described = run.results, run.architectures
    return replace(run, controls=controls(rows, described), round_ladder=round_ladder(rows, described), planted=PLANTED)


def suite(name: str, title: str, checks: dict[str, str]) -> dict[str, Any]:
    return {
        "suite": name,
        "version": 1,
        "title": title,
        "checks": [{"id": key, "kind": "separation", "title": text} for key, text in checks.items()],
    }


def realistic(seed: int = 7) -> Run:
    """Seven architectures over two suites: passes, failures, errors, undecided, declared and not-applicable rows."""
    rng = random.Random(seed)
    rows = [
        equivariance_row(name, "quick", space, output, kind, mode, rng)
        for name in TRAITS
        for space in ("tiny", "deep", "inr")
        for output in ("invariant", "equivariant")
        for kind in INPUTS
        for mode in ("eval",)
    ]
    rows += [
        separation_row(name, pair, f"{pair[1]}-{pair[3] or 0}-{index}", rng)
        for name in TRAITS
        for pair in PAIRS
        for index in range(pair[4])
    ]
    rows += [bank_row(name) for name in TRAITS]
    return told_of_itself(Run(
        orbitcheck="0.1.0",
        environment=ENVIRONMENT,
        suites=[
            suite("quick", "The gate", {"equivariance": "phi(g v) = g phi(v) on constructed and real weights"}),
            suite(
                "separation",
                "Which weight vectors can be told apart",
                {"regular-bipartite": "binary pairs that refinement cannot tell apart", "ladder": "parts in round t"},
            ),
        ],
        architectures=[
            {"name": name, "options": {"channels": 32, "depth": 4}, "symmetry": "permutation", "domain": "all",
             "continuous": True, "modes": ["eval"], "rounds": None, "cost": COST if name != "sorted-mlp" else None, **traits}
            for name, traits in TRAITS.items()
        ],
        results=rows,
        problems=["separation: 5 rows decided for sorted-mlp, min_decided is 40"],
    ))  # fmt: skip


TARGETS = (  # check, claim, target, kind, regime, floor of 1-WL classes
    ("norms-general-position", "thm-6.3", "weight-norms", "invariant-functional", "general-position", 0.0),
    ("rank-twins", "prop-6.2", "rank", "invariant-functional", "prop-6.2-twins", 0.25),
    ("value-twins", "thm-6.1", "value-at-point", "function-functional", "prop-6.2-twins", 0.0),
    ("gradient-general-position", "thm-7.4", "gradient-step", "equivariant-operator", "general-position", 0.0),
    ("shift", "thm-7.2", "output-shift", "function-operator", "general-position", 0.0),
)


def approximation_row(
    name: str, target: tuple[str, str, str, str, str, float], k: int, size: int, rng: random.Random
) -> Result:
    """As the approximation check hands it over: an error over variance, an interval, a floor where the classes give one."""
    check, claim, title, kind, regime, floor = target
    below = TRAITS[name]["power"] == "below-1-wl"
    power = {"1-wl": "refinement", "complete": "orbit", "below-1-wl": "refinement"}.get(TRAITS[name]["power"])
    floor = 0.0 if power == "orbit" else floor
    error = floor + (0.2 if below else 0.004) * (20_000 / size) ** 0.5 / k**0.5 * rng.uniform(0.7, 1.4)
    predicted = "impossible" if floor > 0.05 else "approximable"
    observed = (
        "approximated" if error < 0.05 else "at the floor" if floor and error < floor + 0.02 else "above the threshold"
    )
    fine = (predicted, observed) in (("impossible", "at the floor"), ("approximable", "approximated"))
    evidence: dict[str, Any] = {
        "target": title, "target_kind": kind, "regime": regime, "networks": k, "parameters": round(size * rng.uniform(0.95, 1.05)),
        "asked_parameters": size, "options": {"channels": 24}, "steps": 300, "samples_seen": 19_200, "error": error,
        "error_low": error * 0.93, "error_high": error * 1.08, "error_range": [error * 0.9, error * 1.1],
        "seeds": [{"seed": 1, "error": error, "best_step": 290, "steps": 300, "diverged_at": None, "last_finite_loss": 0.1}],
        "mse": error * 3.0, "variance": 3.0, "floor": floor if power else None, "floor_kind": power, "classes": 317,
        "samples": 512, "leak": 0.4, "threshold": 0.05, "curve": [[0, 1.0], [150, error * 2], [300, error]],
        "loop_share": 0.97, "forwards": 900,
    }  # fmt: skip
    outcome, reason = ("pass", "") if fine else ("undecided", "above the threshold when the budget ended")
    if name == "sorted-mlp" and regime != "general-position":
        outcome, reason, evidence, observed = "not-applicable", "outside the declared domain general-position", {}, ""
    return row(
        suite="approximation", check=check, kind="approximation", case=f"k={k}/{size}" if k > 1 else str(size), claim=claim,
        architecture=name, outcome=outcome, reason=reason, predicted=predicted, observed=observed, evidence=evidence,
        dtype="float32", seconds=rng.uniform(5, 30), model_seconds=rng.uniform(4, 25),
    )  # fmt: skip


def audit_row(form: str, shares: tuple[float, float, float]) -> Result:
    return row(
        suite="audit", check="inrs", kind="general-position", case=form, claim="gp-audit", architecture="weights",
        predicted=f"{form}: general-position at least 99 %", observed=f"{form}: general-position {100 * shares[0]:.4g} %",
        evidence={
            "form": form, "nets": 1797, "shares": dict(zip(("general-position", "discrete", "one-orbit"), shares, strict=True)),
            "rounds": {"1": 1790, "2": 5, "never": 2}, "tied_neurons": [0.5, 0.25], "classes": 1797, "orbits": 1797,
        },
    )  # fmt: skip


CONCLUSIONS = (
    {"suite": "approximation", "claim": "thm-5.2", "title": "equal errors of dws and nfn-hnp", "checks": ["value-twins"],
     "predicted": "equivalent", "observed": "equivalent", "outcome": "pass", "reason": "", "declared": None,
     "evidence": {"difference": 0.001, "margin": 0.01}},
    {"suite": "approximation", "claim": "oce", "title": "every doubling of k lowers the error", "checks": ["shift"],
     "predicted": "falls", "observed": "rises at k = 4", "outcome": "fail", "reason": "0.0031 at k = 2, 0.0042 at k = 4",
     "declared": None, "evidence": {}},
    {"suite": "approximation", "claim": "thm-7.2", "title": "a large output approximates", "checks": ["shift"],
     "predicted": "falls", "observed": "", "outcome": "undecided", "reason": "too noisy", "declared": "minutes, not hours",
     "evidence": {}},
)  # fmt: skip


def expressive(seed: int = 11) -> Run:
    """Approximation rows at three capacities, one check with several output networks, and conclusions."""
    rng = random.Random(seed)
    rows = [
        approximation_row(name, target, k, size, rng)
        for name in TRAITS
        if name != "flat-mlp"
        for target in TARGETS
        for k in ((1, 2, 4, 8) if target[0] == "shift" else (1,))
        for size in ((20_000,) if target[0] == "shift" else (2_000, 20_000, 200_000))
    ]
    rows += [audit_row("float", (1.0, 1.0, 1.0)), audit_row("8-bit", (0.0167, 0.995, 1.0))]
    rows.append(
        replace(audit_row("2-bit", (0.0, 0.9, 0.98)), outcome="fail", reason="one-orbit 98 %", declared="too coarse")
    )
    base = realistic()
    return Run(
        base.orbitcheck, base.environment, [suite("approximation", "What can be approximated", {})], base.architectures,
        rows, ["oce: 0.0031 at k = 2, 0.0042 at k = 4"], None, CONCLUSIONS,
    )  # fmt: skip


def large(architectures: int = 20, rows: int = 1000, broken: float = 0.05, seed: int = 3) -> Run:
    """Many rows over many architectures, a share of them broken."""
    rng = random.Random(seed)
    base = realistic()
    pool = [row for row in (*base.results, *expressive().results) if row.kind != "exhaustive"]  # its cases are few
    names = [f"architecture-{index:02d}[channels={8 * index + 8},depth=4]" for index in range(architectures)]
    made = []
    for name in names:
        for index in range(rows):
            template = pool[rng.randrange(len(pool))]
            outcome = rng.choice(("fail", "error", "undecided")) if rng.random() < broken else "pass"
            reason = "phi(g v) differs from g phi(v): 3.1e-02, the noise is 3.1e-16" if outcome != "pass" else ""
            made.append(
                replace(
                    template,
                    id=digest([name, index])[:12],
                    architecture=name,
                    outcome=outcome,
                    reason=reason,
                    declared=None,
                    case=f"{template.case}/{index}",
                )
            )
    traits = {"symmetry": "permutation", "power": "1-wl", "rounds": [4, 9], "domain": "all"}
    return told_of_itself(
        replace(base, results=made, architectures=[{"name": name, **traits} for name in names], problems=[])
    )


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "</script><script>alert(1)</script>",
    "]]><!--",
    "a|b `c` **d** [e](javascript:alert(1)) @everyone #1 <!-- f",
    "{{ 1111 * 7 }} {% raw %}",
    "nul \x00 bell \x07 escape \x1b[31m override \u202e end",
    "line\nbreak\r\n```\n# heading",
    "lone \ud800 surrogate \uffff",
)  # fmt: skip


def hostile() -> Run:
    """Every field that a stranger can fill holds text that means something to some format."""
    rows = []
    for index, text in enumerate(HOSTILE):
        for outcome in ("pass", "fail", "error", "undecided", "not-applicable"):
            for kind in (
                "equivariance",
                "separation",
                "approximation",
                "detection",
                "exhaustive",
                "general-position",
                text,
            ):
                rows.append(
                    row(
                        id=f"{text}{index}{outcome}",
                        suite=text,
                        check=text,
                        kind=kind,
                        case=text,
                        claim=text,
                        architecture=text,
                        options={text: text},
                        outcome=outcome,
                        reason=text,
                        predicted=text,
                        observed=text,
                        evidence={
                            text: text, "family": text, "relation": text, "round": 1, "digits": "nan", "error64": "inf",
                            "error32": "nan", "cause": text, "counterexample": {text: text, "widths": [text]},
                            "properties": {text: {"value": text, "limit": text, "verdict": text}}, "printed": text,
                            "target": text, "target_kind": text, "regime": text, "floor_kind": text, "networks": 1 + index % 2,
                            "parameters": 100, "error": 0.5, "floor": 0.1, "threshold": 0.05, "ladder": {text: text, "2": 4.0},
                            "form": text, "shares": {text: text, "discrete": "nan", "one-orbit": 7.0}, "rounds": {text: text},
                            "space": text, "nets": text, "draws": text, "by_round": {text: {"pairs": 3, "separated": text}},
                        },
                        certificate={text: text},
                        dtype=text,
                        reproduce=text,
                        declared=text if index % 4 == 0 and outcome == "fail" else None,
                    )
                )  # fmt: skip
    return Run(
        orbitcheck=HOSTILE[0],
        environment={text: text for text in HOSTILE},
        suites=[{"suite": text, "version": text, "checks": [{"id": text, "title": text}]} for text in HOSTILE],
        architectures=[
            {"name": text, "options": {text: text}, "symmetry": text, "power": text, "rounds": [text, text],
             "domain": text, "paper": text, "parameters": text, "cost": {"of": text, "bytes": text, "seconds": "nan"}}
            for text in HOSTILE
        ] + [{"name": f"broken {HOSTILE[0]}", "error": HOSTILE[1]}],
        results=rows,
        problems=list(HOSTILE),
        conclusions=[dict.fromkeys(("claim", "title", "predicted", "observed", "outcome", "reason"), text)
                     | {"evidence": {text: text}} for text in HOSTILE],
        controls=[{"name": text, "nulls": text, "digits": text, "t_res": text, "false_positives": 2, "bound": text}
                  for text in HOSTILE],
        round_ladder=[{"name": text, "architecture": text, "depth": 1 + number % 2, "declared": [text], "t_res": text, "reach": text,
                       "points": [{"round": t, "pairs": 1, "separated": 1, "digits": 5.0} for t in (1, 2)]}
                      for number, text in enumerate(HOSTILE)],
        planted=[dict.fromkeys(("name", "rule", "kind", "wanted", "outcome", "reason", "caught"), text) for text in HOSTILE],
    )  # fmt: skip


def degenerate() -> dict[str, Run]:
    """Runs at the edges: nothing, one row, one outcome only, evidence of unexpected types."""
    empty = Run("0.1.0", {}, [], [], [])
    odd = {
        "error64": "text", "error32": None, "digits": [1], "round": "x", "properties": [1], "counterexample": "none",
        "false_positive": 3, "family": 5, "t_res": "nan", "effect": {}, "forwards": "many", "error": "nan", "parameters": -3,
        "networks": "k", "ladder": [1], "target": 7, "floor": "inf", "by_round": {"1": 3, "none": {"pairs": "inf"}}, "nets": [3],
    }  # fmt: skip
    told = {"name": "dws", "nulls": "nan", "digits": [4], "digits_of_change": 1e9, "points": [7, {"round": "x"}], "reach": "inf",
            "depth": "deep", "declared": 3, "caught": "yes"}  # fmt: skip
    return {
        "empty": empty,
        "green": replace(empty, results=[row()]),
        "only-errors": replace(empty, results=[row(outcome="error", reason="hung", check=f"c{i}") for i in range(3)]),
        "only-not-applicable": replace(empty, results=[row(outcome="not-applicable", reason="unsupported: one layer")]),
        "unloadable": replace(empty, architectures=[{"name": "mine", "error": "ImportError: no module named mine"}]),
        "odd-evidence": replace(empty, results=[row(evidence=odd, kind=kind, outcome=outcome)
                                                for kind in ("equivariance", "separation", "approximation", "detection", "exhaustive", "other")
                                                for outcome in ("pass", "fail")]),
        "odd-controls": replace(empty, results=[row()], controls=[3, told], round_ladder=[None, told], planted=["x", told]),
        "zeros": replace(empty, results=[row(evidence={"error64": 0.0, "error32": 0.0})]),
        "unknown-outcome": replace(empty, results=[row(outcome="exploded")]),
        "unexpected-pass": replace(empty, results=[row(declared="known gap")]),
    }  # fmt: skip


RUNS: dict[str, Callable[[], Run]] = {
    "realistic": realistic,
    "expressive": expressive,
    "hostile": hostile,
    **{name: (lambda name=name: degenerate()[name]) for name in degenerate()},
}


@pytest.fixture(params=RUNS)
def any_run(request: pytest.FixtureRequest) -> Run:
    """Each of the runs above but the large one."""
    return RUNS[request.param]()


@pytest.fixture
def realistic_run() -> Run:
    return realistic()


@pytest.fixture
def expressive_run() -> Run:
    return expressive()


@pytest.fixture
def hostile_run() -> Run:
    return hostile()


@pytest.fixture
def make_large() -> Callable[..., Run]:
    return large


@pytest.fixture
def make_row() -> Callable[..., Result]:
    return row


@pytest.fixture
def hostile_texts() -> tuple[str, ...]:
    return HOSTILE
