"""Write the pages that are made from registries, tables, docstrings and the notebook: `python docs/generate.py`. A test holds the pages to
what this gives. `python docs/generate.py execute` runs the notebook again before."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orbitcheck.harness.checks.prediction import ANY, NOT_SEPARATED, SEPARATED, predict
from orbitcheck.harness.oracles.larger.table import lines
from orbitcheck.harness.plugins.discovery import built_in, parse_name
from orbitcheck.harness.plugins.static_traits import declared_traits
from orbitcheck.harness.running.planting.killers import KILLERS
from orbitcheck.harness.running.planting.plants import PLANTS
from orbitcheck.harness.running.planting.traits import NO_CLAIM, TRAITS
from orbitcheck.harness.running.tasks import describe_architecture

FOLDER = Path(__file__).parent

TEXT = """\
# What each architecture may claim

Made by `python docs/generate.py` from what the built-in architectures declare; `orbitcheck list architectures` prints the
declarations of all that are installed, yours among them. A row of a suite is predicted from these declarations and from the
certified relation of its pair, so this table is what a run is held to.

## Declarations, at default options

{declarations}

*Rounds* is the refinement round that a network is sure to see to, and the one past which it is blind: of refinement of neurons
for `1-wl`, of pairs of neurons for `2-fwl`. *Continuous: no*
marks canonical forms, whose output may jump. All of these keep the exact law; `magep[normalised=true]`, whose edits come with rows of a
length of their own, keeps that of functions (`law="functional"`, quasi-equivariance, arXiv 2604.23720): `phi(g v)` and `phi(v)` compute one
function, while their tensors differ. Networks of domain `general-position` promise nothing where biases tie.

## Predictions

What a pair's relation and the declaration predict of separation. ≠: must be told apart; =: must not be; any: nothing is
predicted; n/a: outside what is declared.

{predictions}

Pairs of the round ladder, which refinement parts in round t, are parted by 2-FWL in round 1. Relations modulo a larger symmetry
(`permutation+scale`, `permutation+sign`) count as one orbit for the networks that declare it.

## Which spaces each reads

{spaces}

On all other spaces a row is not applicable, by the line that the constructor says.

## What is left out, and why

| published | why it is not here |
| --- | --- |
| WS-KAN and other readers of Kolmogorov-Arnold networks | their weights are splines on edges: `gmn` and `unf` read such a space, edges with channels, once one is given; no constructor of spaces makes it, nor is its function known |
| SNE, set encoders over chunks of flattened layers | symmetry is asked for by a term of the loss, so the law is no property of the network: as a declaration it is `none`, for which `flat-mlp` stands |
| GHN-3 and graph hypernetworks | they write weights of an architecture graph and read none; there is no weight vector to move |
| GradMetaNet | reads sums of rank-one gradients of a batch beside the weights: a space of weights alone has no such input |
| recurrent readers of training trajectories | the input is a sequence of weight vectors; the law of each step is that of the network that reads the step |
| hyperedges: `gmn` where a tensor has three permuted axes | a node for each hyperedge sees colours of single indices, which take `T[a, b, c] = 1` where a + b + c is even for `1` where a = b; no exact refinement here has that power, so none could be declared and held. `unf` reads such spaces by refinement of tuples |
| stacks of transformer blocks: `transformer-nfn`, `block-nfn` | the published network reads blocks apart until its head, so that a space of one block asks all that its layers do; that its published head never reads a third block is nothing that one block could show. `unf` reads a stack whose axes are named |
| heads of probabilities (dropout along r, row dropout of LoRA readers) | random in train mode: a law in distribution, which no row asks |
"""

TRAITS_TEXT = """\
# What is declared, and what turns red if it is not so

