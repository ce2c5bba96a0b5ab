"""`orbitcheck zoo`: populations of trained networks, trained by us or described by a manifest."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import click

from .base import extend, main, refuse, say
from .reading import Asked, reading_options, with_manifest


@main.group()
def zoo() -> None:
    """Real weights: populations of trained networks."""


@zoo.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Train again even if it is kept.")
def build(name: str, force: bool) -> None:
    """Train a zoo and keep it."""
    keep_zoo(name, force, "trained")


def keep_zoo(name: str, force: bool, made: str) -> None:
    """Make a zoo and keep it, unless it is kept; `made` is how: trained, or read."""
    from ...core.registry import UnknownName
    from ...zoo.entries import ZooError
    from ...zoo.recipe import ZOOS
    from ..progress_bar import shown_progress

    extend()
    try:
        recipe = ZOOS[name]
    except (UnknownName, ZooError) as error:
        refuse(str(error))
    from ...zoo.population import build as build_zoo

    try:
        with shown_progress() as progress:
            built = build_zoo(recipe, progress=progress, force=force)
    except ZooError as error:
        refuse(str(error))
    how = f"{made} in {built.seconds:.1f} s" if built.trained else "kept from before"
    click.echo(f"{name}: {built.counts} networks, {how}, sha256 {built.sha256}\n{built.path}")


@zoo.command("check")
@click.argument("paths", metavar="MANIFEST|FILE...", nargs=-1, required=True)
@reading_options
@click.option("--json", "as_json", is_flag=True)
def check_zoo(paths: tuple[str, ...], asked: Asked, as_json: bool) -> None:
    """Say what a manifest of your own networks, or files, were understood to be: spaces, counts, labels, copies.

    Of files, folders and patterns the manifest that says the same is told.

    Exit code: 0 if all is read, 1 if some files are not or some networks are copies, 2 if nothing is.
    """
    from ...zoo.entries import ZooError
    from ...zoo.manifest import is_manifest
    from ..zoo_lines import checked, checked_files

    described = [path for path in paths if is_manifest(path)]
    if described and len(paths) > 1:
        refuse(f"{described[0]}: one manifest at a time, or files without one")
    if described and asked.given:
        refuse(with_manifest(described[0], asked))
    try:
        if described:
            found = checked(described[0])
        else:
            found = checked_files(paths, replace(asked, module=None).settings(), asked.reading().wired)
    except (ZooError, ValueError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.data, indent=1, ensure_ascii=False))
    else:
        for line in found.lines:
            say(line)
    sys.exit(int(found.wanting))


@zoo.command("import")
@click.argument("path", metavar="FILE")
@click.option("--force", is_flag=True, help="Read again even if it is kept.")
def import_zoo(path: str, force: bool) -> None:
    """Read the networks of a manifest and keep them, as `zoo build` keeps trained ones; suites do it by themselves."""
    keep_zoo(path, force, "read")
