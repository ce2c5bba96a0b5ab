"""A dask cluster is opened: one that is there, by its address, or workers that are started on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.cleaning import one_line
from ..executors import NoExecutor
from ..workers import TRIES
from .there import BEGUN, refusal, versions

PATIENCE = 60
"""Seconds for a scheduler and its first worker to answer, and for a scheduler that is gone to come back."""
MOST = 256
"""Workers that are started here."""


@dataclass
class Opened:
    """A client of a cluster, and what was started for it here, if anything was.

    Args:
        tries: how often a task is given to the cluster that kills who carries it out. At the first death that we are told of, who did it
            is not known, since a worker has several tasks; what is there, and not started here, kills several workers a try.
    """

    client: Any = None
    started: Any = None
    tries: int = 2

    def close(self) -> None:
        if self.client is not None:
            self.client.close(timeout=PATIENCE)
        if self.started is not None:
            self.started.close(timeout=PATIENCE)


def opened(address: str, scratch: Path, begun: Callable[[Any], None]) -> Opened:
    """The cluster at that address, all of whose workers have the versions that are here.

    Args:
        address: `tcp://HOST:PORT` of a scheduler, or `local:N` for N workers that are started here.
        scratch: where these keep their files.
        begun: called with the time and the key of each task that a worker begins.

    Raises:
        NoExecutor: dask is not installed, nobody answers, or a worker has other versions, or more than one thread.
    """
    try:
        import dask.config
        import distributed
    except ImportError:
        raise NoExecutor("a cluster needs the extra `cluster`, which is dask's package distributed") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is said by its row
    found = Opened()
    try:
        kind, _, count = address.partition(":")
        if kind == "local":
            if not 1 <= int(count) <= MOST:
                raise ValueError(f"local:N starts 1 to {MOST} workers, not {count[:20]}")
            settings: Any = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None}
            settings["scheduler_kwargs"] = {"allowed_failures": 0}  # who did it is for us to find out
            found.tries = TRIES
            with dask.config.set({"distributed.worker.profile.enabled": False}):  # it would look 100 times a second
                found.started = distributed.LocalCluster(n_workers=int(count), local_directory=str(scratch), **settings)
        found.client = distributed.Client(found.started or address, timeout=PATIENCE, set_as_default=False)
        found.client.wait_for_workers(1, timeout=PATIENCE)
        if refused := refusal(versions(), found.client.run(versions), found.client.nthreads()):
            raise NoExecutor(refused)
        found.client.subscribe_topic(BEGUN, begun)
    except (OSError, TimeoutError, ValueError, RuntimeError, NoExecutor) as error:
        found.close()
        raise NoExecutor(f"cluster {address}: {one_line(str(error)) or 'nobody answers'}") from None
    return found
