"""`orbitcheck floor` of files of one's own beside a table, without a manifest: the floors of the same networks and labels given by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import orbitcheck
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.weights.batch import Weights
from orbitcheck.harness.weights.space import mlp

SPACE = mlp(1, 3, 1, activation="relu")


@pytest.fixture
def folder(tmp_path):
    """Four networks: a, its neurons in another order, two others; and a broken file."""
    rng = np.random.default_rng(0)
    first, second, third = ({k: rng.integers(-8, 9, s) / 8 for k, s in SPACE.shapes.items()} for _ in range(3))
    turned = {**first, "W1": first["W1"][[2, 0, 1]], "b1": first["b1"][[2, 0, 1]], "W2": first["W2"][:, [2, 0, 1]]}
    nets = {"a": first, "b": turned, "c": second, "d": third}
    for name, net in nets.items():
        entries = {f"{2 * (layer - 1)}.{key}": net[f"{tensor}{layer}"] for layer in (1, 2) for key, tensor in (("weight", "W"), ("bias", "b"))}  # fmt: skip
        np.savez(tmp_path / f"{name}.npz", **entries)
    (tmp_path / "scores.csv").write_text("file,score,kind\nd,4,x\nc,3,y\nb,2,x\na,1,y\n")
    return tmp_path, nets


def invoke(*arguments):
    return CliRunner().invoke(main, ["floor", *map(str, arguments)])


def test_files_and_a_table_have_the_floors_of_their_networks(folder):
    path, nets = folder
    asked = (
        path,
        "--label",
        "score",
        "--labels",
        path / "scores.csv",
        "--by",
        "file",
        "--activation",
        "relu",
        "--json",
    )
    answer = invoke(*asked)
    assert answer.exit_code == 0, answer.output
    (told,) = json.loads(answer.stdout)
    by_hand = orbitcheck.floor([Weights.from_arrays(SPACE, [net]) for net in nets.values()], [1.0, 2.0, 3.0, 4.0])
    assert told["nets"] == 4 and told["levels"][0]["shared"] == 1
    assert [each["relative"] for each in told["levels"]] == [each.relative for each in by_hand.levels]
    words = json.loads(invoke(*asked[:2], "kind", *asked[3:]).stdout)
    assert words[0]["label_classes"] == 2
    costly = invoke(*asked[:-1]).stdout
    assert "a.npz" in costly and "b.npz" in costly
    many = invoke(*(path / f"{name}.npz" for name in nets), *asked[1:-1]).stdout.splitlines()
    assert (
        many[0].startswith(f"{path / 'a.npz'}, and 3 more, float: 4 networks") and many[1:] == costly.splitlines()[1:]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--label", "score"), "need --labels"),
        (("--label", "score", "--labels", "{}/nowhere.csv"), "nowhere.csv"),
        (("--label", "skore", "--labels", "{}/scores.csv", "--by", "file"), "skore"),
        (("--label", "score", "--labels", "{}/scores.csv", "--by", "kind"), "rows for"),
    ],
)
def test_what_cannot_be_answered_is_one_line(folder, arguments, words):
    path, _ = folder
    answer = invoke(path / "a.npz", path / "b.npz", *(each.format(path) for each in arguments))
    assert answer.exit_code == 2 and words in answer.output and "Traceback" not in answer.output


def test_other_spaces_are_refused_in_a_line(folder):
    path, _ = folder
    np.savez(
        path / "conv.npz",
        **{"0.weight": np.ones((2, 1, 3, 3)), "0.bias": np.ones(2), "2.weight": np.ones((1, 2, 3, 3))},
    )
    answer = invoke(path / "conv.npz", "--label", "score", "--labels", path / "scores.csv", "--by", "file")
    assert answer.exit_code == 2 and "Traceback" not in answer.output and answer.output.count("\n") == 1


def test_a_table_that_names_files_in_another_order_is_not_read_row_by_row(folder):
    path, _ = folder
    (path / "own.csv").write_text("checkpoint,score\nout/d.npz,4\nout/c.npz,3\nout/b.npz,2\nout/a.npz,1\n")
    asked = (path, "--label", "score", "--labels", path / "own.csv")
    answer = invoke(*asked)
    assert answer.exit_code == 2 and "in its column checkpoint; say by: checkpoint" in answer.output
    assert "Traceback" not in answer.output and answer.output.count("\n") == 1
    (path / "own.csv").write_text("checkpoint,score\n/x/a.npz,4\n/x/b.npz,3\n/x/c.npz,2\n/x/d.npz,1\n")
    assert invoke(*asked).exit_code == 0


def test_files_without_a_table_are_told_to_need_one(folder):
    path, _ = folder
    for command in ("floor", "predict"):
        answer = CliRunner().invoke(main, [command, str(path), "--label", "score"])
        assert answer.exit_code == 2 and "files of your own need --labels" in answer.output
