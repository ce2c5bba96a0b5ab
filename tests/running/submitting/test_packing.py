"""A packed run names no folder of the machine that made it."""

from __future__ import annotations

import pytest

from orbitcheck.harness.running.submitting.packing import _told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ValueError in /home/me/my/net.py:12", "ValueError in net.py:12"),
        ("'/tmp/x/y.pt' is no file", "'y.pt' is no file"),
        ("orbitcheck reproduce /srv/runs/out 12ab", "orbitcheck reproduce out 12ab"),
        ("see ~/nets/a.py", "see a.py"),
        (r"C:\Users\me\net.py raised", "net.py raised"),
        ("path=/a/b", "path=b"),
        ("shallow/invariant/generic/eval", "shallow/invariant/generic/eval"),
        ("stats / law / tiny/eval", "stats / law / tiny/eval"),
        ("1/2, 3 / 4, mlp/relu", "1/2, 3 / 4, mlp/relu"),
        ("https://example.org/a/b", "https://example.org/a/b"),
    ],
)
def test_of_a_path_the_file_s_name_is_kept(text: str, told: str) -> None:
    assert _told({"reason": [text]}) == {"reason": [told]}
