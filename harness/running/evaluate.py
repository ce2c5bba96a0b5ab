"""Cell -> Result: pure given the cell's seed, whatever the plug-in does.

The same cell gives the same row in any process, order and machine; only the seconds differ. Nothing that a plug-in does
short of killing the process escapes: it becomes an `error` row that says what and where.
"""

from __future__ import annotations

import contextlib
import io
import time
from typing import NoReturn

from ..checks import CHECK_KINDS
from ..core.cell import WEIGHTS, Cell
from ..core.outcomes import Fault
from ..core.result import Judgement, Result
from ..learning.checkpoint import Checkpoint
from ..learning.workbench import Workbench, exact_arithmetic
from ..plugins.architecture import Architecture, Traits, Unsupported
from ..plugins.discovery import load, parse_name
from ..plugins.extensions import load_extensions
from ..plugins.subject import PluginFault, describe_error

PRINTED = 500
"""Characters of a plug-in's own printing that a row keeps."""


def _none(space: object, output: object) -> NoReturn:
    raise Unsupported("a check of weights alone has no network")


NO_ARCHITECTURE = Architecture(WEIGHTS, _none, Traits())


def evaluate(
    cell: Cell,
    architecture: Architecture | None = None,
    *,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Carry out one cell.

    Args:
        cell: what to do.
        architecture: the loaded plug-in; None loads the one that the cell names. A check of weights alone is given none.
        device: where networks run.
        checkpoint: where a training keeps its state while it lasts.

    Returns:
        The row, `reproduce` left empty. Never raises for a plug-in's fault.
    """
    start = time.perf_counter()
    bench = Workbench(device, checkpoint=checkpoint)
    printed = io.StringIO()
    name = parse_name(cell.architecture)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            load_extensions()
            subject = NO_ARCHITECTURE if cell.architecture == WEIGHTS else architecture or load(name)
            with exact_arithmetic(device):
                judgement = CHECK_KINDS[cell.kind].evaluate(cell, subject, bench)
        except PluginFault as fault:
            judgement = Judgement("error", str(fault), fault=fault.fault)
        except (Exception, SystemExit) as error:
            judgement = Judgement("error", describe_error(error), fault=Fault.RAISED)
    return cell.row(
        judgement,
        options=dict(name.options),
        seconds=time.perf_counter() - start,
        model_seconds=bench.seconds,
        forwards=bench.forwards,
        printed=printed.getvalue()[:PRINTED],
    )
