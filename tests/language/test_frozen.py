"""A frozen version of a suite asks what it asked; older versions stay runnable by their number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orbitcheck.harness.core.result import plain
from orbitcheck.harness.language import shipped
from orbitcheck.harness.language.reading import SuiteError, load_suite
from orbitcheck.harness.language.shipped import (
    asked,
    frozen,
    not_as_frozen,
    shipped_suites,
    shipped_versions,
    version_of,
)


@pytest.mark.parametrize("version", frozen())
def test_a_frozen_version_asks_what_it_asked(version: str) -> None:
    assert version in shipped_versions(), f"keep the file of {version} as suites/older/{version}.yaml"
    suite = plain(load_suite(version).to_json())
    assert version_of(suite) == version
    name, number = version.split("@")
    remedy = f"{version} is frozen: keep its file as suites/older/{version}.yaml, and give the new one version {int(number) + 1}"
    assert asked(suite) == frozen()[version], remedy
    assert name in shipped_suites()


def test_words_and_whom_it_is_asked_of_by_default_are_not_what_is_asked() -> None:
    suite = plain(load_suite("quick").to_json())
    before = asked(suite)
    checks = [{**check, "title": "other words", "architectures": ["my-net"]} for check in suite["checks"]]
    assert asked({**suite, "title": "other", "architectures": ["my-net"], "checks": checks}) == before
    assert asked({**suite, "version": 2}) != before
    assert asked({**suite, "allow": []}) != before
    first, *rest = suite["checks"]
    assert asked({**suite, "checks": rest}) != before
    assert asked({**suite, "checks": [{**first, "parameters": {**first["parameters"], "seed": 1}}, *rest]}) != before


def test_an_older_version_stays_runnable_beside_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shipped_suites()["completeness"].read_text(encoding="utf-8")
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "completeness@1.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "completeness.yaml").write_text(text.replace("version: 1", "version: 2"), encoding="utf-8")
    monkeypatch.setattr(shipped, "_folder", lambda: tmp_path)
    for cached in (shipped_suites, shipped_versions):
        cached.cache_clear()
    try:
        assert list(shipped_versions()) == ["completeness@1", "completeness@2"]
        versions = [load_suite(name).version for name in ("completeness", "completeness@1", "completeness@2")]
        assert versions == [2, 1, 2]
        with pytest.raises(SuiteError, match="unknown suite"):
            load_suite("completeness@3")
    finally:
        shutil.rmtree(tmp_path)
        for cached in (shipped_suites, shipped_versions):
            cached.cache_clear()


@pytest.mark.parametrize("key", ["checks", "expected_failures", "allow"])
def test_what_bears_the_name_of_a_frozen_suite_and_asks_something_else_is_told(key: str) -> None:
    suite = plain(load_suite("quick@1").to_json())
    assert not_as_frozen([suite]) == []
    less = {**suite, key: suite[key][1:]}
    assert [line.split(":")[0] for line in not_as_frozen([suite, less])] == ["quick@1"]
    assert not_as_frozen([{**less, "version": 99}]) == []
