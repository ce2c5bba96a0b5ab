"""A suite on a population of one's own: its data with the built-in zoos replaced, before anything is checked.

Law: what a suite asks of a zoo's networks it asks of the other zoo's; what it expects of the numbers of its own zoo is left out, so that rows
of weights alone are observed. Rows that train on a label of the built-in zoo keep it: the label is no other population's.
"""

from __future__ import annotations

from typing import Any

from ..zoo.manifest import split_reference

WEIGHTS_ALONE = ("general-position", "floor")
"""Check kinds that read off weights, whose ends were counted on the suite's own zoo."""
ANYTHING = [0, 1]


class NothingToReplace(ValueError):
    """A suite that uses no zoo."""


def with_zoo(data: Any, reference: str) -> Any:
    """The suite's data on another zoo.

    Args:
        reference: a zoo, with its group if it has several: a name, or the path of a manifest.

    Raises:
        NothingToReplace: the suite uses none.
    """
    if not isinstance(data, dict):
        return data
    zoo, group = split_reference(reference)
    spaces = {
        name: {"zoo": zoo, **({"group": group} if group else {})} if _has(space, "zoo") else space
        for name, space in (data.get("spaces") or {}).items()
    }
    replaced: set[str] = set()
    checks = [_check(check, reference, replaced) for check in data.get("checks") or []]
    if spaces == (data.get("spaces") or {}) and checks == (data.get("checks") or []):
        raise NothingToReplace(f"uses no zoo that {reference} could stand for")
    kept, gone = _different(checks)
    made = {**data, "checks": kept}
    for key in ("expected_failures", "allow"):
        if key in data:
            made[key] = [each for each in data[key] if not (isinstance(each, dict) and each.get("check") in gone)]
    if spaces:
        made["spaces"] = spaces
    if "conclusions" in data:
        made["conclusions"] = [
            each
            for each in data["conclusions"]
            if not (isinstance(each, dict) and set(each.get("checks", ())) <= replaced)
        ]
    return {key: value for key, value in made.items() if value != []}


def _different(checks: list[Any]) -> tuple[list[Any], set[str]]:
    """The checks without those that came to ask the same as an earlier one, and the names of these: two zoos became one."""
    kept: list[Any] = []
    seen: list[Any] = []
    gone: set[str] = set()
    for check in checks:
        if isinstance(check, dict):
            asked = {key: value for key, value in check.items() if key not in ("id", "title")}
            if asked in seen:
                gone.add(str(check.get("id")))
                continue
            seen.append(asked)
        kept.append(check)
    return kept, gone


def _has(entry: Any, key: str) -> bool:
    return isinstance(entry, dict) and key in entry


def _check(check: Any, reference: str, replaced: set[str]) -> Any:
    """One check; `replaced` gains the name of one whose expectations are left out."""
    if not isinstance(check, dict):
        return check
    pairs, regime = check.get("pairs"), check.get("regime")
    if isinstance(pairs, dict) and "zoo" in pairs:
        return {**check, "pairs": {**pairs, "zoo": reference}}
    if check.get("kind") not in WEIGHTS_ALONE or not isinstance(regime, dict) or not _of_a_zoo(str(regime.get("name"))):
        return check
    replaced.add(str(check.get("id")))
    forms = {
        form: dict.fromkeys(expected, ANYTHING) if isinstance(expected, dict) else expected
        for form, expected in (check.get("forms") or {}).items()
    }
    kept = {key: value for key, value in check.items() if key not in ("claim", "samples", "title")}
    return {**kept, "regime": {"name": "zoo", "zoo": reference}, "forms": forms}


def _of_a_zoo(regime: str) -> bool:
    from ..zoo.recipe import ZOOS

    return regime == "zoo" or regime in ZOOS
