"""Mutation testing of what must not be wrong: oracles, verdict functions, `verify`, and what judges rows. Run as `tox -e mutation`.

Law: a test fails for at least `WANTED` of the mutants that are not listed as equivalent; `equivalent.txt` lists those, each with
the reason why no test can tell it from the original. The package is copied to `build/orbitcheck/` first, with the tests beside
it, since the tool (mutmut) cannot mutate a root that is the package itself; it makes the mutants, and `forked.py` runs the tests of
each in a fork. Arguments are patterns of mutants, for one module at a time: `tox -e mutation -- "orbitcheck.harness.oracles.orbit*"`.
With `--record` what was caught is written into `benchmarks/acceptance/results/mutation.json`, module by module, with date and commit;
with `--sample 60` at most 60 mutants a module are asked, the same ones each time, and the record says of how many they are.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGE = ROOT / "build"
RECORD = ROOT / "benchmarks" / "acceptance" / "results" / "mutation.json"
PACKAGES = ("architectures", "harness", "reports", "suites", "testing")
MUTATED = (
    "harness/oracles/*.py",
    "harness/oracles/duplicates/*.py",
    "harness/oracles/functions/*.py",
    "harness/oracles/levels/*.py",
    "harness/oracles/unseen/*.py",
    "harness/oracles/two_fwl/*.py",
    "harness/oracles/tuples/*.py",
    "harness/oracles/larger/*.py",
    "harness/checks/prediction.py",
    "harness/checks/*/verdict.py",
    "harness/verification/*.py",
    "harness/verification/exact/*.py",
    "harness/verification/larger/*.py",
    "harness/verification/proofs/*.py",
    "harness/judging/baseline.py",
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
    f"{CHECKS}floor.verdict": ("tests/checks/test_floor.py",),
    f"{VERIFICATION}exact.node_pairs": (
        "tests/verification/test_node_pairs.py",
        "tests/verification/test_refinement_by_definition.py",
    ),
    f"{VERIFICATION}exact.tuples": (
        "tests/verification/test_certificates_on_spaces.py",
        "tests/verification/test_refinement_by_definition.py",
        "tests/oracles/test_colouring.py",
    ),
    f"{VERIFICATION}exact.spectrum": ("tests/verification/test_spectrum.py",),
    f"{VERIFICATION}exact.unseen": ("tests/pairs/test_unseen.py",),
    f"{VERIFICATION}larger.": (
        "tests/oracles/test_larger_groups.py",
        "tests/verification/test_larger_by_hand.py",
        "tests/oracles/test_several_linear_axes.py",
    ),
    f"{VERIFICATION}exact.": ("tests/verification/test_exact.py",),
    f"{VERIFICATION}proofs.signs": (
        "tests/verification/test_signs_and_walks.py",
        "tests/verification/test_exact_proofs.py",
    ),
    f"{VERIFICATION}proofs.node_pairs": ("tests/verification/test_node_pairs.py",),
    f"{VERIFICATION}proofs.": ("tests/verification/test_exact_proofs.py",),
    f"{VERIFICATION}proofs.colours": (
        "tests/verification/test_exact_proofs.py",
        "tests/verification/test_certificates_on_spaces.py",
    ),
    f"{VERIFICATION}certificate": (
        "tests/verification/test_exact_certificate.py",
        "tests/verification/test_node_pairs.py",
        "tests/verification/test_certificates_on_spaces.py",
    ),
    f"{VERIFICATION}counted": ("tests/verification/test_counted.py",),
    f"{VERIFICATION}law": ("tests/verification/test_law_of_its_case.py",),
    f"{VERIFICATION}asked": ("tests/verification/test_exact_rows.py",),
    f"{VERIFICATION}left_out": ("tests/verification/test_exact_rows.py",),
    f"{VERIFICATION}rows": ("tests/verification/test_exact_rows.py", "tests/verification/test_rows_of_pairs.py"),
    f"{JUDGING}baseline": ("tests/judging/test_gate.py", "tests/judging/test_baseline.py"),
    f"{JUDGING}gate": ("tests/judging/test_gate.py",),
    f"{JUDGING}roots": ("tests/judging/test_roots.py",),
    f"{JUDGING}conclusions": ("tests/judging/test_conclusions.py",),
    "orbitcheck.harness.oracles.tuples.": ("tests/oracles/test_colouring.py", "tests/oracles/test_orbits_on_spaces.py"),
    "orbitcheck.harness.oracles.tuples.stabiliser": ("tests/oracles/test_stabiliser_of_spaces.py",),
    "orbitcheck.harness.oracles.tuples.audit": ("tests/oracles/test_audit_on_spaces.py",),
    "orbitcheck.harness.oracles.tuples.relation": ("tests/verification/test_certificates_on_spaces.py",),
    "orbitcheck.harness.oracles.tuples.individualisation": ("tests/verification/test_certificates_on_spaces.py",),
    "orbitcheck.harness.oracles.duplicates.": (
        "tests/oracles/duplicates/test_matching.py",
        "tests/meta/test_planted_copies.py",
    ),
    "orbitcheck.harness.oracles.duplicates.functions": (
        "tests/oracles/duplicates/test_functions.py",
        "tests/oracles/duplicates/test_matching.py",
    ),
    "orbitcheck.harness.oracles.duplicates.outputs": (
        "tests/oracles/duplicates/test_outputs.py",
        "tests/oracles/duplicates/test_functions.py",
    ),
    "orbitcheck.harness.oracles.duplicates.near": (
        "tests/oracles/duplicates/test_near.py",
        "tests/meta/test_planted_copies.py",
    ),
    "orbitcheck.harness.oracles.duplicates.groups": (
        "tests/oracles/duplicates/test_near.py",
        "tests/oracles/duplicates/test_matching.py",
        "tests/meta/test_planted_copies.py",
    ),
    "orbitcheck.harness.oracles.duplicates.links": (
        "tests/oracles/duplicates/test_links.py",
        "tests/oracles/duplicates/test_matching.py",
    ),
    "orbitcheck.harness.oracles.levels.": ("tests/oracles/test_levels.py",),
    "orbitcheck.harness.oracles.levels.labels": ("tests/oracles/test_labels.py",),
    "orbitcheck.harness.oracles.levels.enclosures": (
        "tests/oracles/test_levels.py",
        "tests/oracles/test_splits.py",
        "tests/weights/test_further_activations.py",
    ),
    "orbitcheck.harness.oracles.levels.splits": ("tests/oracles/test_splits.py",),
    "orbitcheck.harness.oracles.unseen.": ("tests/pairs/test_unseen.py",),
    "orbitcheck.harness.oracles.larger.": (
        "tests/oracles/test_larger_groups.py",
        "tests/oracles/test_several_linear_axes.py",
    ),
    "orbitcheck.harness.oracles.refinement": ("tests/oracles/test_refinement_by_hand.py",),
    "orbitcheck.harness.oracles.remainder": ("tests/oracles/test_remainder.py",),
    "orbitcheck.harness.oracles.labelling": ("tests/oracles/test_labelling.py",),
    "orbitcheck.harness.oracles.orbit": ("tests/oracles/test_orbit_by_hand.py",),
    "orbitcheck.harness.oracles.two_fwl.": ("tests/oracles/test_two_fwl.py", "tests/verification/test_node_pairs.py"),
    "orbitcheck.harness.oracles.two_fwl.relation": ("tests/verification/test_node_pairs.py",),
    "orbitcheck.harness.oracles.stabiliser": ("tests/oracles/test_stabiliser.py",),
    "orbitcheck.harness.oracles.invariants": (
        "tests/oracles/test_invariants.py",
        "tests/verification/test_signs_and_walks.py",
    ),
    "orbitcheck.harness.oracles.individualisation": ("tests/oracles/test_individualisation.py",),
    "orbitcheck.harness.oracles.larger.table": ("tests/oracles/test_table.py",),
    "orbitcheck.harness.oracles.linear_maps": (
        "tests/oracles/test_linear_maps.py",
        "tests/oracles/test_linear_maps_of_groups.py",
    ),
    "orbitcheck.harness.oracles.functions.signs": ("tests/oracles/test_signs.py",),
    "orbitcheck.harness.oracles.functions.normal_form": ("tests/oracles/test_normal_form.py",),
    "orbitcheck.harness.oracles.functions.sup_at_points": ("tests/oracles/test_coarse_classes.py",),
    "orbitcheck.harness.oracles.functions.polyline": ("tests/oracles/test_polyline.py",),
    "orbitcheck.harness.oracles.function": ("tests/oracles/test_function.py",),
    "orbitcheck.harness.oracles.functions.enclosure": ("tests/oracles/test_enclosure.py",),
    "orbitcheck.harness.oracles.floors": ("tests/oracles/test_floors.py",),
    "orbitcheck.harness.oracles.classes": ("tests/oracles/test_classes.py", "tests/oracles/test_coarse_classes.py"),
    "orbitcheck.harness.oracles.relation": (
        "tests/oracles/test_relation.py",
        "tests/verification/test_signs_and_walks.py",
    ),
    "orbitcheck.harness.oracles.capacity": ("tests/oracles/test_capacity.py",),
    "orbitcheck.harness.oracles.audit": ("tests/oracles/test_audit.py", "tests/oracles/test_separators.py"),
}
WANTED = 0.95
CAUGHT = ("killed", "timeout")
GENERATE = """\
import os
from mutmut.__main__ import copy_src_dir, create_mutants, set_mutant_under_test
from mutmut.utils.file_utils import copy_also_copy_files, setup_source_paths
set_mutant_under_test("mutant_generation")
os.makedirs("mutants", exist_ok=True)
copy_src_dir()
copy_also_copy_files()
setup_source_paths()
create_mutants(1)
"""

CONFIGURATION = """\
[tool.mutmut]
source_paths = ["orbitcheck"]
only_mutate = %s

