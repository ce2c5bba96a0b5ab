"""A counter-example as a folder that anyone can run: a script, and its numbers as safetensors.

The script uses torch, orbitcheck's public face and the plug-in alone. It prints both outputs and by how much they differ, and
ends with 1 while the failure shows, with 0 once it does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from ...checks.equivariance.evidence import EquivarianceEvidence
from ...checks.equivariance.gradients import dual_of
from ...checks.equivariance.prepared import Refuse
from ...checks.equivariance.task import Task
from ...checks.separation.draws import drawn_again, drawn_subject
from ...checks.separation.evidence import SeparationEvidence
from ...core.cell import Cell
from ...core.outcomes import Outcome
from ...core.result import Result
from ...learning.workbench import Workbench, exact_arithmetic
from ...pairs.bank import certified_pair
from ...plugins.architecture import Architecture, Equivariant, Invariant, Unsupported
from ...plugins.discovery import load, parse_name
from ...plugins.extensions import load_extensions
from ...plugins.installed import installed
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.groups import NotCarried
from ...weights.realisation.edits import Realised
from ...weights.symmetry import act
from .locating import Located, located
from .replay import ROUNDS, CannotReplay, parameters_of, replayed
from .scripts import SEPARATION, of_the_law
from .shown import Shown

SCRIPT, NUMBERS, PARAMETERS = "example.py", "weights.safetensors", "parameters.safetensors"
GAP = 1e3
"""A gap of so many times the noise is one."""


class NoExample(Exception):
    """The row has no counter-example that shows by itself; the message says why."""


@dataclass(frozen=True)
class Written:
    """What was written: the files, and in a line what the script shows."""

    files: tuple[Path, ...]
    shows: str


def write_example(row: Result, cell: Cell, folder: Path) -> Written:
    """Write the folder of a failed row.

    Raises:
        NoExample: the row did not fail, its kind has no example, or the failure does not show by itself.
    """
    with _of_a_failure(row, cell) as (architecture, bench):
        if isinstance(row.evidence, EquivarianceEvidence):
            return _law(architecture, cell, row.evidence, bench, folder)
        if isinstance(row.evidence, SeparationEvidence):
            return _separation(architecture, row, cell, row.evidence, bench, folder)
    raise NoExample(f"rows of the kind {cell.kind} have no example")


def locate_row(row: Result, cell: Cell) -> Located:
    """Where a failed row of an equivariance check first breaks the law.

    Raises:
        NoExample: the row did not fail, is of another kind, or the failure does not show by itself.
    """
    with _of_a_failure(row, cell) as (architecture, bench):
        if isinstance(row.evidence, EquivarianceEvidence):
            return located(architecture, cell, row.evidence, bench)
    raise NoExample(f"rows of the kind {cell.kind} break no law")


@contextmanager
def _of_a_failure(row: Result, cell: Cell) -> Iterator[tuple[Architecture, Workbench]]:
    if row.outcome != Outcome.FAIL:
        raise NoExample(f"the row is {row.outcome}; a failed row has a counter-example")
    try:
        load_extensions()
        with exact_arithmetic("cpu"):
            yield load(parse_name(cell.architecture)), Workbench("cpu")
    except (CannotReplay, PluginFault, Unsupported, Refuse, NotCarried, LookupError, ImportError) as error:
        raise NoExample(" ".join(str(error).split())) from None


def _law(
    architecture: Architecture, cell: Cell, evidence: EquivarianceEvidence, bench: Workbench, folder: Path
) -> Written:
    found = replayed(architecture, cell, evidence, bench)
    numbers = {"v": found.v}
    told: dict[str, Any] = {"compared": found.compared, "limit": found.limit}
    if found.compared is Shown.BATCH:
        told["index"] = found.index
    elif found.compared is Shown.CALLS:
        told["rounds"] = ROUNDS
    elif found.beyond is not None:
        numbers["w"] = found.beyond
    else:
        numbers["gv"] = act(found.element, found.v)
        told["element"] = found.element.to_json()
    if found.functional is not None:
        told["functional"] = found.functional.flatten().tolist()
        told["dual"] = dual_of(found.subject.output)
    told["reached"] = str(found.state) or "the initialisation"
    _write(folder, cell, found.subject, numbers, told, of_the_law(found.compared))
    what = "outputs" if found.functional is None else "gradients"
    return Written(_files(folder), f"{found.compared}: the {what} differ by {found.error:.1e} of their size")


def _separation(
    architecture: Architecture, row: Result, cell: Cell, evidence: SeparationEvidence, bench: Workbench, folder: Path
) -> Written:
    if not evidence.measured:
        raise NoExample("the row has no draw")
    pair, _ = certified_pair(cell.parameters, cell.case)
    number = max(range(len(evidence.measured)), key=lambda each: evidence.measured[each].ratio)
    gain = evidence.measured[number].gain

    def draw(rng: Any) -> tuple[int, Subject]:
        seed = int(rng.integers(2**48))
        subject = drawn_subject(architecture, pair.space, seed, gain, bench)
        subject(Weights.from_arrays(pair.space, [pair.v, pair.w]))
        return seed, subject

    seed, subject = drawn_again(draw, cell.seed, number)
    numbers = {name: Weights.from_arrays(pair.space, [vector]) for name, vector in (("v", pair.v), ("w", pair.w))}
    told = {"predicted": row.predicted, "gap": GAP, "draw": {"number": number, "seed": seed, "gain": float(gain)}}
    _write(folder, cell, subject, numbers, told, SEPARATION)
    return Written(_files(folder), f"draw {number}, gain {gain:g}: predicted {row.predicted}, {evidence.relation}")


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in (SCRIPT, NUMBERS, PARAMETERS))


def _write(
    folder: Path, cell: Cell, subject: Subject, numbers: dict[str, Weights], told: dict[str, Any], script: Template
) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"{name}.{tensor}": values for name, v in numbers.items() for tensor, values in v.items()}
    save_file({name: values.detach().cpu().clone().contiguous() for name, values in weights.items()}, folder / NUMBERS)
    save_file(parameters_of(subject), folder / PARAMETERS)
    name = parse_name(cell.architecture)
    space = next(iter(numbers.values())).space
    output, module = subject.output, subject.module
    plugin, network = _plugin(name.reference), 'Network(space, OUTPUT, **SETTINGS["options"])'
    if isinstance(module, Realised):  # edits are held to their functions
        edit = _asked(Task.of(cell).asked)
        plugin = f"from orbitcheck.extending import Realised\n\n{plugin}"
        network = f'Realised(Network(space, {edit}, **SETTINGS["options"]), space, {module.channels}, OUTPUT.dim)'
    settings = {
        "space": space.to_json(),
        "options": dict(name.options),
        "seed": cell.seed,
        "dtype": str(subject.dtype).removeprefix("torch."),
        "train": subject.module.training,
        **told,
    }
    folder.joinpath(SCRIPT).write_text(
        script.substitute(
            what=f"{cell.architecture} / {cell.check} / {cell.case}",
            plugin=plugin,
            output=_asked(output),
            network=network,
            settings=json.dumps(settings, indent=1),
        ),
        encoding="utf-8",
    )


def _asked(output: Invariant | Equivariant) -> str:
    if isinstance(output, Equivariant):
        return f"Equivariant({output.channels}, kind={str(output.kind)!r})"
    return f"Invariant({output.dim})"


def _plugin(reference: str) -> str:
    """The lines that import the plug-in as `Network`."""
    target, colon, attribute = reference.rpartition(":")
    if not colon:
        point = installed()[reference]
        target, attribute = point.module, point.attr
    if not target.endswith(".py"):
        return f"from {target} import {attribute} as Network"
    path = Path(target).resolve()
    return f"sys.path.insert(0, {str(path.parent)!r})\nfrom {path.stem} import {attribute} as Network"
