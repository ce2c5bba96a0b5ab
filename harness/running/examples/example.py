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
from typing import Any

from ...checks.equivariance.evidence import EquivarianceEvidence
from ...checks.equivariance.prepared import Refuse
from ...checks.separation.draws import drawn_again, drawn_subject
from ...checks.separation.evidence import SeparationEvidence
from ...core.cell import Cell
from ...core.outcomes import Outcome
from ...core.result import Result
from ...learning.workbench import Workbench, exact_arithmetic
from ...pairs.bank import certified_pair
from ...plugins.architecture import Architecture, Equivariant, Unsupported
from ...plugins.discovery import load, parse_name
from ...plugins.extensions import load_extensions
from ...plugins.installed import installed
from ...plugins.subject import PluginFault, Subject
from ...weights.batch import Weights
from ...weights.groups import NotCarried
from ...weights.symmetry import act
from .locating import Located, located
from .replay import CannotReplay, parameters_of, replayed

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
    numbers = {"v": found.v, "gv": act(found.element, found.v)}
    told: dict[str, Any] = {
        "compared": found.compared,
        "limit": found.limit,
        "element": found.element.to_json(),
        "reached": found.reached or "the initialisation",
    }
    _write(folder, cell, found.subject, numbers, told, _LAW)
    return Written(_files(folder), f"{found.compared}: the outputs differ by {found.error:.1e} of their size")


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
    _write(folder, cell, subject, numbers, told, _SEPARATION)
    return Written(_files(folder), f"draw {number}, gain {gain:g}: predicted {row.predicted}, {evidence.relation}")


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in (SCRIPT, NUMBERS, PARAMETERS))


def _write(
    folder: Path, cell: Cell, subject: Subject, numbers: dict[str, Weights], told: dict[str, Any], script: str
) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"{name}.{tensor}": values for name, v in numbers.items() for tensor, values in v.items()}
    save_file({name: values.detach().cpu().clone().contiguous() for name, values in weights.items()}, folder / NUMBERS)
    save_file(parameters_of(subject), folder / PARAMETERS)
    name = parse_name(cell.architecture)
    space = next(iter(numbers.values())).space
    output = subject.output
    settings = {
        "space": space.to_json(),
        "options": dict(name.options),
        "seed": cell.seed,
        "dtype": str(subject.dtype).removeprefix("torch."),
        "train": subject.module.training,
        **told,
    }
    folder.joinpath(SCRIPT).write_text(
        script.format(
            what=f"{cell.architecture} / {cell.check} / {cell.case}",
            plugin=_plugin(name.reference),
            output=f"Equivariant({output.channels}, kind={str(output.kind)!r})"
            if isinstance(output, Equivariant)
            else f"Invariant({output.dim})",
            settings=json.dumps(settings, indent=1),
        ),
        encoding="utf-8",
    )


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


_HEAD = '''"""{what}

{docs}
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from orbitcheck import Equivariant, GroupElement, Invariant, Weights, WeightSpace, act

{plugin}

SETTINGS = json.loads("""{settings}""")
OUTPUT = {output}
HERE = Path(__file__).parent

space = WeightSpace.from_json(SETTINGS["space"])
dtype = getattr(torch, SETTINGS["dtype"])
numbers = load_file(HERE / "weights.safetensors")


def vector(name):
    return Weights(space, {{tensor: numbers[f"{{name}}.{{tensor}}"].to(dtype) for tensor in space.axes}})


torch.manual_seed(SETTINGS["seed"])
network = Network(space, OUTPUT, **SETTINGS["options"]).to(dtype=dtype)
network.load_state_dict(load_file(HERE / "parameters.safetensors"), strict=False)
network.train(SETTINGS["train"])


def phi(v, layout=torch.clone):
    answer = network(v.map(layout))
    return answer.map(lambda tensor: tensor.detach().double()) if isinstance(answer, Weights) else answer.detach().double()
'''

