"""A manifest is a zoo wherever a built-in one is: presets, labels, splits, spaces, pairs, regimes, suites."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

import orbitcheck
from orbitcheck import duplicates, mlp
from orbitcheck.harness.checks.floor.kind import KIND
from orbitcheck.harness.core.parameters import SuiteValueError, parse_parameters
from orbitcheck.harness.front.cli import main
from orbitcheck.harness.language.named_spaces import SpaceModel, named_space
from orbitcheck.harness.pairs.trained import TRAINED, TrainedParameters
from orbitcheck.harness.regimes.own import ZOO, ZooParameters
from orbitcheck.harness.weights.networks.forms import has_function
from orbitcheck.harness.weights.readers.records import Proof
from orbitcheck.harness.weights.space import NamedSpace
from orbitcheck.harness.zoo.entries import ZooError
from orbitcheck.harness.zoo.imported import imported, trained
from orbitcheck.harness.zoo.manifest import PRESETS as PRESET_TENSORS
from orbitcheck.harness.zoo.population import population
from orbitcheck.harness.zoo.recipe import ZOOS, parse_reference


def dense(*widths: int, names: str = "{}", step: int = 2, seed: int = 0) -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(seed)
    state = {}
    for number, (before, after) in enumerate(pairwise(widths)):
        state[f"{names.format(number * step)}.weight"] = torch.randn(after, before, generator=source)
        state[f"{names.format(number * step)}.bias"] = torch.randn(after, generator=source)
    return state


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORBITCHECK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


def write(text: str, path: str = "zoo.yaml") -> str:
    Path(path).write_text(text)
    return path


def nets(count: int, *widths: int, suffix: str = ".pt") -> None:
    Path("nets").mkdir(exist_ok=True)
    for seed in range(count):
        torch.save(dense(*widths, seed=seed), f"nets/{seed}{suffix}")


LABELLED = {
    "a.csv": ("file,acc\n" + "".join(f"{n},{n / 10}\n" for n in (2, 0, 1)), "labels: {file: a.csv, by: file}"),
    "rows.csv": ("acc,kind\n0.0,x\n0.1,y\n0.2,x\n", "labels: {file: rows.csv}"),
    "a.json": (json.dumps({f"nets/{n}.pt": n / 10 for n in range(3)}), "labels: {file: a.json, by: name}"),
    "b.json": (json.dumps([{"id": f"{n}.pt", "label": n / 10} for n in range(3)]), "labels: {file: b.json, by: id, columns: [label]}"),
    "c.jsonl": ("\n".join(json.dumps({"id": n, "label": n / 10}) for n in range(3)), "labels: {file: c.jsonl, by: id}"),
    "d.csv": ("\ufefffile;acc;kind\n" + "".join(f"{n}.pt;0,{n};a,b\n" for n in (2, 0, 1)), "labels: {file: d.csv, by: file}"),
    "e.csv": ("file\tacc\n" + "".join(f"{n}.pt\t{n / 10}\n" for n in (2, 0, 1)), "labels: {file: e.csv, by: file}"),
    "f.csv": ("file,acc\n" + "".join(f"/home/me/nets/{n}.pt,{n / 10}\n" for n in (2, 0, 1)), "labels: {file: f.csv, by: file}"),
    "g.csv": ("file,acc\n" + "".join(f"C:\\x\\nets\\{n}.pt,{n / 10}\n" for n in (2, 0, 1)), "labels: {file: g.csv, by: file}"),
    "name": ("", "labels: {name: 'nets/(?P<acc>[0-9]+)'}"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELLED)
def test_labels_are_read_from_tables_and_names(folder: Path, name: str):
    content, line = LABELLED[name]
    if content:
        Path(name).write_text(content)
    nets(3, 2, 4, 1)
    found = imported(write(f"files: nets/*.pt\nactivation: tanh\n{line}\n"))
    values = found.labels["acc" if "acc" in found.labels else "label"].values
    assert values == ((0.0, 1.0, 2.0) if name == "name" else (0.0, 0.1, 0.2))
    assert found.spaces == {"2-4-1": mlp(2, 4, 1, activation="tanh")} and not found.assumed.get(
        "activation relu (the file names none)"
    )
    if name == "rows.csv":
        assert found.labels["kind"].words == ("x", "y") and found.labels["kind"].values == (0.0, 1.0, 0.0)


def dws(folder: Path) -> None:
    listed = {split: {"path": [], "label": []} for split in ("train", "val", "test")}
    for number, split in enumerate(listed):
        Path(f"mnist-inrs/{number}").mkdir(parents=True)
        torch.save(dense(2, 32, 32, 1, names="seq.{}", step=1, seed=number), f"mnist-inrs/{number}/model_final.pth")
        listed[split]["path"].append(f"dataset/mnist-inrs/{number}/model_final.pth")
        listed[split]["label"].append(str(number))
    Path("mnist_splits.json").write_text(json.dumps(listed))


def nfn(folder: Path) -> None:
    for label in ("0", "7"):
        Path(label).mkdir()
        torch.save(
            {f"module.{k}": v for k, v in dense(2, 8, 8, 1, names="net.{}.0", step=1).items()},
            f"{label}/net{label}3.pth",
        )


def small_cnns(folder: Path) -> None:
    shapes = {"conv2d": (3, 3, 1, 16), "conv2d_1": (3, 3, 16, 16), "conv2d_2": (3, 3, 16, 16), "dense": (16, 10)}
    lines, end = ["varname,start_idx,end_idx,shape"], 0
    for layer, shape in shapes.items():
        for kind, own in (("bias", shape[-1:]), ("kernel", shape)):
            size = int(np.prod(own))
            lines.append(f'sequential/{layer}/{kind}:0,{end},{end + size},"{own}"')
            end += size
    Path("layout.csv").write_text("\n".join(lines))
    np.save("weights.npy", np.random.default_rng(0).standard_normal((3, end)).astype(np.float32))
    with gzip.open("metrics.csv.gz", "wt") as table:
        table.write("test_accuracy,config.optimizer\n0.5,adam\n0.25,sgd\n0.75,adam\n")


def model_zoos(folder: Path) -> None:
    for trial in ("a", "b"):
        for epoch in (0, 50):
            Path(f"NN_{trial}/checkpoint_{epoch:06d}").mkdir(parents=True)
            torch.save(dense(4, 5, 3, names="module_list.{}"), f"NN_{trial}/checkpoint_{epoch:06d}/checkpoints")
        lines = [{"training_iteration": epoch, "test_acc": epoch / 100} for epoch in (0, 50)]
        Path(f"NN_{trial}/result.json").write_text("\n".join(map(json.dumps, lines)))


def adapters(folder: Path) -> None:
    for number in range(3):
        source = torch.Generator().manual_seed(number)
        Path(f"run{number}").mkdir()
        stem = "base_model.model.layers.0.self_attn.q_proj"
        kept = {f"{stem}.lora_A.weight": torch.randn(2, 6, generator=source), f"{stem}.lora_B.weight": torch.randn(8, 2, generator=source)}  # fmt: skip
        save_file(kept, f"run{number}/adapter_model.safetensors")
        Path(f"run{number}/adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2}))


def parts(**modules: torch.nn.Module) -> torch.nn.Module:
    """A module of these submodules; a ModuleDict has methods called keys and values."""
    made = torch.nn.Module()
    for name, module in modules.items():
        made.add_module(name, module)
    return made


class Vision(torch.nn.Module):
    """A transformer on images with the names of the small transformer zoo: heads of two, norms without factors, no skips."""

    def __init__(self, model: int, patch: int, places: int):
        super().__init__()
        nn = torch.nn
        self.embedding = parts(conv1=nn.Conv2d(1, model, patch, patch))
        self.embedding.register_parameter("pos_embedding", nn.Parameter(torch.randn(places, model)))
        names = ("queries", "keys", "values", "out_projection")
        self.encoder = nn.ModuleList(
            parts(
                attention=parts(**{name: nn.Linear(model, model, bias=False) for name in names}),
                fc1=nn.Linear(model, 2 * model),
                fc2=nn.Linear(2 * model, model),
            )
            for _ in range(2)
        )
        self.classifier = parts(fc1=nn.Linear(model, model), fc2=nn.Linear(model, 3))

    def embedded(self, image: torch.Tensor) -> torch.Tensor:
        return self.embedding.conv1(image).flatten(2).mT + self.embedding.pos_embedding

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        x = self.embedded(given)
        model = x.shape[-1]
        for block in self.encoder:
            own, read = block.attention, torch.nn.functional.layer_norm(x, (model,))
            q, k, v = (
                each(read).unflatten(-1, (2, -1)).transpose(1, 2) for each in (own.queries, own.keys, own.values)
            )
            mixed = torch.softmax(q @ k.mT / (model // 2) ** 0.5, -1) @ v
            x = torch.nn.functional.layer_norm(own.out_projection(mixed.transpose(1, 2).flatten(2)), (model,))
            x = block.fc2(torch.relu(block.fc1(x)))
        x = torch.nn.functional.layer_norm(x, (model,)).mean(1)
        return self.classifier.fc2(torch.relu(self.classifier.fc1(x)))


class Text(Vision):
    """The same on words, whose embedding is frozen and kept in a file of its own."""

    def embedded(self, words: torch.Tensor) -> torch.Tensor:
        return words


def transformers(folder: Path, kind: type[Vision] = Vision) -> None:
    data = "mnist" if kind is Vision else "ag_news"
    Path(data).mkdir()
    for run, accuracy in (("a1", 9712), ("b2", 1130)):
        torch.manual_seed(accuracy)
        state = kind(8, 2, 4).state_dict()
        kept = {name: one for name, one in state.items() if kind is Vision or not name.startswith("embedding.")}
        torch.save(kept, f"{data}/{run}_75_{accuracy}.pt")
    torch.save({"weight": torch.zeros(3)}, f"{data}/embedding.pt")


def texts(folder: Path) -> None:
    transformers(folder, Text)


@pytest.mark.parametrize("kind", [Vision, Text])
def test_a_small_transformer_moved_by_its_space_is_the_same_function(folder: Path, kind: type[Vision]):
    """The group of the preset is the network's own: planted elements, written back into the module, leave its function alone."""
    transformers(folder, kind)
    preset = "small-transformer-zoo" if kind is Vision else "small-transformer-zoo-text"
    network = imported(write(f"preset: {preset}")).networks[0]
    assert {f"{name}{n}" for n in range(2) for name in ("head", "key", "value", "hidden")} | {"inner"} == set(
        network.space.permuted
    )
    assert (network.space.size["head0"], network.space.size["key0"], network.space.size["hidden1"]) == (2, 4, 16)
    v = orbitcheck.Weights.from_arrays(network.space, [dict(network.arrays)], dtype=torch.float64)
    moved = orbitcheck.act(orbitcheck.random_elements(network.space, 1, np.random.default_rng(0))[0], v)
    stored = torch.load(next(folder.glob("*/a1_75_9712.pt")), weights_only=True)
    entries = PRESET_TENSORS[preset]["tensors"]
    state = {one["entry"]: moved.tensors[name].reshape(stored[one["entry"]].shape) for name, one in entries.items()}
    assert state.keys() == stored.keys()
    assert sum(not torch.equal(state[name], stored[name].double()) for name in state) == 17
    module = kind(8, 2, 4).double()
    x = torch.randn(5, *((1, 4, 4) if kind is Vision else (6, 8)), dtype=torch.float64)
    answers = []
    for each in (stored, state):
        module.load_state_dict(each, strict=kind is Vision)
        answers.append(module(x))
    torch.testing.assert_close(*answers, rtol=1e-10, atol=1e-12)