Made by `python docs/generate.py` from the table in `harness/running/planting/`. A declared trait is checked, or it does not
exist: for every value that a plug-in may declare ([What it declares](plug-in.md)) there is a check that can
turn red, and in every run small planted networks that break what the run's networks declare must turn that very row red, with
the sign named here, while their other rows stay green ([protocol, section 4](protocol.md#section-4)).

{lines}

*Drawn anew*: layer, neuron and size come from a seed that is the run's own. Plants that "hardly" break a law lie about ten times
above the limit that a clean row prints. No claim, and so no check: {unclaimed} (what is served is printed with the
verdict). `rounds` are the two parts of powers `1-wl` and `2-fwl`. Sound networks,
which must pass: {sound}.

<a id="false-claims"></a>
## False claims

For every conclusion of a run, of those that its checks could turn red: what is claimed falsely, by which kind of check it must fall,
how the judgement must end, and the mended twin on which it must pass.

{killers}
"""

RELATIONS: dict[str, dict[str, Any]] = {
    "one orbit": {"orbit": "same", "separating_round": None, "function": "equal"},
    "2-FWL-equivalent, two orbits": {
        "orbit": "different", "separating_round": None, "function": "equal", "two_fwl": "equivalent",
    },
    "1-WL-equivalent, parts in round 2 of 2-FWL": {
        "orbit": "different", "separating_round": None, "function": "equal", "two_fwl": "different", "two_fwl_round": 2,
    },
    **{
        f"parts in round {t}, {words}": {
            "orbit": "different", "separating_round": t, "function": function, "two_fwl": "different", "two_fwl_round": 1,
        }
        for t, words, function in (
            (1, "same function", "equal"), (1, "different functions", "different"), (4, "different functions", "different"),
            (8, "different functions", "different"),
        )
    },
}  # fmt: skip
SIGNS = {SEPARATED: "≠", NOT_SEPARATED: "=", ANY: "any"}


def page() -> str:
    """The whole page."""
    described = [describe_architecture(parse_name(name)) for name in built_in() if name != "nfn-official"]
    declarations = [
        [f"`{entry['name']}`", entry["symmetry"], entry["power"], _rounds(entry), entry["domain"],
         "yes" if entry["continuous"] else "no", ", ".join(entry["modes"]), entry["paper"] or "–"]
        for entry in described
    ]  # fmt: skip
    predictions = [[f"`{entry['name']}`", *(_prediction(entry, name) for name in RELATIONS)] for entry in described]
    header = ["architecture", "symmetry", "power", "rounds", "domain", "continuous", "modes", "source"]
    return TEXT.format(
        declarations=_table(header, declarations),
        predictions=_table(["architecture", *RELATIONS], predictions),
        spaces=_table(["spaces", "architectures"], _spaces()),
    )


def _spaces() -> list[list[str]]:
    """What is read, and by whom."""
    readers: dict[str, list[str]] = {}
    declared = declared_traits()
    for name in built_in():
        if name != "nfn-official":
            readers.setdefault(str(declared[name]["spaces"]), []).append(f"`{name}`")
    return [[spaces, ", ".join(names)] for spaces, names in sorted(readers.items(), key=lambda item: item[0].lower())]


def _rounds(entry: Mapping[str, Any]) -> str:
    return "{} to {}".format(*entry["rounds"]) if entry["rounds"] else "–"


def _prediction(entry: Mapping[str, Any], relation: str) -> str:
    facts = RELATIONS[relation]
    # In general position 1-WL-equivalent vectors lie in one orbit, so such a pair lies outside.
    outside = (
        entry["domain"] == "general-position" and facts["separating_round"] is None and facts["orbit"] == "different"
    )
    if entry["symmetry"] == "none" or outside:
        return "n/a"
    rounds = tuple(entry["rounds"]) if entry["rounds"] else None
    return SIGNS[predict(power=entry["power"], rounds=rounds, **facts).verdict]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def traits_page() -> str:
    """What is declared, the check that can turn red, and the plants."""
    rows = []
    for line in TRAITS:
        planted = [
            f"`{plant.name}`: {plant.rule}" + (", drawn anew" if plant.drawn else "")
            for plant in PLANTS.values()
            if plant.breaks is line
        ]
        rows.append([str(line), f"`{line.kind}`", line.rows, ", ".join(line.signs), "; ".join(planted)])
    header = ["declared", "check", "rows that can turn red", "what they show", "planted in every run"]
    sound = ", ".join(f"`{plant.name}`" for plant in PLANTS.values() if plant.breaks is None)
    return TRAITS_TEXT.format(
        lines=_table(header, rows),
        unclaimed=", ".join(f"`{name}`" for name in NO_CLAIM),
        sound=sound,
        killers=_false_claims(),
    )


def _false_claims() -> str:
    rows = [
        [
            f"`{each.claim}`",
            f"`{each.false.red.kind}`",
            f"`{name}`: {each.false.rule}",
            str(each.wanted),
            each.mended.rule,
        ]
        for name, each in KILLERS.items()
    ]
    return _table(["conclusion", "check", "false claim", "ends", "mended"], rows)


EXACT_TEXT = """\
# What is exact where

Made by `python docs/generate.py`; `orbitcheck list spaces` prints the same. Each answer was given by the oracle itself, asked about
a small space of the kind. What the spaces and groups are: [Weight spaces](spaces.md). Where functions are not spoken of, they are
those of the line of `permutation`.

{lines}

A space that you describe yourself is as exact as these for permutations, and for every other group that its roles carry, within what
[Weight spaces](spaces.md#larger-groups) says.
"""


def exact_page() -> str:
    """What is exact where."""
    header = ["space", "group", "factors", "refinement", "orbits", "canonical form", "function"]
    rows = [
        [f"`{each.space}`", f"`{each.group}`", each.factors, each.refinement, each.orbits, each.form, each.function]
        for each in lines()
    ]
    return EXACT_TEXT.format(lines=_table(header, rows))


API_TEXT = """\
# Python names

Made by `python docs/generate.py` from the docstrings: what `orbitcheck` and `orbitcheck.testing` export. Whatever these two and
`orbitcheck.extending` ([names for extensions](extending.md)) do not export is private ([what may change](stability.md)).
"""
FACES = ("orbitcheck", "orbitcheck.testing")
WORDS = re.compile(r"(`[^`]*`)")
HEADING = re.compile(r"(Args|Raises|Returns|Yields|Attributes):$")
ENTRY = re.compile(r"([\w*, .]+): (.*)")


def api_page() -> str:
    """Every public name with its signature and its docstring; classes with their public methods and properties."""
    lines = [API_TEXT]
    for face in FACES:
        module = importlib.import_module(face)
        lines += [f"## {face}\n"]
        for name in sorted((name for name in module.__all__ if not name.startswith("_")), key=str.lower):
            lines += _described(name, getattr(module, name), 3)
    return "\n".join(lines)


def _described(name: str, thing: Any, level: int) -> Iterator[str]:
    own = thing.fget if isinstance(thing, property) else getattr(thing, "func", thing)
    yield f"{'#' * level} {name}\n"
    if callable(thing) and (signature := _signature(thing)):
        yield f"```text\n{name}{signature}\n```\n"
    yield from _prose(inspect.getdoc(own) or "")
    if inspect.isclass(thing):
        for inner, value in vars(thing).items():
            held = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            told = callable(held) or isinstance(held, property) or hasattr(held, "func")
            if not inner.startswith("_") and told and not inspect.isclass(held) and inspect.getdoc(held):
                yield from _described(f"{name}.{inner}", held, level + 1)


def _signature(thing: Any) -> str:
    """As the source has it, long ones an argument a line; nothing where there is none, or where a default has no words of its own."""
    try:
        found = inspect.signature(thing)
    except (ValueError, TypeError):
        return ""
    if any(" at 0x" in repr(each.default) for each in found.parameters.values()):
        return ""
    line = str(found).replace("'", "")
    if len(line) < 100:
        return line
    words, starred = [], False
    for each in found.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not starred:
            words.append("*")
        starred = starred or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        words.append(str(each).replace("'", ""))
    inner = "".join(f"    {word},\n" for word in words)
    return f"(\n{inner}){line.rpartition(')')[2]}"


def _prose(docstring: str) -> Iterator[str]:
    """A docstring as Markdown: its headings bold, its arguments a list, its stars and underscores as they are."""
    listed = False
    for line in docstring.splitlines():
        text = "".join(
            part if place % 2 else re.sub(r"([*_<\[\]])", r"\\\1", part)
            for place, part in enumerate(WORDS.split(line.strip()))
        )
        if HEADING.match(line):
            yield f"*{line.removesuffix(':')}*\n"
            listed = True
        elif (
            listed and line.startswith("    ") and not line.startswith("     ") and (entry := ENTRY.match(line.strip()))
        ):
            yield f"- `{entry[1]}`: {text.partition(': ')[2]}"
        elif listed and line.startswith("     "):
            yield f"  {text}"
        else:
            listed = listed and not line.strip()
            yield text
    yield ""


STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
FILE = re.compile(r"%%writefile (\S+)\n")


def notebook_page() -> str:
    """The notebook as it was executed, its cells as blocks and its outputs below them."""
    cells = json.loads((FOLDER / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    parts = [
        "<!-- Made by `python docs/generate.py` from notebook.ipynb beside it, which `python docs/generate.py execute` runs. -->"
    ]
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        language = "yaml" if source.partition("\n")[0].endswith(".yaml") else "python"
        shown = FILE.sub(r"# \1\n", source)
        parts.append(f"```{language}\n{shown}\n```")
        parts += [told for output in cell["outputs"] if (told := _output(output, written=bool(FILE.match(source))))]
    return "\n\n".join(parts) + "\n"


def _output(output: Mapping[str, Any], written: bool) -> str:
    """An output as the page shows it: what a notebook would render, without styles of its own; nothing of progress and files written."""
    data = output.get("data", {})
    if written or (output["output_type"] == "display_data" and "<progress" in "".join(data.get("text/html", ""))):
        return ""
    if "text/html" in data:
        return "\n".join(line for line in STYLE.sub("", "".join(data["text/html"])).splitlines() if line.strip())
    return f"```text\n{''.join(output.get('text') or data['text/plain']).rstrip()}\n```"


def execute(notebook: Path) -> Any:
    """The notebook with the outputs of its cells, run in a folder of its own; needs the extra `docs`.

    Raises:
        CellExecutionError: a cell raised.
    """
    import nbformat
    from nbclient import NotebookClient

    read = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(read, timeout=600, record_timing=False, resources={"metadata": {"path": folder}}).execute()
    return read


def executed_text(notebook: Any) -> str:
    """As the repository keeps it: no identifiers that change from run to run."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            output.get("transient", {}).clear()
    notebook["metadata"]["language_info"] = {"name": "python"}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


PAGES = {
    "architectures.md": page,
    "traits.md": traits_page,
    "exact.md": exact_page,
    "api.md": api_page,
    "notebook.md": notebook_page,
}

if __name__ == "__main__":
    if sys.argv[1:] == ["execute"]:
        place = FOLDER / "notebook.ipynb"
        place.write_text(executed_text(execute(place)), encoding="utf-8", newline="\n")
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8", newline="\n")
