"""Auditing networks on disk: state dicts of MLPs -> whether each is in general position, and how it relates to others of its shape."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..oracles.audit import audit, formed
from ..weights.batch import Weights, exact_tensor
from ..weights.exact import exact
from ..weights.space import SpaceError, WeightSpace

SUFFIXES = (".safetensors", ".pt", ".pth", ".npz")
UNPACKED, TIMES = 1 << 27, 16
"""Bytes in float64 that a file may unpack to whatever its size; beyond these at most `TIMES` its size."""
LISTED = 8
"""Groups of tied neurons that one line names."""


class AuditError(ValueError):
    """A file that holds no state dict of an MLP; the message says which and why, in one line."""


@dataclass(frozen=True)
class FileAudit:
    """One network: one line of `orbitcheck audit`.

    Args:
        file: as given.
        widths: input to output.
        general_position, discrete, one_orbit: as `oracles.audit.Audit`; the last within the files of these widths.
        rounds: of refinement until the net is discrete, None if it never is.
        ties: hidden layer (from 1) -> groups of neurons (from 0) with one bias.
    """

    file: str
    widths: tuple[int, ...]
    general_position: bool
    discrete: bool
    one_orbit: bool
    rounds: int | None
    ties: dict[int, list[list[int]]]

    @property
    def where(self) -> str:
        """The ties in one line, as in `b1: 0=3, 4=7=9`."""
        listed = [(layer, "=".join(map(str, group))) for layer, groups in self.ties.items() for group in groups]
        parts = [
            f"b{layer}: " + ", ".join(group for own, group in listed[:LISTED] if own == layer)
            for layer in dict.fromkeys(layer for layer, _ in listed[:LISTED])
        ]
        more = [f"and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
        return "; ".join(parts + more)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "widths": list(self.widths), "ties": {f"b{layer}": g for layer, g in self.ties.items()}}


def audit_files(files: Sequence[str], form: str) -> tuple[list[FileAudit], list[str]]:
    """The audits of the files that can be read, in the order given, and a line for each of the others.

    Args:
        form: as `oracles.audit.formed`.
    """
    read: dict[str, tuple[WeightSpace, dict[str, np.ndarray]]] = {}
    errors = []
    for file in dict.fromkeys(files):
        try:
            weights = read_network(file)
            read[file] = weights.space, weights.arrays()
        except AuditError as error:
            errors.append(str(error))
    by_file: dict[str, FileAudit] = {}
    for space in dict.fromkeys(space for space, _ in read.values()):
        own = {file: arrays for file, (other, arrays) in read.items() if other == space}
        stack = {name: np.stack([arrays[name] for arrays in own.values()]) for name in space.axes}
        stack = formed(stack, form)
        found = audit(space, stack)
        for net, file in enumerate(own):
            ties = {layer: _groups(stack[f"b{layer}"][net]) for layer in range(1, len(space.widths) - 1)}
            by_file[file] = FileAudit(
                file=file,
                widths=space.widths,
                general_position=bool(found.general_position[net]),
                discrete=bool(found.discrete[net]),
                one_orbit=bool(found.one_orbit[net]),
                rounds=int(found.rounds[net]) if found.discrete[net] else None,
                ties={layer: groups for layer, groups in ties.items() if groups},
            )
    return [by_file[file] for file in read], errors


def read_network(file: str) -> Weights:
    """The MLP of a state dict in a `.safetensors`, `.pt`, `.pth` or `.npz` file; one network, every entry as float64.

    Layers come in the order of the file; a safetensors file has none, there the numbers in names count. Pickles are read without
    running code. A `.pt` may hold the state dict under the key "state_dict".

    Raises:
        AuditError: no such file, another suffix, a file that is damaged, or entries that are not those of an MLP or that float64 would round.
    """
    path = Path(file)
    if path.suffix not in SUFFIXES:
        raise AuditError(f'{file}: suffix "{path.suffix}"; allowed: {", ".join(SUFFIXES)}')
    try:
        if not path.is_file():
            raise AuditError(f"{file}: no such file")
    except OSError as error:  # a name that no file can have
        raise AuditError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        _check_unpacked(path, _unpacked(path))
        state = _state(path)
    except AuditError:
        raise
    except SpaceError as error:
        raise AuditError(f"{file}: {error}") from None
    except Exception as error:  # three formats, each with its own errors, some of which advise to run the file's code
        raise AuditError(
            f"{file}: is damaged, or holds more than plain tensors ({type(error).__name__}); save model.state_dict()"
        ) from error
    if not isinstance(state, Mapping):
        raise AuditError(f"{file}: holds {type(state).__name__}, not a state dict; save model.state_dict()")
    strangers = [
        str(key) for key, value in state.items() if not isinstance(key, str) or not isinstance(value, torch.Tensor)
    ]
    if strangers or not state:
        raise AuditError(f"{file}: holds no state dict of tensors ({', '.join(strangers[:3]) or 'it is empty'})")
    _check_unpacked(path, sum(8 * value.numel() for value in state.values()))
    try:
        # The activation plays no part in an audit; a space just has one.
        state = {key: exact_tensor(value, key) for key, value in state.items()}
        weights = Weights.from_state_dict(state, activation="relu")
        infinite = [key for key, value in state.items() if not bool(torch.isfinite(value).all())]
    except SpaceError as error:
        raise AuditError(f"{file}: {error}") from None
    if infinite:
        raise AuditError(f"{file}: {infinite[0]} holds numbers that are NaN or infinite")
    return weights


def _unpacked(path: Path) -> int:
    """Bytes that the entries of an archive say they hold; 0 where the file is none."""
    if path.suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _check_unpacked(path: Path, unpacked: int) -> None:
    """Refuse what would take the memory of a network many times the size of its file, before any of it is taken."""
    size = path.stat().st_size
    if unpacked > max(UNPACKED, TIMES * size):
        raise AuditError(
            f"{path}: {size} bytes that unpack to {unpacked}; allowed: {UNPACKED}, or {TIMES} times the file's size"
        )


def _state(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return dict(sorted(load_file(path).items(), key=lambda item: _natural(item[0])))
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as stored:
            return {key: torch.from_numpy(exact(stored[key], key)) for key in stored.files}
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    return loaded


def _natural(name: str) -> list[tuple[int, str]]:
    """`layers.10.bias` after `layers.2.bias`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _groups(biases: np.ndarray) -> list[list[int]]:
    """Neurons that share a bias, group by group."""
    _, codes, counts = np.unique(biases, return_inverse=True, return_counts=True)
    groups = [np.flatnonzero(codes == code).tolist() for code in np.flatnonzero(counts > 1)]
    return sorted(groups)
