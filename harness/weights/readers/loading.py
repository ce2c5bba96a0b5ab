"""Paths -> networks: each file by the reader of its format, each network in its weight space, and one line for each that is not read.

Law: what is read is the very network of the file, or nothing; order and wiring come from a graph, a manifest, an order that was given or one
chain of numbered layers, and what was taken to be so is said.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ...core.cleaning import one_line
from ...core.registry import did_you_mean, nearest
from ..activations import allowed, canonical, unknown
from ..space import SpaceError, WeightSpace
from . import hdf5_files, msgpack_files, names, numpy_files, onnx_files, safetensors_files, torch_files
from .adapters import is_adapter, wired_adapter
from .chain import Orientation, chained, demand_orientation, demand_ranks
from .records import Cause, Loaded, Network, Proof, ReadError, State, Unread
from .sources import HDF5, INDEX, SUFFIXES, TORCH, TORCH_INDEX, files_of, natural, suffix_of
from .values import Stored, Tensors, under, values
from .wiring import Wired, space_like

DAMAGED = "is damaged, or holds more than plain tensors"
SEVERAL = "what lies beside each other in one file, in a stack, a list or groups of the same shapes, is a network each"
MOST_BESIDE = 1000
"""Files of a folder among which the nearest name is looked for."""
POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Described:
    """A space without sizes: tensor -> entry and axes, and the permuted axes.

    An axis `head*key` holds two, the later changing faster; `sizes` are those that shapes do not say.
    """

    tensors: dict[str, tuple[str, tuple[str, ...]]]
    permuted: tuple[str, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What the user says of files that do not say it themselves.

    Args:
        activation: of the networks, where the file names none; "relu" is assumed if it is left out.
        order: names of the layers, first to last.
        orientation: of all weights, where shapes and names leave two.
        key: under which a file holds the network.
        layout: the table of an `.npy` file.
        wired: the networks' space and where its tensors lie, as a module gives it (`tracing`).
        described: the same, written out; sizes come with the file.
        any_suffix: files of another suffix are what torch saved.
        ignore: names of entries that are no weights of the network, or patterns of them.
    """

    activation: str | None = None
    order: tuple[str, ...] | None = None
    orientation: Orientation | None = None
    key: str | None = None
    layout: Path | None = None
    wired: Wired | None = None
    described: Described | None = None
    any_suffix: bool = False
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        demand_orientation(self.orientation)


def load(paths: Iterable[str | Path] | str | Path, reading: Reading | None = None) -> Loaded:
    """The networks of files, folders and patterns, and a record of each file that gave none.

    Args:
        paths: one path, or several.
        reading: what the files themselves do not say.

    Raises:
        SpaceError: an activation that is none.
    """
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    found = list(read_each([str(path) for path in listed], reading))
    return Loaded(
        tuple(one for one in found if isinstance(one, Network)), tuple(one for one in found if isinstance(one, Unread))
    )


def read_each(paths: Iterable[str], reading: Reading | None = None) -> Iterator[Network | Unread]:
    """As `load`, one after the other, so that no more than one file is in memory.

    Raises:
        SpaceError: an activation that is none.
    """
    reading = reading or Reading()
    if reading.activation is not None:
        named = canonical(reading.activation)
        if named is None:
            raise SpaceError(unknown(reading.activation))
        reading = replace(reading, activation=named)
    for file in files_of(paths):
        yield from read_file(file, reading)


def read_file(file: str, reading: Reading) -> Iterator[Network | Unread]:
    """The networks of one file."""
    try:
        if suffix_of(file) == ".onnx" and Path(file).is_file():
            yield _in_graph(file)
            return
        stored = stored_in(file, reading)
    except ReadError as error:
        yield Unread(file, error.cause, one_line(f"{file}: {error}"), error.candidates)
        return
    if stored.activation and reading.activation is None:
        reading = replace(reading, activation=stored.activation)
    for entry, tensors in stored.networks.items():
        where = f"{file}[{entry}]" if entry else file
        try:
            # what lies beside the key needs no ignoring, and may have been named before the key was
            passed = stored.ignored if reading.key is None else {*stored.ignored, *reading.ignore}
            state, said = values(tensors, reading.ignore, passed)
            made = network(file, entry, state, reading)
            yield replace(made, assumed=(*stored.said, *said, *made.assumed))
        except ReadError as error:
            yield Unread(file, error.cause, one_line(f"{where}: {error}"), error.candidates)