[tool.pytest.ini_options]
filterwarnings = ["error"]
markers = ["cuda: needs a CUDA device", "install: builds a fresh environment"]
"""


def tests_of(module: str) -> tuple[str, ...]:
    """The test files of a module: those of the longest prefix that is listed."""
    return TESTS_OF[max((prefix for prefix in TESTS_OF if module.startswith(prefix)), key=len)]


def asked_for(patterns: list[str]) -> list[str]:
    """The files that may hold a mutant that is asked for: a pattern's part before its first star begins the name, or is begun by it."""
    stems = [f"{pattern.partition('*')[0]}" for pattern in patterns]
    files = sorted({path.relative_to(ROOT).as_posix() for glob in MUTATED for path in ROOT.glob(glob)})
    names = {file: f"orbitcheck.{file.removesuffix('.py').replace('/', '.')}." for file in files}
    return [
        file for file in files if any(names[file].startswith(stem) or stem.startswith(names[file]) for stem in stems)
    ]


def stage(files: list[str]) -> None:
    """Copy package and tests to where the tool can take them, and let it make the mutants of these files."""
    for copied in ("orbitcheck", "tests"):
        shutil.rmtree(STAGE / copied, ignore_errors=True)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, STAGE / "orbitcheck" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "py.typed"):
        shutil.copy2(ROOT / name, STAGE / "orbitcheck" / name)
    shutil.copytree(ROOT / "tests", STAGE / "tests", ignore=shutil.ignore_patterns("__pycache__", "mutation"))
    patterns = json.dumps([f"orbitcheck/{path}" for path in files])
    shutil.rmtree(STAGE / "mutants", ignore_errors=True)
    (STAGE / "pyproject.toml").write_text(CONFIGURATION % patterns, encoding="utf-8")
    subprocess.run([sys.executable, "-c", GENERATE], cwd=STAGE, check=True, stdout=subprocess.DEVNULL)


