"""How files of one's own are read: the same options at every command that takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...weights.readers.loading import Reading

OPTIONS = (
    click.option("--activation", help="Of networks whose files do not say it; default: relu."),
    click.option("--order", help="Names of the layers, first to last, with commas; where their numbers do not say it."),
    click.option(
        "--ignore",
        multiple=True,
        metavar="PATTERN",
        help="Entries that are no weights of the network, by name or with * and ?; several with commas, or the option again.",
    ),
    click.option("--key", help="Under which a file holds its network, as in ema or model.net."),
    click.option("--orientation", type=click.Choice(["out-in", "in-out"]), help="Of weights that fit both ways."),
    click.option("--layout", type=click.Path(path_type=Path), help="The table of an .npy file."),
    click.option(
        "--module",
        metavar="FILE.py:FUNCTION",
        help="Runs your function, which returns the networks' module and an example of its input: their order and wiring, proved.",
    ),
)


@dataclass(frozen=True)
class Asked:
    """The options, as they were typed."""

    activation: str | None
    order: str | None
    ignore: tuple[str, ...]
    key: str | None
    orientation: Any
    layout: Path | None
    module: str | None

    @property
    def given(self) -> list[str]:
        """Names of those that were typed."""
        return [each.name for each in fields(self) if getattr(self, each.name) not in (None, ())]

    def reading(self) -> Reading:
        """What they say of files.

        Raises:
            ValueError: a function of the user's that gives no module, in one line.
        """
        from ...weights.readers.loading import Reading

        wired = None
        if self.module is not None:
            from ..user_modules import wired_by

            wired = wired_by(self.module)
        layers = None if self.order is None else tuple(parted([self.order]))
        ignore = tuple(parted(self.ignore))
        return Reading(self.activation, layers, self.orientation, self.key, self.layout, wired, ignore=ignore)

    def settings(self) -> dict[str, Any]:
        """The same as keys of a manifest.

        Raises:
            ValueError: a module, which a manifest cannot name, since nothing in it is run.
        """
        if self.module is not None:
            raise ValueError(
                "--module: a manifest names no code; say --order, or write the wiring out in a manifest, under tensors"
            )
        made: dict[str, Any] = {"activation": self.activation, "key": self.key, "orientation": self.orientation}
        made |= {"order": parted([self.order]) if self.order else None, "ignore": parted(self.ignore) or None}
        made |= {"layout": None if self.layout is None else str(self.layout.resolve())}
        return {key: value for key, value in made.items() if value is not None}


def parted(given: Sequence[str]) -> list[str]:
    """What stands between commas, in all of them."""
    return [part.strip() for one in given for part in one.split(",") if part.strip()]


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with these options, handed over as one, `asked`."""

    @wraps(command)
    def taken(**given: Any) -> Any:
        own = {each.name: given.pop(each.name) for each in fields(Asked)}
        return command(asked=Asked(**own), **given)

    for option in reversed(OPTIONS):
        taken = option(taken)
    return taken


def needs_labels(population: str, asked: Asked) -> str:
    """Why a zoo or files without a table are not enough for what was typed."""
    from ...zoo.manifest import is_manifest, split_reference

    if asked.given and is_manifest(split_reference(population)[0]):
        return with_manifest(population, asked)
    return "files of your own need --labels, the table that has a row for each network"


def with_manifest(manifest: str, asked: Asked) -> str:
    """Why an option does not go with a manifest."""
    return f"{manifest}: a manifest says itself how its files are read; write there what --{asked.given[0]} says, or leave it out"