PRESETS = {
    "small-transformer-zoo": (transformers, "preset: small-transformer-zoo", 2, {"accuracy": (1130.0, 9712.0), "run": (0.0, 1.0), "epoch": (75.0, 75.0)}),
    "small-transformer-zoo-text": (texts, "preset: small-transformer-zoo-text", 2, {"accuracy": (1130.0, 9712.0), "epoch": (75.0, 75.0)}),
    "peft": (adapters, "preset: peft", 3, {"adapter": (0.0, 1.0, 2.0)}),
    "dws-inr": (dws, "preset: dws-inr", 3, {"label": (0.0, 1.0, 2.0), "split": (1.0, 2.0, 0.0)}),
    "nfn-inr": (nfn, "preset: nfn-inr", 2, {"label": (0.0, 7.0), "index": (3.0, 73.0)}),
    "small-cnn-zoo": (small_cnns, "preset: small-cnn-zoo", 3, {"test_accuracy": (0.5, 0.25, 0.75), "config.optimizer": (0.0, 1.0, 0.0)}),
    "model-zoos": (model_zoos, "preset: model-zoos\nactivation: tanh", 4, {"test_acc": (0.0, 0.5, 0.0, 0.5)}),
}  # fmt: skip


@pytest.mark.parametrize("name", PRESETS)
def test_published_layouts_are_read(folder: Path, name: str):
    make, text, count, labels = PRESETS[name]
    make(folder)
    found = imported(write(text))
    assert len(found.networks) == count and not found.unread
    for label, values in labels.items():
        assert sorted(found.labels[label].values) == sorted(values)
    if name == "small-cnn-zoo":
        raw = np.load("weights.npy")[0]
        space, arrays = found.networks[0].space, found.networks[0].arrays
        assert [space.size[f"n{n}"] for n in range(5)] == [1, 16, 16, 16, 10] and found.networks[0].proof == "manifest"
        assert arrays["C2"][3, 5, 1, 2] == raw[16 + 144 + 16 :][: 9 * 256].reshape(3, 3, 16, 16)[1, 2, 5, 3]
    if name == "dws-inr":
        assert found.networks[0].arrays["W1"][0, 0] == 30 * float(dense(2, 32, 32, 1)["0.weight"][0, 0])
        assert found.networks[0].space.activation == "sine"


