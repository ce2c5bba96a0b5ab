"""Mutation testing of what must not be wrong: oracles, verdict functions, `verify`, and what judges rows. Run as `tox -e mutation`.

Law: a test fails for at least `WANTED` of the mutants that are not listed as equivalent; `equivalent.txt` lists those, each with
the reason why no test can tell it from the original. The package is copied to `build/orbitcheck/` first, with the tests beside
it, since the tool cannot mutate a root that is the package itself. Arguments are patterns of mutants, for one module at a time:
`tox -e mutation -- "orbitcheck.harness.oracles.refinement*"`. Results are kept in `build/mutants/` and taken up again; with
`--record` what was caught is written into `benchmarks/acceptance/results/mutation.json`, module by module, with date and commit.
"""

from __future__ import annotations

import fnmatch
import json
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGE = ROOT / "build"
RECORD = ROOT / "benchmarks" / "acceptance" / "results" / "mutation.json"
PACKAGES = ("architectures", "harness", "reports", "suites", "testing")
MUTATED = (
    "harness/oracles/*.py",
    "harness/oracles/functions/*.py",
    "harness/checks/prediction.py",
    "harness/checks/*/verdict.py",
    "harness/verification/*.py",
    "harness/verification/exact/*.py",
    "harness/verification/proofs/*.py",
    "harness/judging/gate.py",
    "harness/judging/roots.py",
    "harness/judging/conclusions.py",
)
SECOND = "tests/checks/test_second_verdict_of_"
CHECKS = "orbitcheck.harness.checks."
VERIFICATION = "orbitcheck.harness.verification."
JUDGING = "orbitcheck.harness.judging."
TESTS_OF = {
    f"{CHECKS}prediction": ("tests/checks/test_prediction.py", f"{SECOND}predictions.py"),
    f"{CHECKS}equivariance.verdict": ("tests/checks/test_equivariance_verdict.py", f"{SECOND}equivariance.py"),
    f"{CHECKS}separation.verdict": ("tests/checks/test_separation_verdict.py", f"{SECOND}separation.py"),
    f"{CHECKS}resolution.verdict": ("tests/checks/test_other_verdicts_in_full.py", f"{SECOND}other_kinds.py"),
    f"{CHECKS}detection.verdict": ("tests/checks/test_other_verdicts_in_full.py", f"{SECOND}other_kinds.py"),
    f"{CHECKS}exhaustive.verdict": ("tests/checks/test_other_verdicts_in_full.py", f"{SECOND}other_kinds.py"),
    f"{CHECKS}approximation.verdict": (
        "tests/checks/test_approximation_verdict.py",
        "tests/checks/test_other_verdicts_in_full.py",
        f"{SECOND}other_kinds.py",
    ),
    f"{CHECKS}general_position.verdict": ("tests/checks/test_other_verdicts_in_full.py", f"{SECOND}other_kinds.py"),
    f"{CHECKS}completeness.verdict": ("tests/checks/test_other_verdicts_in_full.py", f"{SECOND}other_kinds.py"),
    f"{VERIFICATION}exact.": ("tests/verification/test_exact.py",),
    f"{VERIFICATION}proofs.signs": (
        "tests/verification/test_signs_and_walks.py",
        "tests/verification/test_exact_proofs.py",
    ),
    f"{VERIFICATION}proofs.": ("tests/verification/test_exact_proofs.py",),
    f"{VERIFICATION}certificate": ("tests/verification/test_exact_certificate.py",),
    f"{VERIFICATION}rows": ("tests/verification/test_exact_rows.py",),
    f"{JUDGING}gate": ("tests/judging/test_gate.py",),
    f"{JUDGING}roots": ("tests/judging/test_roots.py",),
    f"{JUDGING}conclusions": ("tests/judging/test_conclusions.py",),
    "orbitcheck.harness.oracles.refinement": ("tests/oracles/test_refinement_by_hand.py",),
    "orbitcheck.harness.oracles.remainder": ("tests/oracles/test_remainder.py",),
    "orbitcheck.harness.oracles.labelling": ("tests/oracles/test_labelling.py",),
    "orbitcheck.harness.oracles.orbit": ("tests/oracles/test_orbit_by_hand.py",),
    "orbitcheck.harness.oracles.stabiliser": ("tests/oracles/test_stabiliser.py",),
    "orbitcheck.harness.oracles.invariants": (
        "tests/oracles/test_invariants.py",
        "tests/verification/test_signs_and_walks.py",
    ),
    "orbitcheck.harness.oracles.individualisation": ("tests/oracles/test_individualisation.py",),
    "orbitcheck.harness.oracles.linear_maps": ("tests/oracles/test_linear_maps.py",),
    "orbitcheck.harness.oracles.functions.signs": ("tests/oracles/test_signs.py",),
    "orbitcheck.harness.oracles.functions.normal_form": ("tests/oracles/test_normal_form.py",),
    "orbitcheck.harness.oracles.functions.polyline": ("tests/oracles/test_polyline.py",),
    "orbitcheck.harness.oracles.function": ("tests/oracles/test_function.py",),
    "orbitcheck.harness.oracles.functions.enclosure": ("tests/oracles/test_enclosure.py",),
    "orbitcheck.harness.oracles.floors": ("tests/oracles/test_floors.py",),
    "orbitcheck.harness.oracles.classes": ("tests/oracles/test_classes.py",),
    "orbitcheck.harness.oracles.relation": ("tests/oracles/test_relation.py",),
    "orbitcheck.harness.oracles.capacity": ("tests/oracles/test_capacity.py",),
    "orbitcheck.harness.oracles.audit": ("tests/oracles/test_audit.py",),
}
WANTED = 0.95
CAUGHT = ("killed", "timeout", "suspicious", "segfault", "caught by type check")

