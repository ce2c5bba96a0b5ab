"""The suite language: what loads, what is refused and where, and that formatting does not change content."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orbitcheck import WeightSpace, conv_net, mlp, recurrent, residual_mlp, transformer_block
from orbitcheck.extending import (
    AxisRole,
    Role,
    Roles,
    Standing,
    convolutional,
    dense,
    lora,
    recurrence,
    residual,
    transformer,
)
from orbitcheck.harness.core.claims import CLAIMS
from orbitcheck.harness.core.patterns import RowPattern
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.language.reading import SuiteError, load_expectations, load_suite
from orbitcheck.harness.language.schema import json_schema
from orbitcheck.harness.language.shipped import shipped_suites
from orbitcheck.harness.language.suite import Conclusion, Suite
from orbitcheck.harness.plugins.discovery import built_in, default_names, parse_name
from orbitcheck.harness.running.plan import plan
from orbitcheck.harness.weights.activations import allowed

GOOD = """\
suite: example
version: 1
title: An example
spaces:
  tiny: {mlp: [1, 4, 4, 1], activation: relu}
  inr: {zoo: digits-inr}
checks:
  - id: law
    kind: equivariance
    claim: equivariance
    spaces: [tiny, inr]
    samples: 3
  - id: twins
    kind: separation
    claim: prop-6.2
    space: tiny
    pairs: {family: bipartite-cycles, cycles: [[4], [2, 2]], count: 3}
allow: []
expected_failures:
  - {architecture: flat-mlp, check: "la*", outcome: fail, reason: by design}
