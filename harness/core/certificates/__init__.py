"""Types of exact statements about weight vectors: a file a proof kind, found by their folder. Imports nothing of orbitcheck.

Oracles write them, `verification` checks them with one file a proof kind, too, and the border reads `results.json` by them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

for _file in sorted(Path(__file__).parent.glob("*.py")):
    if _file.stem not in ("__init__", "certificate"):
        import_module(f".{_file.stem}", __name__)

from .certificate import Certificate, SpaceRecord, VectorRecord  # noqa: E402  its type is made of all statements
from .statement import STATEMENTS, Part, Statement, key_of  # noqa: E402

__all__ = ["STATEMENTS", "Certificate", "Part", "SpaceRecord", "Statement", "VectorRecord", "key_of"]