def stored_in(file: str, reading: Reading) -> Stored:
    """The tensors as stored, of each network of a file.

    Raises:
        ReadError: no such file, another suffix, a damaged file, or one that holds no network.
    """
    path, suffix = Path(file), suffix_of(file)
    try:
        if not file:
            raise ReadError(Cause.MISSING, "an empty path; give a file, a folder, a pattern or a manifest")
        if path.is_dir():
            raise ReadError(
                Cause.MISSING,
                f"a folder without a file of a suffix that is read: {', '.join(SUFFIXES)}; a manifest reads others",
            )
        if suffix is None and reading.any_suffix:
            suffix = TORCH[0]
        if not path.is_file():
            raise ReadError(Cause.MISSING, _absent(path))
        if suffix is None:
            raise ReadError(
                Cause.SUFFIX,
                f'suffix "{path.suffix}"; allowed: {", ".join(SUFFIXES)}; save model.state_dict() as .pt, or name it in a manifest, which takes what torch.save wrote under any suffix',
            )
    except ReadError:
        raise
    except (OSError, ValueError) as error:  # a name that no file can have
        raise ReadError(Cause.MISSING, f"cannot be read ({getattr(error, 'strerror', error)})") from None
    try:
        stored = _read(path, suffix, reading)
    except ReadError:
        raise
    except ImportError as error:
        raise ReadError(Cause.PACKAGE, _package(error.name)) from None
    except Exception as error:  # formats have errors of their own, some of which advise to run the file's code
        raise ReadError(Cause.DAMAGED, _damaged(path, error)) from None
    if not any(stored.networks.values()):
        raise ReadError(Cause.CONTENT, "holds no state dict of tensors (it is empty); save model.state_dict()")
    networks = {
        inner: one for entry, tensors in stored.networks.items() for inner, one in unstacked(entry, tensors).items()
    }
    said = reading.wired or reading.described
    if stored.problem and reading.order is None and not said:
        raise ReadError(
            Cause.AMBIGUOUS,
            f"is no chain of layers, by its own description: {stored.problem}; give a graph (ONNX) or a manifest, or --order if it is one all the same",
        )
    if stored.mixed and reading.activation is None and not said:
        raise ReadError(
            Cause.AMBIGUOUS,
            f"says that {stored.mixed} stands between its layers, and a space has one activation of these: {allowed()}; say it with --activation",
        )
    if len(networks) < 2:
        return replace(stored, networks=networks)
    if not said and names.are_parts(networks):
        listed = [name for name in networks if name]
        raise ReadError(
            Cause.AMBIGUOUS,
            f"holds {', '.join(listed[:3])}{' and more' * (len(listed) > 3)}, by their names parts of one network; --key {listed[0]} takes one if it is "
            "a network of its own, a manifest says how they are wired",
            tuple(listed),
        )
    return replace(stored, networks=networks, said=(*stored.said, SEVERAL))


EXTRAS = {"onnx": "onnx", "h5py": "hdf5", "msgpack": "msgpack"}
"""Package -> the extra that installs it."""


def _package(name: str | None) -> str:
    extra = EXTRAS.get(name or "")
    return f"needs a package that is not installed ({name}){f'; the extra {extra} of orbitcheck brings it' if extra else ''}"


def _absent(path: Path) -> str:
    """That nothing is there, with the nearest that is."""
    if glob.has_magic(str(path)):
        return "no file or folder fits this pattern"
    beside = [one.name for one in islice(path.parent.iterdir(), MOST_BESIDE)] if path.parent.is_dir() else []
    near = nearest(path.name, beside)
    return f"no such file or folder{f'; did you mean {str(path.parent / near)!r}?' if near else ''}"


def _damaged(path: Path, error: Exception) -> str:
    """What is wrong with a file that its reader cannot make sense of."""
    with path.open("rb") as stream:
        start = stream.read(len(POINTER))
    if not start:
        return "is empty"
    if start == POINTER:
        return "is a pointer of Git LFS, not the file itself; git lfs pull brings it"
    return f"{DAMAGED} ({type(error).__name__}); save model.state_dict()"


