"""`orbitcheck audit`, `duplicates` and `floor`: what can be said of weights, the user's own among them."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from ...core.cleaning import one_line
from .base import NOTHING, extend, is_files, main, refuse, say
from .reading import Asked, needs_labels, reading_options


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@click.option(
    "--form",
    "forms",
    multiple=True,
    help="As stored (float), or as 8-bit, 4-bit, pruned-50%, bf16, fp8, ...; several with commas, or the option again.",
)
@reading_options
@click.option("--strict", is_flag=True, help="Exit code 2 if a single file cannot be read.")
@click.option("--all", "everything", is_flag=True, help="A line for every network, however many.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE.html", help="A page with tables and figures.")
@click.option("--json", "as_json", is_flag=True)
def audit(
    paths: tuple[str, ...],
    forms: tuple[str, ...],
    asked: Asked,
    strict: bool,
    everything: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Say of networks in files, folders, patterns and manifests whether they are in general position, and what refinement makes of them.

    Exit code: 0 if nothing was found, 1 if some are not in general position, 2 if nothing could be read (with --strict: not everything).
    """
    from ...oracles.audit import check_form

    chosen = tuple(dict.fromkeys(form for given in forms for form in given.split(",") if form)) or ("float",)
    try:
        for form in chosen:
            check_form(form)
    except ValueError as error:
        refuse(str(error))
    from ...zoo.entries import ZooError
    from ..audit_files import audit_files

    try:
        audited = audit_files(paths, chosen, asked.reading())
    except (ValueError, ZooError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(audited.to_json(), indent=1, ensure_ascii=False))
    elif audited.found:
        from ..audit_lines import audit_lines

        for line in audit_lines(audited, everything):
            say(line)
    from ...weights.readers.records import shortened

    for line in shortened(unread.line for unread in audited.unread):
        click.echo(f"orbitcheck: {one_line(line)}", err=True)
    if report is not None and audited.found:
        write_page(audited, report)
    if not audited.found or (strict and audited.unread):
        sys.exit(NOTHING)
    sys.exit(int(not all(entry.general_position for entry in audited.found)))


class TwoSets(click.Command):
    """`--against` takes all files up to the next option: a shell makes many of one pattern, and none of them is of the first set."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words: list[str] = []
        second = False
        for place, word in enumerate(args):
            if word == "--":
                words += args[place:]
                break
            following = args[place + 1 : place + 2]
            if word == "--against" and following and not following[0].startswith("-"):
                second = True
                continue
            second = second and not word.startswith("-")
            words += ["--against", word] if second else [word]
        return super().parse_args(ctx, words)


@main.command(cls=TwoSets)
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--against",
    "against",
    multiple=True,
    metavar="FILES...",
    help="A second set, all files up to the next option: what leaks from one into the other.",
)
@reading_options
@click.option(
    "--near",
    type=click.FloatRange(min=0, max=100),
    default=1.0,
    show_default=True,
    metavar="PERCENT",
    help="Of the population's median matched distance: what is nearer is a near copy.",
)
@click.option("--figure", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw how near the nearest is.")
@click.option("--strict", is_flag=True, help="Exit code 2 if any file cannot be read.")
@click.option("--json", "as_json", is_flag=True)
def duplicates(
    files: tuple[str, ...],
    against: tuple[str, ...],
    asked: Asked,
    near: float,
    figure: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Find networks that are identical, permuted, of one function, or near copies; in files, folders, patterns and manifests.

    Every finding has its witness: the permutation, the factors, the neurons that are dead or doubled, or a distance.

    Exit code: 0 if nothing is found, 1 if something is, 2 if nothing can be read.
    """
    from ...weights.readers.records import shortened
    from ...zoo.entries import ZooError
    from ..duplicates import compared as found_in

    try:
        reading, second = asked.reading(), list(against) or None
        found = found_in(list(files), second, reading, near=near / 100, spread=figure is not None)
    except (ValueError, ZooError) as error:
        refuse(str(error))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif found.names and (found.second or not against):  # with nothing to compare with, nothing is said of both
        for line in (*found.notes, *found.lines, found.summary):
            say(line)
    for line in shortened(found.unread):
        click.echo(f"orbitcheck: {one_line(line)}", err=True)
    if found.unread and found.names:
        count = len(found.unread)
        click.echo(f"orbitcheck: {count} file{'s' * (count > 1)} could not be read", err=True)
    if not found.names or (against and not found.second):
        sys.exit(NOTHING)
    if figure is not None:
        draw_nearest(found, near / 100, figure)
    sys.exit(NOTHING if strict and found.unread else int(bool(found)))


