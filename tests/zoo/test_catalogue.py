"""What is known of a zoo before torch is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from orbitcheck import mlp
from orbitcheck.harness.core.registry import UnknownName
from orbitcheck.harness.zoo.recipe import ZOOS, parse_reference


def test_catalogue_needs_neither_torch_nor_scikit_learn():
    code = "import sys, orbitcheck.harness.zoo.catalogue; print([m for m in ('torch', 'sklearn', 'numpy') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("name", list(ZOOS))
def test_every_hyper_parameter_changes_the_digest(name: str):
    zoo = ZOOS[name]
    changed = [replace(zoo, recipe={**zoo.recipe, key: "other"}) for key in zoo.recipe]
    changed += [replace(zoo, version=zoo.version + 1), replace(zoo, name="other"), replace(zoo, trainer="a:b")]
    changed += [replace(zoo, spaces={group: mlp(1, 2, 1) for group in zoo.spaces})]
    digests = {zoo.digest, *(other.digest for other in changed)}
    assert len(digests) == len(changed) + 1


@pytest.mark.parametrize(
    ("reference", "name", "group"),
    [
        ("digits-inr", "digits-inr", "2-32-32-1"),
        ("digits-inr/2-32-32-1", "digits-inr", "2-32-32-1"),
        ("digits-classifiers/64-16-16-10", "digits-classifiers", "64-16-16-10"),
    ],
)
def test_reference_names_zoo_and_group(reference: str, name: str, group: str):
    zoo, found = parse_reference(reference)
    assert (zoo.name, found) == (name, group)
    assert "-".join(map(str, zoo.spaces[found].widths)) == group


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("digits-irn", 'unknown zoo "digits-irn"; did you mean "digits-inr"?'),
        ("digits-inr/", 'zoo "digits-inr" has no group ""'),
        (
            "digits-classifiers",
            'zoo "digits-classifiers" has several groups; name one, as in "digits-classifiers/64-16-10"',
        ),
        ("digits-classifiers/64-16-11", 'has no group "64-16-11"; did you mean "64-16-10"?'),
        ("digits-classifiers/64-16-10/0", 'has no group "64-16-10/0"; did you mean'),
    ],
)
def test_wrong_reference_says_what_is_allowed(reference: str, message: str):
    with pytest.raises(UnknownName) as caught:
        parse_reference(reference)
    assert message in str(caught.value) and "\n" not in str(caught.value)