def test_tensors_are_wired_as_the_manifest_says(folder: Path):
    state = {"q": torch.ones(4, 2), "mix": torch.ones(4, 4), "out": torch.ones(1, 4)}
    Path("nets").mkdir()
    save_file(state, "nets/a.safetensors")
    text = """\
files: nets/*
activation: relu
tensors:
  U: {entry: q, axes: [n, x]}
  R: {entry: mix, axes: [n, n]}
  V: {entry: out, axes: [y, n]}
permuted: [n]
"""
    (network,) = imported(write(text)).networks
    assert network.space.axes == {"U": ("n", "x"), "R": ("n", "n"), "V": ("y", "n")} and network.space.permuted == (
        "n",
    )
    found = imported(write(text.replace("[n, n]", "[n, m]").replace("[y, n]", "[y, m]"))).networks[0]
    assert found.space.size == {"n": 4, "x": 2, "m": 4, "y": 1}
    with pytest.raises(ZooError, match="out: axis y has 1 indices here and 4 elsewhere"):
        imported(write(text.replace("mix, axes: [n, n]", "mix, axes: [n, y]")))


RESIDUAL = """\
files: nets/*
activation: relu
tensors:
  A: {entry: a.weight, axes: [n, x]}
  a: {entry: a.bias, axes: [n]}
  B: {entry: b.weight, axes: [m, n]}
  b: {entry: b.bias, axes: [m]}
  C: {entry: c.weight, axes: [n, m]}
  c: {entry: c.bias, axes: [n]}
  V: {entry: h.weight, axes: [y, n]}
  v: {entry: h.bias, axes: [y]}
permuted: [n, m]
"""


