"""Cell -> Result: pure given the cell's seed, whatever the plug-in does.

The same cell gives the same row in any process, order and machine; only the seconds differ. Nothing that a plug-in does
short of killing the process escapes: it becomes an `error` row that says what and where.
"""

from __future__ import annotations

import contextlib
import functools
import io
import time
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, NoReturn

from ..checks import CHECK_KINDS
from ..core.cell import WEIGHTS, Cell
from ..core.cleaning import shortened
from ..core.outcomes import Fault, Outcome, Refusal
from ..core.result import AskedFor, Judgement, Result
from ..learning.checkpoint import Checkpoint
from ..learning.workbench import Workbench, exact_arithmetic
from ..plugins.architecture import Architecture, Equivariant, Invariant, Traits, Unsupported
from ..plugins.discovery import load, parse_name
from ..plugins.extensions import load_extensions
from ..plugins.settings import own_settings, watched_row
from ..plugins.subject import PluginFault, describe_error, origin_of
from ..weights.space import WeightSpace

PRINTED = 500
"""Characters of a plug-in's own printing that a row keeps."""


class Beginning(io.TextIOBase):
    """Takes any amount of text and keeps its first characters."""

    def __init__(self, length: int):
        self.text, self._length = "", length

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: max(0, self._length - len(self.text))]
        return len(text)


def import_measurements() -> None:
    """Import what every check kind measures with, so that no worker has to."""
    for kind in dict(CHECK_KINDS.items()).values():
        import_module(kind.measurement.partition(":")[0])


def _none(space: object, output: object) -> NoReturn:
    raise Unsupported("a check of weights alone has no network")


NO_ARCHITECTURE = Architecture(WEIGHTS, _none, Traits())


@dataclass
class _Asked:
    """What a row asked a plug-in for: what it refused and did not serve afterwards, in order, and the first that it served.

    What is built later, of a space asked beside the row's own or of a smaller counter-example, is not what the row is about.
    """

    refused: list[AskedFor] = field(default_factory=list)
    served: AskedFor | None = None

    def told(self, refusal: bool) -> AskedFor | None:
        """Of a row that ended in a refusal the first that was refused; else the first that was served."""
        first = next(iter(self.refused), None)
        return (first or self.served) if refusal else (self.served or first)


def _noting(architecture: Architecture, asked: _Asked) -> Architecture:
    """The same architecture, whose factory notes what it is asked for."""

    @functools.wraps(architecture.factory, updated=())
    def factory(space: WeightSpace, output: Invariant | Equivariant, **options: Any) -> Any:
        now = AskedFor(type(output).__name__.lower(), space.family, str(space))
        asked.refused.append(now)
        built = architecture.factory(space, output, **options)
        # An editor is asked for an invariant output first.
        asked.refused, asked.served = [each for each in asked.refused if each.space != now.space], asked.served or now
        return built

    layer = architecture.traits.linear_layer
    if layer is not None and hasattr(architecture.factory, layer):  # it is looked up on the factory, too
        setattr(factory, layer, getattr(architecture.factory, layer))
    return replace(architecture, factory=factory)


def evaluate(
    cell: Cell,
    architecture: Architecture | None = None,
    *,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    shrinks: bool = True,
) -> Result:
    """Carry out one cell.

    Args:
        cell: what to do.
        architecture: the loaded plug-in; None loads the one that the cell names. A check of weights alone is given none.
        device: where networks run.
        checkpoint: where a training keeps its state while it lasts.
        shrinks: whether a failure is searched for its smallest counter-example.

    Returns:
        The row, `reproduce` left empty. Never raises for a plug-in's fault.
    """
    start = time.perf_counter()
    bench = Workbench(device, checkpoint=checkpoint, shrinks=shrinks)
    printed = Beginning(PRINTED)
    changed: list[str] = []
    asked = _Asked()
    name = parse_name(cell.architecture)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            load_extensions()
            with own_settings():  # what its import changes, its description says
                subject = NO_ARCHITECTURE if cell.architecture == WEIGHTS else architecture or load(name)
            with watched_row(cell.seed) as changed, exact_arithmetic(device):
                judgement = CHECK_KINDS[cell.kind].evaluate(cell, _noting(subject, asked), bench)
            if judgement.refusal is Refusal.UNSUPPORTED and subject.traits.shapes:
                told = f"{judgement.reason}; it serves {subject.traits.shapes}"
                judgement = replace(judgement, reason=told, refusal=Refusal.OTHER_SHAPE)
        except PluginFault as fault:
            origin = origin_of(fault.__cause__ or fault)
            judgement = Judgement(Outcome.ERROR, str(fault), fault=fault.fault, origin=origin)
        except (Exception, SystemExit) as error:
            judgement = Judgement(Outcome.ERROR, describe_error(error), fault=Fault.RAISED, origin=origin_of(error))
    if judgement.outcome in (Outcome.ERROR, Outcome.NOT_APPLICABLE):
        judgement = replace(judgement, reason=shortened(judgement.reason))
    return cell.row(
        judgement,
        options=dict(name.options),
        seconds=time.perf_counter() - start,
        model_seconds=bench.seconds,
        forwards=bench.forwards,
        printed=printed.text,
        asked=asked.told(judgement.refusal is not None),
        changed=changed,
    )
