"""The environment of a worker: the caller's, with temporary and cached files in the run's folder."""

from __future__ import annotations

import os
from pathlib import Path

from ...core.cache_folder import VARIABLE, cache_folder
from .processes import TOKEN

CACHES = {
    "XDG_CACHE_HOME": "xdg",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
    "TORCH_EXTENSIONS_DIR": "extensions",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis",
    "CUDA_CACHE_PATH": "cuda",
}
"""Variables by which libraries are told where to keep what they can make again."""
OURS = frozenset({*CACHES, VARIABLE, TOKEN, "TMPDIR"})
"""Variables that are another run's in every run, so that no row depends on them."""


def variables(folder: Path, token: str) -> dict[str, str]:
    """The environment of a worker whose passing files lie in that folder."""
    home = Path.home() / ".cache"
    kept = {VARIABLE: str(cache_folder()), TOKEN: token}
    # Downloaded models stay where they are.
    for name, place in (("HF_HOME", "huggingface"), ("TORCH_HOME", "torch")):
        kept[name] = os.environ.get(name) or str(Path(os.environ.get("XDG_CACHE_HOME") or home) / place)
    shared = folder.parent / "cache"
    cached = {name: str(shared / place) for name, place in CACHES.items()}
    # Sockets in the temporary folder have paths of at most 107 bytes.
    passing = {"TMPDIR": str(folder)} if len(str(folder).encode()) < 60 else {}
    return {**os.environ, **cached, **kept, **passing}
