"""Damaged files, and many files: is each one line, how long does an audit take, and how much memory.

    python benchmarks/acceptance/files.py damaged [--count 5000]
    python benchmarks/acceptance/files.py many [--count 1000]
    python benchmarks/acceptance/files.py bounded [--count 100000]

`damaged`: files of eight formats with bytes changed or the end cut off, by a fixed seed; each is read, or one line, and none a traceback.
`many`: networks of widths (16, 16, 16, 4), audited in five forms. `bounded`: the same in one form, a hundredth of them, a tenth and all, with
the peak of the process after each: what grows is the lines. One line of JSON; memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from orbitcheck.harness.front.audit_files import audit_files
from orbitcheck.harness.weights.readers.loading import Reading, read_each
from orbitcheck.harness.weights.readers.records import Network, Unread

FORMS = ("float", "16-bit", "bf16", "fp8", "pruned-90%")
SEED = 1


def state(seed: int, *widths: int) -> dict[str, torch.Tensor]:
    """A state dict of linear layers of these widths."""
    source = torch.Generator().manual_seed(seed)
    made = {}
    for number, (before, after) in enumerate(pairwise(widths)):
        made[f"{2 * number}.weight"] = torch.randn(after, before, generator=source)
        made[f"{2 * number}.bias"] = torch.randn(after, generator=source)
    return made


def whole(folder: Path) -> list[Path]:
    """One sound file of each format."""
    import h5py
    import msgpack
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.torch import save_file

    own = state(0, 2, 4, 1)
    torch.save(own, folder / "a.pt")
    torch.save(own, folder / "b.pth", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": own, "epoch": 3}, folder / "c.ckpt")
    np.savez(folder / "a.npz", **{name: one.numpy() for name, one in own.items()})  # type: ignore[arg-type]
    save_file(own, folder / "a.safetensors")
    with h5py.File(folder / "a.h5", "w") as file:
        for name, one in own.items():
            file[name] = one.numpy()
    packed = {
        name: msgpack.ExtType(1, msgpack.packb((tuple(one.shape), "float32", one.numpy().tobytes())))
        for name, one in own.items()
    }
    (folder / "a.msgpack").write_bytes(msgpack.packb(packed))
    node = helper.make_node
    nodes = [
        node("Gemm", ["x", "0.weight", "0.bias"], ["h"], transB=1),
        node("Relu", ["h"], ["r"]),
        node("Gemm", ["r", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, size)) for name, size in (("x", 2), ("y", 1))]
    tensors = [numpy_helper.from_array(one.numpy(), name) for name, one in own.items()]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)), str(folder / "a.onnx"))
    return sorted(folder.iterdir())


def damaged(count: int, folder: Path) -> dict[str, object]:
    """Audit of sound files with bytes changed, cut or added: how many are told in one line, read, or end in a traceback."""
    paths = whole(folder)
    sound = [path.read_bytes() for path in paths]
    rng = np.random.default_rng(SEED)
    read = told = long = 0
    begun = time.process_time()
    for number in range(count):
        source = paths[number % len(paths)]
        content = bytearray(sound[number % len(paths)])
        for _ in range(int(rng.integers(1, 8))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        cut = len(content) if number % 3 else int(rng.integers(len(content)))
        file = folder / f"x{source.suffix}"
        file.write_bytes(bytes(content[:cut]))
        found = list(read_each([str(file)], Reading()))
        assert found, (number, source.suffix)
        read += any(isinstance(one, Network) for one in found)
        lines = [one.line for one in found if isinstance(one, Unread)]
        told += bool(lines)
        long += any("\n" in line or len(line) > 2000 for line in lines)
    return {
        "files": count,
        "read": read,
        "told": told,
        "not one line": long,
        "cpu seconds": time.process_time() - begun,
    }


def many(count: int, folder: Path) -> dict[str, object]:
    """Audit of many sound files at all forms: time and memory."""
    for number in range(count):
        torch.save(state(number, 16, 16, 16, 4), folder / f"{number}.pt")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, processor = time.perf_counter(), time.process_time()
    found = audit_files([str(folder)], FORMS)
    return {
        "files": count, "lines": len(found.found), "unread": len(found.unread), "seconds": time.perf_counter() - begun,
        "cpu seconds": time.process_time() - processor, "MiB before": before // 1024,
    }  # fmt: skip


def bounded(count: int, folder: Path) -> dict[str, object]:
    """Audit of ever more files: how the peak of memory grows with their number, and what their weights would take together."""
    from safetensors.torch import save

    drawn = np.random.default_rng(SEED)
    template = bytearray(save(state(0, 16, 16, 16, 4)))
    start = 8 + int.from_bytes(template[:8], "little")
    entries = (len(template) - start) // 4
    peaks: dict[int, int] = {}
    begun, written = time.process_time(), 0
    for size in (count // 100, count // 10, count):
        own = folder / str(size)
        own.mkdir()
        for number in range(size):
            template[start:] = drawn.standard_normal(entries, dtype=np.float32).tobytes()
            (own / f"{number}.safetensors").write_bytes(template)
        written += size
        found = audit_files([str(own)], ("float",))
        assert len(found.found) == size and not found.unread
        peaks[size] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "files": count, "peak MiB by files": peaks, "weights MiB": count * entries * 8 // 2**20,
        "cpu seconds": time.process_time() - begun, "written": written,
    }  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["damaged", "many", "bounded"])
    parser.add_argument("--count", type=int, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        measure, usual = {"damaged": (damaged, 5000), "many": (many, 1000), "bounded": (bounded, 100_000)}[asked.what]
        made = measure(asked.count or usual, Path(place))
    made["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"what": asked.what, **made}) + "\n")


if __name__ == "__main__":
    main()