def _read(path: Path, suffix: str, reading: Reading) -> Stored:
    if suffix in TORCH:
        return torch_files.read(path, reading.key, reading.ignore)
    if suffix in HDF5:
        return hdf5_files.read(path, reading.key)
    if suffix in (INDEX, TORCH_INDEX):
        stored = safetensors_files.read_index(path)
    elif suffix == ".msgpack":
        stored = msgpack_files.read(path)
    elif suffix == ".npz":
        stored = numpy_files.read_npz(path)
    elif suffix == ".npy":
        stored = numpy_files.read_npy(path, reading.layout)
    else:
        stored = safetensors_files.read(path)
        stored = {entry: dict(sorted(one.items(), key=lambda item: natural(item[0]))) for entry, one in stored.items()}
    if reading.key in stored:  # one of several networks
        return Stored({"": stored[reading.key]})
    return Stored({entry: under(tensors, reading.key) for entry, tensors in stored.items()})


def _in_graph(file: str) -> Network:
    """The network of an ONNX file, by its graph.

    Raises:
        ReadError: as `onnx_files.read`, or a file that is damaged.
    """
    try:
        wired, state = onnx_files.read(Path(file))
    except ReadError:
        raise
    except ImportError as error:
        raise ReadError(Cause.PACKAGE, _package(error.name)) from None
    except Exception as error:  # protobuf's and the graph's own
        raise ReadError(
            Cause.DAMAGED, f"is damaged, or no graph that can be read ({type(error).__name__}); export it anew"
        ) from None
    return Network(file, "", wired.space, wired.arrays(state), Proof.GRAPH, wired.assumed)


def unstacked(entry: str, tensors: Tensors) -> dict[str, Tensors]:
    """The networks of one that is a stack of them: every tensor with one more axis in front, biases of rank two among them."""
    biases = [
        one
        for name, one in tensors.items()
        if name.rpartition(".")[2].rpartition("/")[2] in names.BIASES or _is_bias(name)
    ]
    counts = {tuple(one.shape[:1]) for one in tensors.values()}
    if (
        not biases
        or len(counts) != 1
        or any(bias.ndim != 2 for bias in biases)
        or any(one.ndim < 2 for one in tensors.values())
    ):
        return {entry: tensors}
    if all(one.ndim == 2 for one in tensors.values()):
        return {entry: tensors}
    ((count,),) = counts
    return {
        (f"{entry}.{number}" if entry else str(number)): {name: one[number] for name, one in tensors.items()}
        for number in range(count)
    }


def _is_bias(name: str) -> bool:
    return any(name.rstrip("0123456789").rstrip("._").endswith(word) and name[-1:].isdigit() for word in names.BIASES)


def network(file: str, entry: str, state: State, reading: Reading) -> Network:
    """The network of one state dict, by the order given or by the numbers of its layers.

    Raises:
        ReadError: what leaves two ways of wiring, or none.
    """
    if reading.wired is not None:
        return _as_wired(file, entry, state, reading.wired)
    if reading.described is not None:
        return _as_described(file, entry, state, reading.described, reading.activation)
    if reading.order is None and is_adapter(state):
        adapter = wired_adapter(state)
        return Network(file, entry, adapter.space, adapter.arrays(state), Proof.NAMES, adapter.assumed)
    layers = names.layers_in(state)
    demand_ranks(layers, state)
    if reading.order is not None:
        ordered, proof = names.given(layers, reading.order), Proof.GIVEN
    else:
        ordered, proof = names.numbered(layers, state), Proof.NUMBERS
    made = chained(ordered, state, reading.activation or "relu", reading.orientation)
    assumed = list(made.assumed)
    if proof is Proof.NUMBERS:
        assumed.insert(0, "layers are one chain in the order of their numbers, without skips")
    if reading.activation is None:
        assumed.append("activation relu (the file names none)")
    arrays = {name: np.ascontiguousarray(made.arrays[name]) for name in made.space.axes}
    return Network(file, entry, made.space, arrays, proof, tuple(assumed))