def write_page(audited: Any, file: Path) -> None:
    """The audit as a page."""
    from ....reports.audit import audit_page
    from ...running.store import StoreError, write_atomically

    counts = [{"space": space, "form": form, **held} for (space, form), held in audited.counts().items()]
    try:
        write_atomically(file, audit_page(audited.to_json(), counts, shlex.join(["orbitcheck", *sys.argv[1:]])))
    except StoreError as error:
        refuse(str(error))
    click.echo(str(file.resolve()), err=True)


def draw_nearest(found: Any, near: float, file: Path) -> None:
    """The figure of the distances as an SVG file."""
    from ....reports.figures.duplicates import nearest_figure
    from ....reports.figures.svg import svg
    from ...running.store import StoreError, write_atomically

    drawing = nearest_figure(found.nearest, near, f"nearest other network: {found.summary}")
    if drawing is None:
        click.echo("orbitcheck: no figure: no two networks of one space that are no copies", err=True)
        return
    try:
        write_atomically(file, svg(drawing))
    except StoreError as error:
        refuse(str(error))
    click.echo(str(file.resolve()), err=True)


@main.command()
@click.argument("population", metavar="ZOO|FILE...", nargs=-1, required=True)
@click.option("--label", required=True, help="What is known of the networks, by its name there.")
@click.option(
    "--labels",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The table of the labels of your own FILEs.",
)
@click.option("--by", help="The table's column that names a row's file; without it row i is of network i.")
@reading_options
@click.option(
    "--form", "forms", multiple=True, help="As stored, or as 8-bit, 4-bit, pruned-50%, ...; several times for several."
)
@click.option(
    "--classes", is_flag=True, default=None, help="The label's numbers name classes; words and truth values do anyway."
)
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw the floors, as .svg or .pdf.")
@click.option("--json", "as_json", is_flag=True)
def floor(
    population: tuple[str, ...],
    label: str,
    table: Path | None,
    by: str | None,
    asked: Asked,
    forms: tuple[str, ...],
    classes: bool | None,
    figure: Path | None,
    as_json: bool,
) -> None:
    """Say what no network of a power can go below on a population: the least error of a label over its variance.

    At orbits, 2-FWL, 1-WL by round, and functions. ZOO is one as suites name it, with its group or all groups, or a manifest; files of
    your own, folders and patterns are taken with --labels.

    Exit code: 0, or 2 if there is no such population, label or form.
    """
    from ...core.registry import UnknownName
    from ...oracles.audit import check_form

    forms = forms or ("float",)
    extend()
    if figure is not None and figure.suffix not in (".svg", ".pdf"):
        refuse(f'{figure}: suffix "{figure.suffix}"; allowed: .svg, .pdf')
    try:
        for form in forms:
            check_form(form)
        from ...checks.floor.asked import floors, noted, told
        from ...zoo.cache import ZooError
    except ValueError as error:
        refuse(str(error))
    try:
        if table is None:
            first, *others = population
            if others or is_files(first) or by or asked.given:
                refuse(needs_labels(first, asked))
            found = floors(first, label, forms=forms, classes=classes)
            notes = noted(first, label)
        else:
            from ...weights.readers.records import shortened
            from ..labelled_files import labelled_files

            files = labelled_files(population, table, label, by, asked.reading())
            notes = files.notes
            for line in shortened(files.unread):
                click.echo(f"orbitcheck: {one_line(line)}", err=True)
            found = floors(files.weights, files.labels, forms=forms, classes=classes, names=files.names)
            shown = population if len(population) < 4 else (population[0], f"and {len(population) - 1} more")
            found = [replace(each, population=", ".join(shown), label=label) for each in found]
    except (UnknownName, ValueError, ZooError) as error:
        refuse(str(error))
    for line in notes:
        click.echo(f"orbitcheck: {one_line(line)}", err=True)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        for each in found:
            for line in told(each):
                say(line)
    if figure is not None:
        draw_floors(found, figure)


def draw_floors(found: Any, figure: Path) -> None:
    """Write the figure of floors."""
    from ....reports.figures.floors import floor_figure
    from ....reports.figures.pdf import MissingMatplotlib, pdf
    from ....reports.figures.svg import svg

    drawing = floor_figure(found)
    try:
        figure.write_bytes(svg(drawing).encode() if figure.suffix == ".svg" else pdf(drawing))
    except (MissingMatplotlib, OSError) as error:
        refuse(f"{figure}: {error.strerror if isinstance(error, OSError) else error}")
    click.echo(str(figure), err=True)
