"""`orbitcheck list`, `schema` and `new`: what there is, and the beginnings of something of your own."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ...core.registry import nearest
from .base import extend, main, refuse

LISTS = ["architectures", "suites", "checks", "pairs", "targets", "regimes", "claims", "zoos", "sections", "spaces"]


class Nearest(click.Choice):
    """A choice whose error names the nearest one, as errors of other names do; click's own lists what is allowed alone."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """One of the choices.

        Raises:
            click.BadParameter: it is none.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = nearest(str(value), map(str, self.choices))
            told = error.message.rstrip(".") + (f'; did you mean "{near}"?' if near else "")
            raise click.BadParameter(told, ctx=ctx, param=param) from None


@main.command(name="list")
@click.argument("what", type=Nearest(LISTS))
@click.option("--json", "as_json", is_flag=True)
def list_(what: str, as_json: bool) -> None:
    """List what there is."""
    rows = listed(what)
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    keys = list(dict.fromkeys(key for row in rows for key in row))
    widths = {key: max(len(key), *(len(str(row.get(key, ""))) for row in rows)) for key in keys}
    for row in [{key: key for key in keys}, *rows]:
        click.echo("  ".join(f"{row.get(key, '')!s:{widths[key]}}" for key in keys).rstrip())


def listed(what: str) -> list[dict[str, Any]]:
    """The entries of one list as plain data; no architecture is imported, and no extension that could add nothing to it."""
    if what == "architectures":
        from ...plugins.static_traits import declared_traits

        shown = ("symmetry", "power", "domain", "spaces", "paper")
        return [{"name": name, **{key: traits[key] for key in shown}} for name, traits in declared_traits().items()]
    if what == "suites":
        from ...language.shipped import shipped_titles

        return [{"name": name, "title": title} for name, title in shipped_titles().items()]
    if what == "spaces":
        from ...oracles.larger.table import lines

        return [asdict(line) for line in lines()]
    extend()
    if what == "sections":
        from ....reports.sections.section import in_order

        return [{"name": section.name, "title": section.title} for section in in_order()]
    if what == "checks":
        from ...checks import CHECK_KINDS

        return [{"name": name, "title": kind.title} for name, kind in CHECK_KINDS.items()]
    if what == "pairs":
        from ...pairs import PAIR_FAMILIES

        return [
            {"name": name, "claim": family.claim or "", "title": family.title} for name, family in PAIR_FAMILIES.items()
        ]
    if what == "targets":
        from ...targets import TARGETS

        return [
            {"name": name, "kind": target.kind, "claim": target.claim, "title": target.title}
            for name, target in TARGETS.items()
        ]
    if what == "regimes":
        from ...regimes import REGIMES

        return [
            {"name": name, "metadata": ", ".join(regime.metadata), "title": regime.title}
            for name, regime in REGIMES.items()
        ]
    if what == "claims":
        from ...core.claims import CLAIMS

        return [
            {"name": claim.id, "regime": claim.regime, "statement": claim.statement, "refuted by": claim.refuted_by}
            for claim in CLAIMS.values()
        ]
    from ...zoo.recipe import ZOOS

    return [{"name": name, "groups": ", ".join(zoo.spaces), "title": zoo.title} for name, zoo in ZOOS.items()]


@main.command()
@click.argument("what", type=click.Choice(["suite", "results"]), default="suite")
def schema(what: str) -> None:
    """Print the JSON schema of suite files, or of results.json."""
    extend()
    if what == "results":
        from ...running.border import results_schema as made
    else:
        from ...language.schema import json_schema as made
    click.echo(json.dumps(made(), indent=1, ensure_ascii=False))


@main.group()
def new() -> None:
    """Write the beginnings of something of your own."""


@new.command()
@click.argument("name")
@click.option("--directory", type=click.Path(path_type=Path), help="Where to write it; default: ./NAME.")
@click.option(
    "--ci-shards",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Parts that its CI job deals the run into.",
)
def architecture(name: str, directory: Path | None, ci_shards: int) -> None:
    """Write a package with an architecture, its tests, suite, tox.ini and CI job, that passes as it stands."""
    from ...plugins.scaffold import ScaffoldError, new_architecture

    home = directory or Path(name)
    try:
        written = new_architecture(name, home, ci_shards)
    except ScaffoldError as error:
        refuse(str(error))
    for path in written:
        click.echo(str(path))
    click.echo(f"next: cd {shlex.quote(str(home))} && pip install -e '.[test]' && pytest")
