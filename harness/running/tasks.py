"""The tasks of a run: plain functions of picklable arguments, called by an executor.

Importing this module costs no torch, since the process that submits imports it too; calling its functions does.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.cell import Cell
from ..core.cleaning import bounded
from ..core.registry import UnknownName
from ..core.result import canonical_json
from ..plugins.architecture import OptionError
from ..plugins.discovery import ArchitectureName, PluginImportError, load
from ..plugins.extensions import load_extensions

if TYPE_CHECKING:
    from ..learning.checkpoint import Provenance


def evaluate_cell(
    cell: Cell, device: str, checkpoints: Path | None = None, provenance: str | Provenance = ""
) -> dict[str, Any]:
    """One row as plain JSON, just as a journal gives it back.

    Args:
        checkpoints: folder where a training keeps its state while it lasts.
        provenance: what the row depends on beside the cell.
    """
    from ..learning.checkpoint import Checkpoint
    from .evaluate import evaluate

    kept = Checkpoint(checkpoints / f"{cell.id}.pt", provenance) if checkpoints is not None else None
    return json.loads(canonical_json(evaluate(cell, device=device, checkpoint=kept).to_json()))


def describe_architecture(name: ArchitectureName) -> dict[str, Any]:
    """What a plug-in declares, as plain JSON, with the SHA-256 of its source file.

    What went wrong comes under `refused` (the user named what is not there, or options that it does not take) or under
    `error` (the plug-in does not load), one line each.
    """
    from ..plugins.settings import AT_CALLS, AT_ROWS, Kept
    from ..plugins.subject import describe_error

    known = {"name": str(name), "options": dict(name.options)}
    kept = Kept((*AT_ROWS, *AT_CALLS))
    try:
        architecture = load(name)
        changed = kept.put_back()
        traits = architecture.traits
        declared = {
            "name": str(name),
            "options": {**architecture.defaults, **architecture.options},
            "symmetry": traits.symmetry,
            "power": traits.power,
            "rounds": architecture.rounds,
            "domain": traits.domain,
            "continuous": traits.continuous,
            "modes": traits.modes,
            "paper": traits.paper,
            "shapes": traits.shapes,
        }
        declared |= {"refinement": traits.refinement} if traits.refinement != "joint" else {}
        declared |= {"law": traits.law} if traits.law != "exact" else {}
        declared |= {"blind": list(traits.blind)} if traits.blind else {}
        declared |= {"own_group": True} if traits.group_of is not None else {}
        declared |= {"changed": changed} if changed else {}
        return {**bounded(json.loads(json.dumps(declared))), "source_sha256": _source_sha256(architecture.factory)}
    except (UnknownName, OptionError) as error:
        return bounded({**known, "refused": str(error)})
    except PluginImportError as error:
        return bounded({**known, "error": " ".join(str(error).split())})
    except (Exception, SystemExit) as error:
        line = f'architecture "{name.reference}" fails to declare itself: {describe_error(error)}'
        return bounded({**known, "error": line})


def architecture_cost(name: ArchitectureName) -> dict[str, Any] | None:
    """What a forward pass costs, or None where the plug-in takes no reference task or fails at it."""
    from ..plugins.cost import cost

    try:
        return json.loads(json.dumps(cost(load(name))))
    except (Exception, SystemExit):
        return None


def _source_sha256(factory: Callable[..., Any]) -> str | None:
    try:
        file = inspect.getsourcefile(inspect.unwrap(factory))
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else None
    except (TypeError, OSError):
        return None


def check_device(device: str) -> str | None:
    """Why nothing can run on a device, or None."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return f"device cuda: torch {torch.__version__} finds none here"
    return None


def zoo_is_kept(name: str) -> bool:
    """Whether a zoo, a stranger's too, need not be trained."""
    load_extensions()
    from ..zoo.population import is_kept

    return is_kept(name)


def refusal(kind: str, parameters: Mapping[str, Any]) -> str | None:
    """Why no row of a check can be measured, as its drawn weights tell; None too where drawing them fails, which its rows say."""
    load_extensions()
    from ..checks import CHECK_KINDS

    try:
        return CHECK_KINDS[kind].refused(parameters)
    except Exception:
        return None


def prepare_zoo(name: str) -> None:
    """Train a zoo, a stranger's too, unless it is kept already."""
    load_extensions()
    from ..zoo.population import build

    build(name)
