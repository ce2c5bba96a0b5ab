"""Networks in files beside a table of labels, without a manifest: what `orbitcheck floor` asks of a user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..weights.readers.loading import Reading
from ..weights.readers.records import CERTAIN, Network, Unread, rests_on
from ..zoo.entries import ZooError
from ..zoo.imported import networks_at
from ..zoo.labels import read_labels
from ..zoo.manifest import Labels

if TYPE_CHECKING:
    from ..weights.batch import Weights


@dataclass(frozen=True)
class LabelledFiles:
    """Networks, the label of each, and what was not read.

    Args:
        weights: one network each.
        labels: a number or a word for each network.
        names: of the networks: their files, and their entries there.
        unread: one line a file that gave no network.
        notes: what was assumed of the networks, and what is to be said of the labels and their table, in lines.
    """

    weights: tuple[Weights, ...]
    labels: tuple[Any, ...]
    names: tuple[str, ...]
    unread: tuple[str, ...]
    notes: tuple[str, ...] = ()


def labelled_files(
    paths: Sequence[str], table: Path, label: str, by: str | None = None, reading: Reading | None = None
) -> LabelledFiles:
    """The networks that paths lead to, each with its own row's label.

    Args:
        paths: files, folders or patterns, as `orbitcheck audit` takes them.
        table: `.csv`, `.json` or `.jsonl`.
        by: the column that names a row's network: its path, its file's name, or that without suffix; None: row i is of network i.
        reading: what the files do not say.

    Raises:
        ValueError: no network, or a table without the column, or without just one row for each network.
        SpaceError: an activation that is none.
    """
    found = list(networks_at(paths, reading))
    networks = [each for each in found if isinstance(each, Network)]
    unread = tuple(each.line for each in found if isinstance(each, Unread))
    if not networks:
        raise ValueError(unread[0] if unread else "no file is there")
    names = tuple(network.name for network in networks)
    counted = Counter(line for network in networks for line in network.assumed)
    assumed = rests_on(counted, sum(network.proof not in CERTAIN for network in networks))
    try:
        read = read_labels(table.parent, names, Labels(file=table.name, by=by, columns=[label]))
    except ZooError as error:
        raise ValueError(str(error)) from None
    column = read.columns[label]
    words = column.words
    labels = tuple(words[int(value)] for value in column.values) if words else column.values
    return LabelledFiles(
        tuple(network.weights() for network in networks), labels, names, unread, (*assumed, *read.notes)
    )
