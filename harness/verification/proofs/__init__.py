"""One file a kind of proof, found by the folder: which statements it checks, and how. May import weights, core and the files above.

Every file holds `CHECKS`: (part, relation, kind) -> check. A new kind of proof is a new file, here and in `core/certificates`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ...core.certificates.statement import Key
from ..exact.subject import Check

CHECKS: dict[Key, Check] = {}

for _file in sorted(Path(__file__).parent.glob("*.py")):
    if _file.stem != "__init__":
        for _key, _check in import_module(f".{_file.stem}", __name__).CHECKS.items():
            if _key in CHECKS:
                raise ValueError(f"two files check {_key}")
            CHECKS[_key] = _check