"""


@pytest.fixture
def write(tmp_path):
    """Write a suite and give its path."""

    def write(text: str | bytes, name: str = "x.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def errors(path: Path | str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    return [line.replace(f"{path}:", "x.yaml:", 1) for line in caught.value.errors]


def test_a_suite_round_trips_and_its_rows_are_what_it_declares(write):
    suite = load_suite(write(GOOD))
    assert Suite.from_json(suite.to_json()) == suite
    assert [(check.id, len(check.cases)) for check in suite.checks] == [("law", 2 * 8 + 2), ("twins", 3)]
    assert suite.expected_failures[0].reason == "by design"


def test_formatting_order_and_comments_do_not_change_the_content(write):
    data = yaml.safe_load(GOOD)
    shuffled = yaml.safe_dump({key: data[key] for key in reversed(data)}, sort_keys=False, default_flow_style=False)
    plain, other = load_suite(write(GOOD)), load_suite(write("# a comment\n" + shuffled, "y.yaml"))
    names = [parse_name("dws")]
    assert {cell.id for cell in plan([plain], names)} == {cell.id for cell in plan([other], names)}
    assert plain.to_json() == other.to_json()


def test_ids_are_functions_of_the_cell_alone(write):
    """Neither the suite's name, nor other checks, nor other architectures change a row's id and seed."""
    alone = GOOD.replace("suite: example", "suite: renamed").replace("id: twins", "id: other")
    alone = alone[: alone.index("  - id: law")] + alone[alone.index("  - id: other") :]
    alone = alone.replace(
        'expected_failures:\n  - {architecture: flat-mlp, check: "la*", outcome: fail, reason: by design}\n', ""
    )
    whole = {cell.id: cell.seed for cell in plan([load_suite(write(GOOD))], list(map(parse_name, ["stats", "dws"])))}
    part = {cell.id: cell.seed for cell in plan([load_suite(write(alone, "z.yaml"))], [parse_name("dws")])}
    assert len(part) == 3
    assert part.items() <= whole.items()


def test_every_constructor_has_its_words(write):
    listed = {
        "conv": ("{conv_net: {channels: [1, 3, 2]}}", conv_net(1, 3, 2)),
        "wide-conv": (
            "{conv_net: {channels: [1, 3, 2], kernel: 5}, activation: tanh}",
            conv_net(1, 3, 2, kernel=5, activation="tanh"),
        ),
        "residual": (
            "{residual_mlp: {inputs: 2, stream: 4, hidden: [3, 5], outputs: 1}}",
            residual_mlp(2, 4, (3, 5), 1),
        ),
        "recurrent": ("{recurrent: [2, 4, 1]}", recurrent(2, 4, 1)),
        "block": (
            "{transformer_block: {model: 3, heads: 2, key: 2, value: 2, hidden: 4}}",
            transformer_block(3, 2, 2, 2, 4),
        ),
        "no-biases": ("{dense: {widths: [2, 3, 1], biases: false}}", dense(2, 3, 1, biases=False).space),
        "strides": (
            "{convolutional: {channels: [1, 3, 2], stride: 2, image: [9], head: flatten}, activation: tanh}",
            convolutional(1, 3, 2, stride=2, image=(9,), head="flatten", activation="tanh").space,
        ),
        "stream": (
            "{residual: {inputs: 2, stream: 4, hidden: [3], outputs: 1, norm: rms}}",
            residual(2, 4, (3,), 1, norm="rms").space,
        ),
        "gru": ("{recurrence: {widths: [2, 4, 1], cell: gru}}", recurrence(2, 4, 1, cell="gru").space),
        "stack": (
            "{transformer: {inputs: 1, model: 2, heads: 2, key: 2, value: 2, hidden: 3, outputs: 1, rotary: true}}",
            transformer(1, 2, 2, 2, 2, 3, 1, rotary=True).space,
        ),
        "adapters": ("{lora: {layers: [[3, 2], [2, 4]], rank: 2}}", lora((3, 2), (2, 4), rank=2).space),
        "own": (
            "{own: {tensors: {R: [n, n], Q: [h, k, x]}, sizes: {n: 3, h: 2, k: 2, x: 1}, permuted: [n, h, k], within: {k: h}, "
            "stands: {n: hidden}}, activation: tanh}",
            WeightSpace(
                (("R", ("n", "n")), ("Q", ("h", "k", "x"))),
                (("n", 3), ("h", 2), ("k", 2), ("x", 1)),
                ("n", "h", "k"),
                "tanh",
                Roles((AxisRole("n", Standing.HIDDEN), AxisRole("k", within="h"))),
            ),
        ),
        "keys": (
            "{own: {tensors: {Q: [h, k, x], K: [h, k, x]}, sizes: {h: 2, k: 4, x: 1}, permuted: [h], within: {k: h}, "
            "stands: {k: rotary}, places: {Q: [in, in, null], K: [out, out, null]}}}",
            WeightSpace(
                (("Q", ("h", "k", "x")), ("K", ("h", "k", "x"))),
                (("h", 2), ("k", 4), ("x", 1)),
                ("h",),
                roles=Roles(
                    (AxisRole("k", Standing.ROTARY, within="h"),),
                    (("Q", (Role.IN, Role.IN, None)), ("K", (Role.OUT, Role.OUT, None))),
                ),
            ),
        ),
    }
    lines = [f"  {name}: {text}" for name, (text, _) in listed.items()]
    head = "suite: example\nversion: 1\ntitle: An example\nspaces:\n"
    check = f"checks:\n  - {{id: law, kind: equivariance, spaces: [{', '.join(listed)}]}}\n"
    suite = load_suite(write(head + "\n".join(lines) + "\n" + check))
    for name, (_, space) in listed.items():
        assert WeightSpace.from_json(suite.checks[0].parameters["spaces"][name]["space"]) == space
    detection = check.replace("equivariance", "detection")
    assert load_suite(write(head + "\n".join(lines) + "\n" + detection)).checks[0].cases == tuple(listed)


def test_the_plan_has_every_row_once_and_repeated_architectures_collapse(write):
    suite = load_suite(write(GOOD))
    cells = plan(
        [suite], [parse_name(name) for name in ("dws", "dws[depth=2,channels=8]", "dws", "dws[channels=8,depth=2]")]
    )
    assert len(cells) == len({cell.id for cell in cells}) == 2 * sum(len(check.cases) for check in suite.checks)
    assert len({cell.seed for cell in cells}) == len(cells)


def test_a_check_may_leave_out_some_of_the_suites_own_architectures_but_none_of_a_users(write):
    own = GOOD.replace("checks:\n", "architectures: [dws, 'dws[depth=2, channels=8]', gmn]\nchecks:\n", 1)
    named = own.replace("  - id: twins\n", "  - id: twins\n    architectures: [gmn, 'dws[depth=2, channels=8]']\n", 1)
    everywhere, part = load_suite(write(own)), load_suite(write(named, "y.yaml"))
    assert Suite.from_json(part.to_json()) == part
    names = [parse_name(name) for name in ("dws", "dws[channels=8,depth=2]", "gmn", "stats")]
    whole, less = ({cell.id: cell for cell in plan([suite], names)} for suite in (everywhere, part))
    left_out = [cell for key, cell in whole.items() if key not in less]
    assert less.keys() < whole.keys()
    assert [(cell.check, cell.architecture) for cell in left_out] == [("twins", "dws")] * 3


WRONG = [
    (
        "title: An example",
        "titel: An example",
        ['x.yaml:3:1: titel: unknown key "titel"; did you mean "title"?', "x.yaml:1:1: title: required, but missing"],
    ),
    ("version: 1", "version: 0", ["x.yaml:2:10: version: input should be greater than or equal to 1, got 0"]),
    (
        "mlp: [1, 4, 4, 1]",
        "mlp: [1, 4]",
        [
            "x.yaml:5:15: spaces.tiny.mlp: mlp(1, 4) has no hidden layer; give input, hidden and output widths, as in mlp(2, 32, 32, 1)"
        ],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "mlp: [1, 0, 4, 1]",
        ["x.yaml:5:15: spaces.tiny.mlp: axis 'n1' has size 0; sizes are integers of at least 1"],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "mlp: [1, 4.5, 4, 1]",
        ["x.yaml:5:19: spaces.tiny.mlp.1: input should be a valid integer, got 4.5"],
    ),
    (
        "zoo: digits-inr",
        "zoo: digits-inrs",
        ['x.yaml:6:14: spaces.inr.zoo: unknown zoo "digits-inrs"; did you mean "digits-inr"?'],
    ),
    (
        "zoo: digits-inr",
        "zoo: digits-inr, activation: relu",
        ["x.yaml:6:38: spaces.inr.activation: belongs to constructed spaces only"],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "conv_net: {channels: [1, 4, 2], kernel: 2}",
        ["x.yaml:5:20: spaces.tiny.conv_net: kernel=2; allowed: odd integers of at least 1"],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "conv_net: {chanels: [1, 4, 2]}",
        [
            'x.yaml:5:21: spaces.tiny.conv_net.chanels: unknown key "chanels"; did you mean "channels"?',
            "x.yaml:5:20: spaces.tiny.conv_net.channels: required, but missing",
        ],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "residual_mlp: {inputs: 2, stream: 4, hidden: [], outputs: 1}",
        [
            "x.yaml:5:24: spaces.tiny.residual_mlp: residual_mlp has no block; give the hidden width of each, as in residual_mlp(2, 8, (16, 16), 1)"
        ],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "recurrent: [2, 4, 4, 1], zoo: digits-inr",
        [
            "x.yaml:5:9: spaces.tiny: give one of mlp, conv_net, residual_mlp, recurrent, transformer_block, dense, convolutional, "
            "residual, recurrence, transformer, lora, own and zoo, got recurrent and zoo"
        ],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "transfomer: {inputs: 2}",
        ['x.yaml:5:10: spaces.tiny.transfomer: unknown key "transfomer"; did you mean "transformer"?'],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "convolutional: {channels: [1, 4, 2], hed: max}",
        ['x.yaml:5:47: spaces.tiny.convolutional.hed: unknown key "hed"; did you mean "head"?'],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "convolutional: {channels: [1, 4, 2], head: mox}",
        ["x.yaml:5:53: spaces.tiny.convolutional.head: 'mox' is not allowed; did you mean \"max\"?"],
    ),
    (
        "mlp: [1, 4, 4, 1], activation: relu",
        "recurrence: {widths: [1, 4, 1], cell: gru}, activation: relu",
        ["x.yaml:5:66: spaces.tiny.activation: this network has none to choose"],
    ),
    (
        "mlp: [1, 4, 4, 1]",
        "convolutional: {channels: [1, 4, 2], kernel: 9}",
        ["x.yaml:5:25: spaces.tiny.convolutional: images (8, 8) are smaller than what 1 layers of kernel 9 need"],
    ),
    (
        "activation: relu}",
        "activation: rely}",
        [f"x.yaml:5:41: spaces.tiny.activation: unknown activation 'rely'; allowed: {allowed()}"],
    ),
    (
        "kind: equivariance",
        "kind: equivarience",
        ['x.yaml:9:11: kind: unknown check kind "equivarience"; did you mean "equivariance"?'],
    ),
    (
        "claim: prop-6.2",
        "claim: prop-6.22",
        ['x.yaml:15:12: claim: unknown claim "prop-6.22"; did you mean "prop-6.2"?'],
    ),
    (
        "family: bipartite-cycles",
        "family: bipartite-cycle",
        ['x.yaml:17:21: pairs.family: unknown pair family "bipartite-cycle"; did you mean "bipartite-cycles"?'],
    ),
    (
        "kind: equivariance",
        "kimd: equivariance",
        ['x.yaml:9:5: kimd: unknown key "kimd"; did you mean "kind"?'],
    ),
    ("- id: twins", "- idd: twins", ['x.yaml:13:5: idd: unknown key "idd"; did you mean "id"?']),
    ("count: 3", "cuont: 3", ['x.yaml:17:62: pairs.cuont: unknown key "cuont"; did you mean "count"?']),
    ("samples: 3", "samples: 1e-3", ["x.yaml:12:14: samples: input should be a valid integer, got 0.001"]),
    ("samples: 3", "samples: on", ["x.yaml:12:14: samples: input should be a valid integer, got 'on'"]),
    ("samples: 3", "samples: .nan", ["x.yaml:12:14: .nan is not a finite number"]),
    ("samples: 3", "inputs: [tiez]", ["x.yaml:12:14: inputs.0: 'tiez' is not allowed; did you mean \"ties\"?"]),
    ("[tiny, inr]", "[tiny, inn]", ['x.yaml:11:20: spaces.1: unknown space "inn"; did you mean "inr"?']),
    ("id: twins", "id: law", ['x.yaml:13:9: id: the id "law" is taken by an earlier check']),
    (
        "id: twins",
        "id: Twins!",
        ["x.yaml:13:9: id: string should match pattern '^[a-z0-9][a-z0-9._-]*$', got 'Twins!'"],
    ),
    (
        'check: "la*"',
        "check: lew",
        ['x.yaml:20:37: expected_failures.0.check: "lew" matches no check; did you mean "law"?'],
    ),
    (
        "outcome: fail",
        "outcome: error",
        ["x.yaml:20:53: expected_failures.0.outcome: 'error' is not allowed; available: fail"],
    ),
    (
        "reason: by design",
        'reason: ""',
        ["x.yaml:20:67: expected_failures.0.reason: string should have at least 1 character, got ''"],
    ),
    (
        "allow: []",
        "min_decided: 4",
        [
            "x.yaml:18:1: min_decided: is no key any more: at least 80 % of the rows that a network's declaration predicts must "
            "be decided, for each output that it claims, in every suite; leave the key out"
        ],
    ),
    (
        "allow: []",
        "allow_undecided: []",
        ['x.yaml:18:1: allow_undecided: is called "allow" now, and covers ill-conditioned rows too'],
    ),
    (
        "allow: []",
        "conclusions: [{claim: prop-6.2, checks: [twins], allow_undecided: minutes, killers: [bag]}]",
        ['x.yaml:18:50: conclusions.0.allow_undecided: is called "allow" now, and covers ill-conditioned rows too'],
    ),
    (
        "allow: []",
        "allow: [{architecture: stats, check: lew, reason: why}]",
        ['x.yaml:18:38: allow.0.check: "lew" matches no check; did you mean "law"?'],
    ),
    ("samples: 3", "samples: 3\n    samples: 4", ['x.yaml:13:5: key "samples" stands twice in one mapping']),
    ("samples: 3", "<<: {samples: 3}", ["x.yaml:12:5: merge key <<; write the entries out"]),
    ("samples: 3", "samples: &a 3", ["x.yaml:12:14: anchor &a; anchors and aliases are not allowed, write it out"]),
    (
        "samples: 3",
        "samples: !!python/object:os.system 3",
        ["x.yaml:12:14: tag tag:yaml.org,2002:python/object:os.system; a suite is data, tags are not allowed"],
    ),
    ("samples: 3", "samples: !function f", ["x.yaml:12:14: tag !function; a suite is data, tags are not allowed"]),
    ("    samples: 3", "\tsamples: 3", ["x.yaml:12:1: not YAML: found character '\\t' that cannot start any token"]),
    ("allow: []", "allow: []\n---\nsuite: y", ["x.yaml:19:1: a second document; a suite is one"]),
    ("[tiny, inr]", "[tiny, inr", ["x.yaml:12:12: not YAML: expected ',' or ']', but got ':'"]),
    ("[tiny, inr]", "{? [a]: b}", ["x.yaml:11:16: a key must be plain text"]),
]


@pytest.mark.parametrize(("right", "wrong", "wanted"), WRONG)
def test_a_mistake_is_said_at_its_place_with_the_nearest_match(write, right, wrong, wanted):
    assert right in GOOD
    assert sorted(errors(write(GOOD.replace(right, wrong)))) == sorted(wanted)


def test_all_errors_are_said_at_once(write):
    text = GOOD.replace("samples", "sample").replace("cycles: [[4]", "cycles: [[5]")
    lines = errors(write(text.replace("zoo:", "zo:").replace("title", "titel")))
    assert len(lines) >= 5
    assert [int(line.split(":")[1]) for line in lines] == sorted(int(line.split(":")[1]) for line in lines)


def test_one_content_under_two_ids_is_refused(write):
    check = GOOD[GOOD.index("  - id: twins") : GOOD.index("allow:")]
    text = GOOD.replace("allow:", check.replace("id: twins", "id: again") + "allow:")
    assert errors(write(text)) == ['x.yaml:18:5: checks.2: repeats the check "twins" under another id']


def test_an_alias_bomb_is_refused_at_once(write):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    start = time.perf_counter()
    lines = errors(write(bomb))
    assert time.perf_counter() - start < 2
    *told, rest = lines
    assert len(told) == 19 and all("anchors and aliases are not allowed" in line for line in told)
    assert rest == "and 62 more errors", "an anchor, and nine aliases and another anchor eight times"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a\n- b\n", "a suite is a mapping"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"suite: \x07\n", "is not allowed"),
        (b"a: " + b"[" * 100, "nested deeper"),
        (b"a: " + b"x" * 300_000, "characters; a suite has at most"),
    ],
)
def test_what_is_no_suite_at_all_is_one_line(write, content, words):
    lines = errors(write(content))
    assert len(lines) == 1
    assert words in lines[0]


def test_a_missing_file_a_folder_and_an_unknown_name_are_one_line(tmp_path):
    missing = "x.yaml: cannot be read: No such file or directory"
    assert errors(tmp_path / "no.yaml") == [missing]
    assert errors(tmp_path) == ["x.yaml: cannot be read: Is a directory"]
    assert errors(tmp_path / "qick.yaml") == [f'{missing}; did you mean the shipped suite "quick"?']
    (tmp_path / "mine.yaml").write_text("", encoding="utf-8")
    assert errors(tmp_path / "mien.yaml") == [f'{missing}; did you mean "{tmp_path / "mine.yaml"}"?']
    assert errors("qick") == ['unknown suite "qick"; did you mean "quick"? (a file ends in .yaml)']


def test_expectations_of_a_user_are_read_from_a_file_of_their_own(write):
    text = 'expected_failures:\n  - {architecture: a, check: "b", outcome: fail, reason: c}\n'
    assert load_expectations(write(text), None)[0].case == "*"
    with pytest.raises(SuiteError, match=r"1:1: suite: unknown key"):
        load_expectations(write("suite: x\n" + text), None)
    wrong = """\
