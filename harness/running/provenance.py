"""What rows were made by, and where: versions, device, the plug-in's source; nothing here changes a verdict."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..core.result import digest

VERSION = version("orbitcheck")
LIBRARIES = ("torch", "numpy", "scipy", "canonaut", "scikit-learn")


def provenance(device: str, description: Mapping[str, Any]) -> str:
    """SHA-256 of what a row depends on beside its cell, given its architecture's description."""
    return digest([VERSION, _versions(), device, description.get("source_sha256")])


def environment(device: str, jobs: int, time_limit: float | None) -> dict[str, Any]:
    """Where and with what a run is made, as plain JSON."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        **_versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "jobs": jobs,
        "threads": 1,
        "device": device,
        "time_limit": time_limit,
        "seeds": "SHA-256 of each row's own content",
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