def _as_wired(file: str, entry: str, state: State, wired: Wired) -> Network:
    """The network of a state dict whose module is at hand.

    Raises:
        ReadError: an entry that the module lacks, or the other way round.
    """
    heads = {name.partition(".")[0] for name in state}
    if len(heads) == 1 and all(name.partition(".")[2] in wired.entries for name in state):  # of what held the module
        state = {name.partition(".")[2]: array for name, array in state.items()}
    strange = next((name for name in state if name not in wired.entries), None)
    if strange is not None:
        stem = strange.partition(".")[0]
        raise ReadError(
            Cause.SHAPES,
            f"has {strange}, which the module has not{did_you_mean(strange, wired.entries, 4)}; leave it out with --ignore '{stem}*' if it is "
            f"no part of the module, or say with --key where the module's own state dict lies",
        )
    return Network(file, entry, wired.space, wired.arrays(state), Proof.MODULE, wired.assumed)


def _as_described(file: str, entry: str, state: State, described: Described, activation: str | None) -> Network:
    """The network of a state dict whose tensors and axes are written out.

    Raises:
        ReadError: an entry that is not there or is not named, of another rank, or an axis of two sizes.
    """
    sizes: dict[str, int] = {}
    arrays: dict[str, np.ndarray] = {}
    wired: list[tuple[str, tuple[str, ...]]] = []
    for name, (stored, axes) in described.tensors.items():
        if stored not in state:
            raise ReadError(
                Cause.SHAPES, f"has no {stored}, which the manifest names for {name}{did_you_mean(stored, state, 8)}"
            )
        array = state[stored]
        if array.ndim != len(axes):
            raise ReadError(
                Cause.SHAPES,
                f"{stored} has the shape {array.shape}; the manifest names {len(axes)} of its axes: {', '.join(axes)}",
            )
        parted, shape = _parted(stored, axes, array.shape, described.sizes)
        for axis, size in zip(parted, shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise ReadError(
                    Cause.SHAPES,
                    f"{stored}: axis {axis} has {size} indices here and {sizes[axis]} elsewhere; axes that are not one need two names",
                )
        wired.append((name, parted))
        arrays[name] = array.reshape(shape)
    unnamed = next((name for name in state if name not in {stored for stored, _ in described.tensors.values()}), None)
    if unnamed is not None:
        raise ReadError(
            Cause.SHAPES,
            f"has {unnamed}, which the manifest does not name; name it under tensors, or under ignore if it is no weight of the network",
        )
    try:
        space = WeightSpace(tuple(wired), tuple(sizes.items()), described.permuted, activation or "relu")
    except SpaceError as error:
        raise ReadError(Cause.SHAPES, str(error)) from None
    assumed = () if activation else ("activation relu (the manifest names none)",)
    usual = space_like(space)
    if usual is not None and not usual.is_mlp:
        usual = None  # axes do not say where activations, strides and pooling stand
    if usual is not None:
        arrays = dict(zip(usual.axes, arrays.values(), strict=True))
        assumed = (
            *assumed,
            "the layers of the manifest's tensors are one chain, with the activation on each hidden axis",
        )
    return Network(file, entry, usual or space, arrays, Proof.MANIFEST, assumed)


def _parted(
    stored: str, axes: tuple[str, ...], shape: tuple[int, ...], sizes: Mapping[str, int]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Axes and shape with every axis `head*key` as the two that it holds.

    Raises:
        ReadError: two of whose sizes are not known, or sizes that do not divide the axis.
    """
    names: list[str] = []
    counts: list[int] = []
    for axis, size in zip(axes, shape, strict=True):
        parts = axis.split("*")
        open_parts = [part for part in parts if part not in sizes]
        known = int(np.prod([sizes[part] for part in parts if part in sizes], dtype=np.int64))
        if len(open_parts) > 1:
            raise ReadError(Cause.SHAPES, f"{stored}: of {axis} say how many indices {open_parts[0]} has, under sizes")
        if size % known or (not open_parts and size != known):
            raise ReadError(
                Cause.SHAPES, f"{stored}: {axis} has {size} indices, and sizes say {known}; sizes must divide it"
            )
        names += parts
        counts += [sizes.get(part, size // known) for part in parts]
    return tuple(names), tuple(counts)