expected_failures:
  - {architecture: nobody, check: "la*", outcome: fail, reason: by design, resaon: why}
  - {architecture: stats, chek: law, outcome: fail, reason: by design}
  - {architecture: stats, check: lew, outcome: fail}
"""
    with pytest.raises(SuiteError) as caught:
        load_expectations(write(wrong, "y.yaml"), [load_suite(write(GOOD))])
    said = "\n".join(caught.value.errors)
    for words in (
        '"nobody" matches no architecture',
        '"resaon"; did you mean "reason"',
        '"chek"; did you mean "check"',
        '"lew" matches no check',
        "expected_failures.2.reason: required",
    ):
        assert words in said, said


@cache
def validator() -> jsonschema.Draft202012Validator:
    """Of the schema, which is checked once (below)."""
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("name", shipped_suites())
def test_shipped_suites_load_and_validate(name):
    suite = load_suite(name)
    assert suite.name == name
    validator().validate(yaml.safe_load(shipped_suites()[name].read_text()))


def test_the_schema_is_a_schema_and_refuses_what_the_loader_refuses(write):
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator().validate(yaml.safe_load(GOOD))
    for right, wrong in (
        ("title: An", "titel: An"),
        ("samples: 3", "samples: on-"),
        ("count: 3", "cuont: 3"),
        ("equivariance\n    claim", "equi\n    claim"),
    ):
        assert right in GOOD
        with pytest.raises(jsonschema.ValidationError):
            validator().validate(yaml.safe_load(GOOD.replace(right, wrong)))


LINE = re.compile(r".*x\.yaml:\d+:\d+: .+")
FRAGMENTS = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "\t",
        ":",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "*a",
        "&a ",
        "!!x ",
        "<<: ",
        '"',
        "'",
        "#",
        "0",
        "1e9",
        ".inf",
        "null",
        "%",
        "\u0085",
        "é",
        "|",
        ">",
        "?",
    ]
)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), FRAGMENTS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_damage_gives_a_suite_or_lines_with_places(tmp_path_factory, start, length, fragment):
    path = tmp_path_factory.getbasetemp() / "x.yaml"
    path.write_text(GOOD[:start] + fragment + GOOD[start + length :], encoding="utf-8")
    lines = damage(path)
    assert lines is None or (lines and all(LINE.fullmatch(line) for line in lines)), lines


def damage(path: Path) -> tuple[str, ...] | None:
    """The errors of a suite, or None if it loads."""
    try:
        load_suite(path)
    except SuiteError as error:
        return error.errors
    return None


TRAINED = """\
suite: example
version: 1
title: An example
architectures: [dws, "gmn[depth=2]"]
checks:
  - id: twins
    kind: approximation
    target: {name: middle-rank}
    regime: {name: prop-6.2-twins}