def test_axes_do_not_say_what_a_stream_goes_through(folder: Path):
    """Networks of `residual_mlp`'s axes whose stream is bent as well: a shift of the stream is no network of the same function."""
    net = {f"{name}.weight": torch.randn(*shape) for name, shape in (("a", (4, 2)), ("b", (3, 4)), ("c", (4, 3)), ("h", (1, 4)))}  # fmt: skip
    net |= {f"{name}.bias": torch.randn(size) for name, size in (("a", 4), ("b", 3), ("c", 4), ("h", 1))}
    moved = {**net, "a.bias": net["a.bias"] + 0.5, "b.bias": net["b.bias"] - net["b.weight"] @ torch.full((4,), 0.5)}
    moved["h.bias"] = net["h.bias"] - net["h.weight"] @ torch.full((4,), 0.5)
    Path("nets").mkdir()
    for name, state in (("0", net), ("1", moved)):
        save_file(state, f"nets/{name}.safetensors")
    found = imported(write(RESIDUAL))
    (space,) = found.spaces.values()
    assert not has_function(space) and set(space.permuted) == {"n", "m"}
    assert not duplicates(population("zoo.yaml").weights).groups


BAD = {
    "files: nets/*.pt\nsizes: {a: 2}": "sizes go with tensors",
    "files: nets/*.pt\nfile: a": """unknown key 'file'; did you mean "files"?""",
    "files: nets/*.pt\nactivaton: tanh": """unknown key 'activaton'; did you mean "activation"?""",
    "title: a": "files: is missing",
    "- a": "a manifest is a mapping",
    "files: &a nets/*.pt\ntitle: *a": "anchors and aliases",
    "files: !!python/object/apply:os.system [ls]": "not YAML",
    "preset: mnist": "is none; allowed: dws-inr",
    "files: nets/*.pt\nactivation: rely": "allowed: relu",
    "files: none/*.pt": "no network was read",
    "files: nets/*.pt\nlabels: {file: none.csv}": "none.csv cannot be read",
    "files: nets/*.pt\nlabels: {file: short.csv}": "has 1 rows, and there are 3 networks",
    "files: nets/*.pt\nlabels: {file: short.csv, by: name}": "has no column name",
    "files: nets/*.pt\nlabels: {file: short.csv, by: acc}": "has no rows for nets/0.pt",
    "files: nets/*.pt\nlabels: {name: '(?P<a>x)'}": "does not fit",
    "files: nets/*.pt\nlabels: {name: '('}": "no regular expression",
    "files: nets/*.pt\nlabels: {}": "give one of file, name and each",
    "files: nets/*.pt\nomega: .nan": "omega",
    "files: nets/*.pt\npermuted: [a]": "go together",
    "files: nets/*.pt\nactivation: relu\nactivation: tanh": "the key 'activation' stands there twice",
    "files: nets/*.pt\nlabels: {file: short.csv, by: acc, file: a.csv}": "the key 'file' stands there twice",
    "files: [nets/*.pt, more/*.pt]\nlabels: {file: names.csv, by: file}": "the row 0.pt of names.csv may be of nets/0.pt and of more/0.pt; give paths",
    "files: []": "files: .* at least 1 item",
    "files: 3": "files: it should be a valid string$",
    "files: nets/*.pt\nomega: -1": "omega: it should be greater than 0$",
    "files: nets/*.pt\nlabels: {fiel: a.csv}": """unknown key 'fiel' in labels; did you mean "file"?""",
    "files: nets/*.pt\nlabels: {file: utf16.csv}": "not in UTF-8; save it so",
    "files: nets/*.pt\nlabels: {file: a.xlsx}": "no table of a suffix that is read: csv",
    "files: nets/*.pt\nlabels: {file: gone.csv}": "No such file",
    "files: nets/*.pt\nsplits: twice.json": "nets/1.pt is in train and in test",
}