def equivalent() -> dict[str, str]:
    """Mutant -> why it is the original; lines `mutant: reason`, others are comments."""
    lines = (ROOT / "tests" / "mutation" / "equivalent.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {mutant: reason for mutant, _, reason in entries}


def mutants() -> dict[str, list[str]]:
    """Module -> its mutants."""
    made: dict[str, list[str]] = {}
    for file in sorted((STAGE / "mutants" / "orbitcheck").rglob("*.py.meta")):
        for mutant in json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]:
            made.setdefault(module_of(mutant), []).append(mutant)
    return made


def kept_of(module: str) -> Path:
    """The file of what became of a module's mutants; what is kept of another source is forgotten."""
    path = (STAGE / "orbitcheck").joinpath(*module.split(".")[1:])
    source = hashlib.sha256(path.with_suffix(".py").read_bytes()).hexdigest()
    kept = STAGE / "results" / f"{module}.txt"
    kept.parent.mkdir(exist_ok=True)
    if not kept.exists() or not kept.read_text(encoding="utf-8").startswith(f"source: {source}\n"):
        kept.write_text(f"source: {source}\n", encoding="utf-8")
    return kept


def ask(asked: Mapping[str, list[str]], tests: Sequence[str]) -> None:
    """Run the tests on the mutants of modules that share them; a mutant of the same source that was caught before is not
    asked again, so that a run that was ended goes on, and one with better tests asks the survivors alone."""
    names = STAGE / "names.txt"
    open_ones = [each for module, own in asked.items() for each in own if read(kept_of(module)).get(each) not in CAUGHT]
    names.write_text("\n".join(open_ones), encoding="utf-8")
    if open_ones:
        runner = Path(__file__).parent / "forked.py"
        command = [sys.executable, str(runner), str(STAGE / "results"), str(names), *tests]
        subprocess.run(command, cwd=STAGE / "mutants", check=True)


