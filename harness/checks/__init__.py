"""Check kinds, one folder each: `kind` (parameters, cases, registration), `verdict` (pure), `measurement` (torch).

Importing this folder registers every kind in it. May import plugins and all below; a kind names its measurement as text.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from .kinds import CHECK_KINDS

for file in sorted(Path(__file__).parent.glob("*/kind.py")):
    kind = import_module(f".{file.parent.name}.kind", __name__).KIND
    CHECK_KINDS.add(kind.name, kind)