@pytest.mark.parametrize("text", BAD)
def test_what_makes_no_sense_is_one_line(folder: Path, text: str):
    nets(3, 2, 4, 1)
    Path("short.csv").write_text("acc\n0.5\n")
    Path("more").mkdir()
    torch.save(dense(2, 4, 1), "more/0.pt")
    Path("names.csv").write_text("file,acc\n0.pt,1\n1.pt,2\n2.pt,3\n")
    Path("utf16.csv").write_text("acc\n0.5\n", encoding="utf-16")
    Path("twice.json").write_text(json.dumps({"train": ["nets/0.pt", "nets/1.pt"], "test": ["nets/1.pt", "nets/2.pt"]}))
    with pytest.raises(ZooError, match=BAD[text]) as caught:
        imported(write(text))
    assert "\n" not in str(caught.value)
    result = CliRunner().invoke(main, ["zoo", "check", "zoo.yaml"])
    assert (result.exit_code, result.output.count("\n")) == (2, 1) and "Traceback" not in result.output


def test_entries_that_are_no_weights_are_ignored_where_the_manifest_says_so(folder: Path):
    nets(2, 2, 4, 1)
    before = imported(write("files: nets\n")).sha256
    for path in sorted(Path("nets").iterdir()):
        torch.save({**torch.load(path), "temperature": torch.tensor(0.5)}, path)
    with pytest.raises(ZooError, match="temperature"):
        imported("zoo.yaml")
    found = imported(write("files: nets\nignore: [temperature]\n"))
    assert found.groups.keys() == {"2-4-1"} and found.sha256 != before
    assert imported(write("files: nets\norder: [0, 2]\nignore: [temperature]\n")).networks[0].proof is Proof.MANIFEST
    with pytest.raises(ZooError, match="has no bias, which is to be ignored"):
        imported(write("files: nets\nignore: [temperature, bias]\n"))