def read(kept: Path) -> dict[str, str]:
    """Mutant -> what became of it, by the last line that says so."""
    lines = (line.partition(": ") for line in kept.read_text(encoding="utf-8").splitlines()[1:])
    return {mutant: became for mutant, _, became in lines}


def sample(mutants: list[str], size: int | None) -> list[str]:
    """At most so many of the mutants, all for None: those whose digests come first, so that a mutant is in or out whatever else is."""
    return sorted(mutants, key=lambda each: hashlib.sha256(each.encode()).digest())[:size]


def record(module: str, wanted: dict[str, str], equivalent: int, made: int) -> None:
    """Write what was caught of a module beside what is written of others; `sampled_from` where not all mutants were asked."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    whole = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    survived = sorted(mutant.rpartition(".")[2] for mutant, status in wanted.items() if status not in CAUGHT)
    whole[module] = {
        "date": date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "caught": len(wanted) - len(survived),
        "of": len(wanted),
        "equivalent": equivalent,
        "survived": survived,
    } | ({"sampled_from": made} if made > len(wanted) else {})
    RECORD.write_text(json.dumps(dict(sorted(whole.items())), indent=1) + "\n", encoding="utf-8")


def module_of(mutant: str) -> str:
    return mutant.rpartition(".")[0]


def told(module: str, drawn: list[str], own: set[str], made: list[str], whole: int) -> tuple[dict[str, str], bool]:
    """What became of the drawn mutants of a module, printed; and whether that is less than is wanted."""
    found = dict.fromkeys(made, "not run") | read(kept_of(module))
    wanted = {mutant: found[mutant] for mutant in drawn}
    survived = [f"{mutant}: {status}" for mutant, status in wanted.items() if status not in CAUGHT]
    unknown = [f"{mutant}: listed as equivalent, but there is no such mutant" for mutant in own - {*made}]
    wrong = [
        f"{mutant}: listed as equivalent, but a test fails for it" for mutant in own if found.get(mutant) in CAUGHT
    ]
    print(*survived, *unknown, *wrong, sep="\n")
    share = 1 - len(survived) / len(wanted) if wanted else 1.0
    print(
        f"{module}: {dict(Counter(wanted.values()))}: {share:.1%} caught of {len(wanted)} of {whole}, {WANTED:.0%} wanted",
        flush=True,
    )
    return wanted, share < WANTED or bool(unknown or wrong)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--sample", type=int)
    options = parser.parse_args(arguments)
    stage(asked_for(options.patterns))
    made, listed, red = mutants(), equivalent(), False
    groups: dict[tuple[str, ...], list[str]] = {}
    for module in made:
        groups.setdefault(tests_of(module), []).append(module)
    for tests, modules in groups.items():
        own = {module: {mutant for mutant in listed if module_of(mutant) == module} for module in modules}
        whole = {module: [each for each in made[module] if each not in own[module]] for module in modules}
        drawn = {module: sample(whole[module], options.sample) for module in modules}
        asked = {
            module: [
                each
                for each in made[module]
                if each in {*drawn[module], *own[module]} and any(fnmatch.fnmatch(each, p) for p in options.patterns)
            ]
            for module in modules
        }
        ask(asked, tests)
        for module in modules:
            if asked[module]:
                wanted, short = told(module, drawn[module], own[module], made[module], len(whole[module]))
                red = red or short
                if options.record:
                    record(module, wanted, len(own[module]), len(whole[module]))
    return int(red)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
