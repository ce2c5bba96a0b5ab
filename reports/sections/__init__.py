"""Report sections, one file each: columns declared once and a pure function `Run -> rows`, for HTML, Markdown, CSV and LaTeX.

Importing this folder registers every file in it. May import `reports/figures/`, `reports/reading/` and all below.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
    import_module(f".{file.stem}", __name__)