def test_a_manifest_is_a_zoo(folder: Path):
    nets(6, 2, 4, 4, 1)
    torch.save(dense(2, 3, 1), "nets/small.pt")
    Path("nets/bad.pt").write_bytes(b"bad")
    write("files: nets/*.pt\nactivation: tanh\nlabels: {name: 'nets/(?P<label>.)'}\n")
    zoo, group = parse_reference("zoo.yaml/2-4-4-1")
    assert group == "2-4-4-1" and dict(zoo.spaces) == {
        "2-4-4-1": mlp(2, 4, 4, 1, activation="tanh"),
        "2-3-1": mlp(2, 3, 1, activation="tanh"),
    }
    found = population("zoo.yaml/2-4-4-1")
    assert (
        found.weights.batch == 6
        and found.weights.dtype == torch.float32
        and found.metadata["label"].tolist() == list(range(6))
    )
    assert torch.equal(found.weights.weights[0][3, ..., 0], dense(2, 4, 4, 1, seed=3)["0.weight"])
    before = ZOOS["zoo.yaml"].digest
    Path("../moved").mkdir()
    Path("nets").rename("../moved/nets")
    assert Path("zoo.yaml").rename("../moved/other.yaml")
    assert ZOOS["../moved/other.yaml"].digest == before, "a zoo of one's own is its content, not its place"
    torch.save(dense(2, 4, 4, 1, seed=99), "../moved/nets/0.pt")
    assert ZOOS["../moved/other.yaml"].digest != before
    result = CliRunner().invoke(main, ["zoo", "check", "../moved/other.yaml"])
    assert (
        result.exit_code == 1
        and "group 2-4-4-1: 6 of mlp(2, 4, 4, 1" in result.output
        and "1 file not read, 0 groups" in result.output
    )
    data = json.loads(CliRunner().invoke(main, ["zoo", "check", "../moved/other.yaml", "--json"]).output)
    assert data["groups"]["2-4-4-1"]["count"] == 6 and set(data["labels"]) == {"label"}
    first, again = (CliRunner().invoke(main, ["zoo", "import", "../moved/other.yaml"]).output for _ in range(2))
    assert "read in" in first and "kept from before" in again


SUITE = """\
suite: own
version: 1
title: my networks
spaces:
  mine: {zoo: zoo.yaml}
checks:
  - {id: law, kind: equivariance, spaces: [mine]}
  - {id: pairs, kind: separation, pairs: {family: trained, zoo: zoo.yaml, variants: [same-orbit, two-networks], count: 1}}
  - {id: position, kind: general-position, samples: 4, regime: {name: zoo, zoo: zoo.yaml}, forms: {float: {general-position: [1.0, 1.0]}}}
"""


