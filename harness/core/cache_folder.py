"""Where orbitcheck keeps what it can make again: trained zoos, and what was read off the sources of plug-ins."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "ORBITCHECK_CACHE"


def cache_folder() -> Path:
    """`$ORBITCHECK_CACHE`, or the user's cache directory; it need not exist."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs  # not needed where the variable is set

    return platformdirs.user_cache_path("orbitcheck", appauthor=False)
