"""Wherever this folder stands on PYTHONPATH, orbitcheck is compiled from its source as `WORDS` and `PLANTED` ask, in workers too.

Reworded, the letters of every sentence are turned by thirteen places, so that no word of it is left, and its place is put before it,
so that two equal sentences in two places become two. What is no sentence stays: a text without a space; docstrings; `key=value`;
members of enumerations and of `Literal`; and what another program reads (`READ_BY_PROGRAMS`).
"""

from __future__ import annotations

import ast
import codecs
import hashlib
import json
import marshal
import os
import re
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType

READ_BY_PROGRAMS = {
    "compile": "a regular expression",
    "search": "a regular expression",
    "match": "a regular expression",
    "fullmatch": "a regular expression",
    "findall": "a regular expression",
    "split": "a regular expression",
    "sub": "a regular expression",
    "execute": "SQL",
    "executescript": "SQL",
    "einsum": "indices of tensors",
}
"""Last names of the functions whose texts are no sentences, and what they are."""

NAMES = ["orbitcheck.extending"]
"""Modules whose texts are lists of names."""
CASES = ["f'rank {first} and {second}'"]
"""Names of cases that read like sentences; they are part of the ids of rows, and never change."""

WORDS = "ORBITCHECK_WORDS"
"""Environment: "reworded", or anything else for the words as they are."""
PLANTED = "ORBITCHECK_PLANTED"
"""Environment: JSON, module -> [text of its source, what stands there instead]."""

COMPILED = "ORBITCHECK_COMPILED"
"""Environment: the folder where modules are kept that were compiled before, or nothing: to reword all takes seconds, in every process."""

LETTER, SPACE, KEY = re.compile(r"[A-Za-z]"), re.compile(r"\s"), re.compile(r"\w+=")


def is_sentence(text: str) -> bool:
    """Whether people read it: letters, and a space between them and what comes before or after."""
    return bool(LETTER.search(KEY.sub("", text)) and SPACE.search(text))


def turned(text: str) -> str:
    """The text with its letters turned, but for the fields of a format."""
    return "".join(
        part if part.startswith("{") else codecs.encode(part, "rot13") for part in re.split(r"(\{[^{}\s]*\})", text)
    )


class Rewording(ast.NodeTransformer):
    """Rewords one module."""

    def __init__(self, module: str):
        self.module, self.places = module, 0

    def mark(self) -> str:
        self.places += 1
        return f"~{self.module}-{self.places}~ "

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and is_sentence(node.value):
            return ast.copy_location(ast.Constant(self.mark() + turned(node.value)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        if ast.unparse(node) in CASES:
            return node
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        if is_sentence("".join(part.value for part in node.values if isinstance(part, ast.Constant))):
            node.values = [
                ast.Constant(self.mark()),
                *(ast.Constant(turned(part.value)) if isinstance(part, ast.Constant) else part for part in node.values),
            ]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node if any(ast.unparse(base).endswith("Enum") for base in node.bases) else self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node if ast.unparse(node.value).endswith("Literal") else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return node if name in READ_BY_PROGRAMS else self.generic_visit(node)


def module_of(source: str, module: str) -> ast.Module:
    """The module, reworded."""
    return ast.fix_missing_locations(Rewording(module.rpartition(".")[2]).visit(ast.parse(source)))


def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
    if fullname.partition(".")[0] != "orbitcheck":
        return _get_code(self, fullname)
    path = self.get_filename(fullname)
    source = self.get_data(path).decode()
    for old, new in filter(None, [json.loads(os.environ.get(PLANTED, "{}")).get(fullname)]):
        assert source.count(old) == 1, f"{fullname} has {source.count(old)} times: {old}"
        source = source.replace(old, new)
    asked = os.environ.get(WORDS) == "reworded" and fullname not in NAMES
    folder, key = os.environ.get(COMPILED), repr((sys.version, fullname, path, source, asked))
    kept = os.path.join(folder, hashlib.sha256(key.encode()).hexdigest()) if folder else os.devnull
    if os.path.isfile(kept):
        with open(kept, "rb") as file:
            return marshal.load(file)
    tree = module_of(source, fullname) if asked else ast.parse(source)
    code = compile(tree, path, "exec", dont_inherit=True)
    if folder:
        passing = f"{kept}.{os.getpid()}"
        with open(passing, "wb") as file:
            marshal.dump(code, file)
        os.replace(passing, kept)
    return code


_get_code = SourceFileLoader.get_code
if WORDS in os.environ:
    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