def test_a_suite_names_a_population_of_one_s_own(folder: Path):
    """Spaces, pairs and regimes of a manifest, by the doors that suites use."""
    nets(6, 2, 4, 1)
    write("files: nets/*.pt\nactivation: tanh\nlabels: {name: 'nets/(?P<number>.)'}\n")
    space = mlp(2, 4, 1, activation="tanh")
    assert named_space(SpaceModel(zoo="zoo.yaml")) == NamedSpace(space, "zoo.yaml")
    asked_pairs = TrainedParameters(zoo="zoo.yaml", count=1)
    case = TRAINED.cases(asked_pairs, None)[0]
    pair = TRAINED.make(asked_pairs, None, case, np.random.default_rng(0))
    assert pair.space == space and pair.element is not None
    asked = ZooParameters(zoo="zoo.yaml", label="number")
    first, second = ZOO.draw(asked, ZOO.space(asked, None), (4, 2), np.random.default_rng(0))
    assert ZOO.limit(asked) == 6
    assert sorted(first.metadata["label"].tolist() + second.metadata["label"].tolist()) == list(range(6))
    with pytest.raises(SuiteValueError, match="it has number"):
        ZOO.space(ZooParameters(zoo="zoo.yaml", label="acc"), None)
    write(SUITE, "own-suite.yaml")
    result = CliRunner().invoke(main, ["run", "own-suite.yaml", "-a", "stats", "--dry-run"])
    assert (result.exit_code == 0 and "zoos to train: none" in result.output) or "zoo.yaml" in result.output, (
        result.output
    )


@pytest.mark.long
def test_a_suite_runs_on_a_population_of_one_s_own(folder: Path):
    nets(6, 2, 4, 1)
    write("files: nets/*.pt\nactivation: tanh\n")
    write(SUITE, "own-suite.yaml")
    result = CliRunner().invoke(main, ["run", "own-suite.yaml", "-a", "stats", "-j", "1"])
    rows = json.loads(Path("out/results.json").read_text())["results"]
    outcomes = {(row["check"], row["outcome"]) for row in rows}
    assert {check for check, _ in outcomes} == {"law", "pairs", "position"}, result.output
    assert not {outcome for _, outcome in outcomes} & {"error"}, [
        (r["case"], r.get("message")) for r in rows if r["outcome"] == "error"
    ]


def table(*lines: str) -> str:
    """A manifest of three networks with a table of labels."""
    nets(3, 2, 4, 1)
    write("\n".join(lines) + "\n", "a.csv")
    return write("files: nets/*.pt\nlabels: {file: a.csv, by: file}\n")


def test_words_and_truth_values_are_classes_wherever_a_floor_is_asked(folder: Path):
    path = table("file , c3, good,y", "0, red , True,1", "1,blue,False,2", "2, red,True,3")
    for label, classes in (("c3", 2), ("good", 2), ("y", None)):
        answer = CliRunner().invoke(main, ["floor", f"{path}/2-4-1", "--label", label, "--json"])
        assert json.loads(answer.stdout)[0]["label_classes"] == classes, answer.output
        assert orbitcheck.floor(path, label).label_classes == classes
        given = {
            "regime": {"name": "zoo", "zoo": path, "label": label},
            "label": "label",
            "forms": {"float": {"orbit": [0, 1]}},
        }
        resolved = KIND.resolve(parse_parameters(KIND.parameters, given), {})
        assert resolved["classes"] == bool(classes)
    words = imported(path).labels["c3"]
    assert words.words == ("blue", "red") and words.values == (1.0, 0.0, 1.0)


def test_costly_networks_are_called_by_their_files_and_classes_by_their_words(folder: Path):
    path = table("file,c", "0,red", "1,blue", "2,red")
    torch.save(torch.load("nets/0.pt"), "nets/1.pt")
    [dear] = orbitcheck.floor(path, "c").at("orbit").costliest
    assert dear.networks == ("nets/0.pt", "nets/1.pt") and dear.values == "blue: 1, red: 1"