_LAW = (
    _HEAD.replace(
        "{docs}",
        "Prints both outputs and e, by how much they differ; ends with 1 while e is above the limit, else with 0.",
    )
    + """

def tensors(output):
    return dict(output.items()) if isinstance(output, Weights) else {{"output": output}}


def apart(output):
    return max(float((t - tensors(base)[name]).abs().max()) for name, t in tensors(output).items())


v, gv, g = vector("v"), vector("gv"), GroupElement.from_json(SETTINGS["element"])
with torch.no_grad():
    base = phi(v)
unit, moved = base, base
if SETTINGS["compared"] == "law":
    left_name, right_name = "phi(g v)", "g phi(v)"
    with torch.no_grad():
        left = phi(gv)
    if isinstance(base, Weights):
        moved = act(g, base, OUTPUT.kind)
elif SETTINGS["compared"] == "gradients":
    left_name, right_name = "phi(v), gradients recorded", "phi(v)"
    left = phi(v)
    try:
        left = max(left, phi(v, lambda tensor: tensor.clone().requires_grad_()), key=apart)
    except RuntimeError:
        pass  # inputs that require a gradient are refused
else:
    left_name, right_name = "phi(v), the input strided", "phi(v)"


    def transposed(tensor):
        order = list(range(tensor.ndim))[::-1]
        return tensor.permute(order).contiguous().permute(order)

    def spread_out(tensor):
        memory = torch.full((2 * tensor.numel() + 2,), 1e3, dtype=dtype)[2:].view(*tensor.shape, 2)[..., 0]
        return memory.copy_(tensor)

    with torch.no_grad():
        left = max((phi(v, layout) for layout in (transposed, spread_out)), key=apart)

# An error is measured in units of its tensor's largest entry, or of a thousandth of the largest of all; g moves units, too.
largest = max(float(tensor.abs().max()) for tensor in tensors(base).values())
sizes = {{name: max(float(tensor.abs().max()), 1e-3 * largest, 1e-300) for name, tensor in tensors(base).items()}}
units = {{name: torch.full_like(tensor, sizes[name]) for name, tensor in tensors(base).items()}}
if moved is not base:
    units = {{name: tensor.abs() for name, tensor in act(g, Weights(space, units), OUTPUT.kind).items()}}
e = max(float(((tensor - tensors(moved)[name]).abs() / units[name]).max()) for name, tensor in tensors(left).items())

print("parameters:", SETTINGS["reached"], "in", SETTINGS["dtype"])
print("g:", g)
for name, tensor in tensors(left).items():
    print(f"{{name}}: {{left_name}} =", tensor.flatten().tolist())
    print(f"{{name}}: {{right_name}} =", tensors(moved)[name].flatten().tolist())
print(f"e = {{e:.3e}}, limit {{SETTINGS['limit']:.1e}}")
sys.exit(int(not e <= SETTINGS["limit"]))
"""
)

_SEPARATION = (
    _HEAD.replace(
        "{docs}",
        "Prints both outputs, their distance and the noise; ends with 1 while this is not what was predicted, else with 0.",
    )
    + """

from orbitcheck import random_elements
import numpy as np

v, w = vector("v"), vector("w")
copies = random_elements(space, 16, np.random.default_rng(0))
with torch.no_grad():
    of_v = torch.cat([phi(act(g, v)) for g in copies])
    of_w = torch.cat([phi(act(g, w)) for g in copies])
noise = max(float(torch.cdist(of_v, of_v).max()), float(torch.cdist(of_w, of_w).max()))
noise = max(noise, 4 * torch.finfo(dtype).eps / 2 * float(torch.cat([of_v, of_w]).norm(dim=1).mean()), 1e-300)
gap = float(torch.cdist(of_v, of_w).min())
seen = "separated" if gap >= SETTINGS["gap"] * noise else "not separated"

print("draw:", SETTINGS["draw"])
print("phi(v) =", of_v[0].tolist())
print("phi(w) =", of_w[0].tolist())
print(f"e = {{gap:.3e}} apart, {{noise:.3e}} within an orbit: {{seen}}; predicted: {{SETTINGS['predicted']}}")
sys.exit(int((seen == "separated") != (SETTINGS["predicted"] == "separated")))
"""
)