conclusions:
  - {claim: thm-5.2, checks: ["tw*"], margin: 0.1, allow: minutes, killers: ["*"]}
"""


def test_a_conclusion_leaves_out_some_of_the_suites_own_architectures_but_none_of_a_users():
    """What is asked a check because a user named it is concluded from too: else a false claim of theirs would meet no conclusion."""
    wanted = Conclusion("thm-6.1", ("value*",), ("dws", "gmn"), 0.05, None)
    suite = Suite("s", 1, "t", (), architectures=("dws", "gmn", "flat-mlp"), conclusions=(wanted,))

    def read(architecture: str, check: str = "value-tanh", suite: Suite = suite) -> bool:
        return suite.concludes(wanted, RowPattern(architecture, check, "2000"))

    assert read("dws") and read("gmn[depth=2]") and read("nets.py:Bag") and read("scale-gmn")
    assert not read("flat-mlp") and not read("flat-mlp[hidden=8]") and not read("weights")
    assert not read("nets.py:Bag", "norms") and not read("dws", "norms")
    assert not read("nets.py:Bag", suite=replace(suite, architectures=()))  # whose they are is not known there


def test_a_suite_names_its_architectures_and_conclusions(write):
    suite = load_suite(write(TRAINED))
    assert Suite.from_json(json.loads(json.dumps(suite.to_json()))) == suite
    assert suite.architectures == ("dws", "gmn[depth=2]")
    assert (suite.conclusions[0].claim, suite.conclusions[0].margin) == ("thm-5.2", 0.1)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('"gmn[depth=2]"', "gnm", "4:22: architectures.1", 'did you mean "gmn"'),
        ('"gmn[depth=2]"', '"gmn[depth"', "4:22: architectures.1", "gmn[depth"),
        ("thm-5.2", "thm-5.3", "11:13: conclusions.0.claim", "unknown claim"),
        ('["tw*"]', "[twin]", "11:31: conclusions.0.checks.0", '"twin" matches no check; did you mean "twins"'),
        ("margin: 0.1", "margin: 2", "conclusions.0.margin", "less than 1"),
        (
            "id: twins",
            "id: twins\n    architectures: [dwz]",
            "architectures.0",
            '"dwz" is not among the architectures of the suite; did you mean "dws"?',
        ),
        (
            "kind: approximation",
            "kind: aproximation\n    architectures: [dwz]",
            "8:21: architectures.0",
            '"dwz" is not among the architectures of the suite; did you mean "dws"?',
        ),
        ("{name: middle-rank}", "{name: middle-rnk}", "8:20: target.name", 'did you mean "middle-rank"'),
    ],
)
def test_unknown_architectures_claims_and_checks_are_refused_at_their_place(write, old, new, place, words):
    lines = errors(write(TRAINED.replace(old, new)))
    assert any(place in line and words in line for line in lines), lines


def test_the_paper_suites_conclude_every_claim_of_the_ledger():
    for name in ("paper", "paper-full"):
        of_the_paper = {claim.id for claim in CLAIMS.values() if "(ours)" not in claim.source}
        assert {entry.claim for entry in load_suite(name).conclusions} == of_the_paper


def test_architectures_of_suites_are_the_default_and_must_agree():
    assert default_names([("a", ("dws",), ()), ("b", ("dws",), ())]) == ("dws",)
    assert default_names([("a", (), ()), ("b", (), ())]) == default_names([])
    with pytest.raises(UnknownName, match="suites a and b ask for different architectures; name them with -a"):
        default_names([("a", ("dws",), ()), ("b", (), ())])


def test_who_is_asked_where_nobody_is_named_follows_from_the_spaces_of_the_suites():
    factors, blocks = {"gl-net", "gl-align", "gl-spectral", "w2t", "transformer-nfn"}, {"block-nfn"}
    everyone = set(built_in())

    def asked(*spaces: WeightSpace) -> set[str]:
        return set(default_names([("a", (), spaces)]))

    assert asked() == asked(mlp(1, 2, 1)) == everyone - factors - blocks
    assert asked(lora((5, 4), rank=2).space) == everyone - blocks
    assert asked(mlp(1, 2, 1), transformer_block(1, 2, 2, 2, 2)) == everyone
    assert set(default_names([("quick", (), load_suite("quick").spaces)])) == everyone
    assert set(default_names([("separation", (), load_suite("separation").spaces)])) == everyone - factors - blocks