@pytest.mark.parametrize("cell", ["", "  ", "nan", "inf"])
def test_an_empty_cell_is_no_value(folder: Path, cell: str):
    path = table("file,y,z", "0,0.5,1", f"1,{cell},2", "2,0.25,3")
    found = imported(path)
    assert list(found.labels) == ["z"] and "no value for nets/1.pt" in found.lacking["y"]
    assert "no label: no value for nets/1.pt" in CliRunner().invoke(main, ["zoo", "check", path]).stdout
    answer = CliRunner().invoke(main, ["floor", path, "--label", "y"])
    assert answer.exit_code == 2 and "no value for nets/1.pt" in answer.stderr and answer.stderr.count("\n") == 1
    with pytest.raises(SuiteValueError, match=r"no value for nets/1\.pt"):
        ZOO.space(ZooParameters(zoo=path, label="y"), None)
    with pytest.raises(ZooError, match=r"no value for nets/1\.pt"):
        imported(write("files: nets/*.pt\nlabels: {file: a.csv, by: file, columns: [y]}\n"))


def test_what_a_table_says_beyond_its_networks_is_told(folder: Path):
    path = table("file,y", "0,0.5", "1,n/a", "2,0.25", "9,1", "8,1")
    lines = CliRunner().invoke(main, ["zoo", "check", path]).stdout
    assert "mixes numbers and words" in lines and "a.csv names 2 for which there is no network: 9, 8" in lines
    assert "mixes numbers and words" in CliRunner().invoke(main, ["floor", path, "--label", "y"]).stderr
    for broken, words in (("0,1,2", "row 1 has 3 cells"), ("", "two columns")):
        write(f"file,y{'' if broken else ', y'}\n{broken or '0,1,2'}\n", "a.csv")
        with pytest.raises(ZooError, match=words):
            imported(path)


WHOLE: dict[str, tuple[list[object], str | None]] = {
    "the last that float64 holds": ([2**53, -(2**53), 0], None),
    "the next": ([2**53 + 1, 1, 2], "9007199254740993"),
    "the next, as text": (["1", "2", "-9007199254740993"], "-9007199254740993"),
    "a run's number": (["1", "18446744073709551557", "2"], "an integer that a float64 would round"),
    "a power of two beyond": ([2**60, 1, 2], None),
    "beyond all floats": ([10**400, 1, 2], "it has an integer of more than 40 digits"),
    "beyond all floats, as text": (["1" * 500, "1", "2"], "it has 111"),
    "never a number": (["nan", "nan", "nan"], "it has nan"),
    "never finite": (["inf", "-inf", "nan"], "it has inf"),
    "a letter in front": (["n9007199254740993", "n1", "n2"], None),
    "digits of a fraction": (["0.12345678901234567890", "1e3", "2"], None),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_label_is_the_number_that_is_written_or_none(folder: Path, name: str):
    """An integer that float64 would round is no label, said in a line; a column that is asked for is refused with it."""
    values, told = WHOLE[name]
    Path("nets").mkdir(exist_ok=True)
    for number in range(3):
        torch.save(dense(2, 4, 1, seed=number), f"nets/{number}.pt")
    Path("t.json").write_text(json.dumps([{"x": value} for value in values]))
    found = imported(write("files: nets\nlabels: {file: t.json}\n"))
    if told is None:
        column = found.labels["x"]
        if column.words is None:
            assert list(column.values) == [float(value) for value in values]
            assert [int(one) for one, value in zip(column.values, values, strict=True) if isinstance(value, int)] == [
                value for value in values if isinstance(value, int)
            ]
            kept = trained(found)["2-4-1"].metadata["x"]
            assert kept.double().tolist() == list(column.values)
        return
    assert told in found.lacking["x"] and not found.labels
    with pytest.raises(ZooError, match="labels: ") as error:
        imported(write("files: nets\nlabels: {file: t.json, columns: [x]}\n"))
    assert told in str(error.value) and "\n" not in str(error.value)