CONFIGURATION = """\
[tool.mutmut]
source_paths = ["orbitcheck"]
only_mutate = %s
pytest_add_cli_args_test_selection = %s
pytest_add_cli_args = ["--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:xdist"]
track_dependencies = false
timeout_constant = 5.0
timeout_multiplier = 3.0

[tool.pytest.ini_options]
filterwarnings = ["error"]
markers = ["cuda: needs a CUDA device", "install: builds a fresh environment"]
"""


def configuration(patterns: list[str]) -> str:
    """The tool's own settings; where one module is asked for, only the tests that are about it need run."""
    fitting = [tests for module, tests in TESTS_OF.items() if patterns and all(p.startswith(module) for p in patterns)]
    tests = fitting[0] if fitting else sorted({file for files in TESTS_OF.values() for file in files})
    return CONFIGURATION % (json.dumps([f"orbitcheck/{path}" for path in MUTATED]), json.dumps(tests))


def stage(patterns: list[str]) -> None:
    """Copy package and tests to where the tool can take them; results of files that did not change are kept."""
    for copied in ("orbitcheck", "tests"):
        shutil.rmtree(STAGE / copied, ignore_errors=True)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, STAGE / "orbitcheck" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "py.typed"):
        shutil.copy2(ROOT / name, STAGE / "orbitcheck" / name)
    shutil.copytree(ROOT / "tests", STAGE / "tests", ignore=shutil.ignore_patterns("__pycache__", "mutation"))
    (STAGE / "pyproject.toml").write_text(configuration(patterns), encoding="utf-8")


def equivalent() -> dict[str, str]:
    """Mutant -> why it is the original; lines `mutant: reason`, others are comments."""
    lines = (ROOT / "tests" / "mutation" / "equivalent.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {mutant: reason for mutant, _, reason in entries}


def results() -> dict[str, str]:
    """Mutant -> what became of it."""
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=STAGE,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.strip().rpartition(": ") for line in listed.stdout.splitlines() if ": " in line)
    return {mutant: status for mutant, _, status in pairs}


def record(found: dict[str, str], listed: dict[str, str], modules: set[str]) -> None:
    """Write what was caught of these modules beside what is written of others."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    whole = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    for module in modules:
        own = {mutant: status for mutant, status in found.items() if module_of(mutant) == module}
        counted = {mutant: status in CAUGHT for mutant, status in own.items() if mutant not in listed}
        whole[module] = {
            "date": date.today().isoformat(),
            "commit": commit.stdout.strip(),
            "caught": sum(counted.values()),
            "of": len(counted),
            "equivalent": len(own) - len(counted),
            "survived": sorted(mutant.rpartition(".")[2] for mutant, caught in counted.items() if not caught),
        }
    RECORD.write_text(json.dumps(dict(sorted(whole.items())), indent=1) + "\n", encoding="utf-8")


def module_of(mutant: str) -> str:
    return mutant.rpartition(".")[0]


def main(arguments: list[str]) -> int:
    patterns = [each for each in arguments if each != "--record"]
    stage(patterns)
    subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", "1", *patterns], cwd=STAGE)
    listed, found = equivalent(), results()

    def asked(mutant: str) -> bool:
        return any(fnmatch.fnmatch(mutant, pattern) for pattern in patterns or ["*"])

    wanted = {mutant: status for mutant, status in found.items() if mutant not in listed and asked(mutant)}
    survived = [f"{mutant}: {status}" for mutant, status in wanted.items() if status not in CAUGHT]
    print(*survived, sep="\n")
    unknown = [mutant for mutant in listed if mutant not in found and asked(mutant)]
    wrong = [mutant for mutant in listed if found.get(mutant) in CAUGHT and asked(mutant)]
    print(*(f"{mutant}: listed as equivalent, but there is no such mutant" for mutant in unknown), sep="\n")
    print(*(f"{mutant}: listed as equivalent, but a test fails for it" for mutant in wrong), sep="\n")
    share = 1 - len(survived) / len(wanted) if wanted else 0.0
    print(f"{dict(Counter(wanted.values()))}: {share:.1%} caught of {len(wanted)}, {WANTED:.0%} wanted")
    if len(patterns) < len(arguments):
        record(found, listed, {module_of(mutant) for mutant in wanted})
    return int(share < WANTED or bool(unknown or wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
