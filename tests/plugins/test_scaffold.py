"""`orbitcheck new architecture`: a package that is whole, parses everywhere, and hides nothing that is there already."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement

from orbitcheck.harness.front.cli import main
from orbitcheck.harness.language.reading import load_suite
from orbitcheck.harness.plugins import scaffold
from orbitcheck.harness.plugins.scaffold import FILES

TEMPLATES = Path(__file__).parents[2] / "harness" / "plugins" / "templates" / "architecture"


def new(*arguments: object):
    return CliRunner().invoke(main, ["new", "architecture", *map(str, arguments)])


@pytest.fixture
def project(tmp_path):
    result = new("bright-net-2", "--directory", tmp_path / "made" / "here")
    assert result.exit_code == 0, result.output
    return tmp_path / "made" / "here"


def test_every_file_is_written_and_nothing_is_left_to_fill_in(project):
    written = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    names = {"$package": "bright_net_2", "$name": "bright-net-2"}
    assert written == {re.sub(r"\$\w+", lambda found: names[found[0]], target) for target in FILES}
    assert all("$" not in (project / name).read_text() for name in written)
    assert {path.name for path in TEMPLATES.iterdir()} == {f"{source}.template" for source in FILES.values()}


def test_every_file_parses_and_all_agree_on_the_names(project):
    data = tomllib.loads((project / "pyproject.toml").read_text())
    module, _, attribute = data["project"]["entry-points"]["orbitcheck.architectures"]["bright-net-2"].partition(":")
    source = ast.parse(project.joinpath("src", *module.split(".")).with_suffix(".py").read_text())
    assert attribute == "BrightNet2"
    assert attribute in {node.name for node in source.body if isinstance(node, ast.ClassDef)}
    ast.parse((project / "tests" / "test_bright_net_2.py").read_text())
    suite = load_suite(project / "suites" / "bright-net-2.yaml")
    assert sum(len(check.cases) for check in suite.checks) == 44
    tox = configparser.ConfigParser()
    tox.read(project / "tox.ini")
    job = yaml.safe_load((project / ".github" / "workflows" / "orbitcheck.yaml").read_text())["jobs"]["check"]
    commands = [tox["testenv:suite"]["commands"], *(step["run"] for step in job["steps"] if "run" in step)]
    runs = [line.split()[1:] for line in commands if line.startswith("orbitcheck run")]
    assert len(runs) == 2
    assert all(words[:4] == ["run", "suites/bright-net-2.yaml", "-a", "bright-net-2"] for words in runs)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MyNet", 'did you mean "my-net"'),
        ("my_net", 'did you mean "my-net"'),
        ("2net", 'did you mean "net"'),
        ("../net", 'did you mean "net"'),
        ("-", "cannot be a name"),
        ("my--net", 'did you mean "my-net"'),
        ("my-net\n", 'did you mean "my-net"'),
        ("naïve", "cannot be a name"),
        ("dws", "installed already"),
        ("class", "would hide"),
        ("match", "would hide"),
        ("json", "would hide"),
        ("torch", "would hide"),
        ("orbitcheck", "would hide"),
        ("scale-gmn", "installed already"),
    ],
)
def test_a_bad_or_taken_name_is_one_line_and_writes_nothing(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = new("--", name)
    assert result.exit_code == 2
    assert words in result.output
    assert len(result.output.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_with_files_in_it_or_that_cannot_be_written_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-net").mkdir()
    assert new("a-net").exit_code == 0, "an empty folder will do"
    before = (tmp_path / "a-net" / "tox.ini").read_text()
    again = new("a-net")
    assert (again.exit_code, len(again.output.splitlines())) == (2, 1)
    assert "a-net exists already" in again.output
    assert (tmp_path / "a-net" / "tox.ini").read_text() == before
    (tmp_path / "file").write_text("")
    assert "exists already" in new("b-net", "--directory", tmp_path / "file").output
    refused = new("b-net", "--directory", tmp_path / "file" / "below")
    assert (refused.exit_code, len(refused.output.splitlines())) == (2, 1)


WHEEL = "orbitcheck-0.1.0-py3-none-any.whl"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = {"vcs": "git", "requested_revision": "main", "commit_id": COMMIT}
ORIGINS = [
    ({"url": "file:///a%20b/clone", "dir_info": {"editable": True}}, "file:///a%20b/clone"),
    ({"url": "file:///home/me/clone", "dir_info": {}}, "file:///home/me/clone"),
    ({"url": f"file:///dist/{WHEEL}", "archive_info": {"hash": "sha256=00"}}, f"file:///dist/{WHEEL}"),
    ({"url": f"https://a.org/{WHEEL}", "archive_info": {}}, f"https://a.org/{WHEEL}"),
    ({"url": "https://a.org/x.git", "vcs_info": GIT}, f"git+https://a.org/x.git@{COMMIT}"),
    (
        {"url": "https://a.org/x.git", "vcs_info": GIT, "subdirectory": "sub"},
        f"git+https://a.org/x.git@{COMMIT}#subdirectory=sub",
    ),
    (None, None),
]


@pytest.mark.parametrize(("direct", "url"), ORIGINS)
def test_a_package_asks_for_the_orbitcheck_that_made_it(direct, url, tmp_path, monkeypatch):
    """`direct_url.json` as PEP 610 has it: a folder, editable or not, an archive, a repository; none if an index was asked."""

    class Installed:
        version = "0.1.0"

        @staticmethod
        def read_text(name):
            assert name == "direct_url.json"
            return None if direct is None else json.dumps(direct)

    monkeypatch.setattr(scaffold, "distribution", lambda name: Installed)
    scaffold.new_architecture("bright-net", tmp_path)
    text = (tmp_path / "pyproject.toml").read_text()
    asked = Requirement(tomllib.loads(text)["project"]["dependencies"][0])
    assert (asked.name, asked.url, str(asked.specifier)) == ("orbitcheck", url, "" if url else ">=0.1.0")
    workflow = (tmp_path / ".github" / "workflows" / "orbitcheck.yaml").read_text()
    assert ("Once it is published" in text) == (url is not None)
    steps = [step["run"] for step in yaml.safe_load(workflow)["jobs"]["check"]["steps"] if "run" in step]
    elsewhere = url is not None and url.startswith("file:")
    # No other machine can meet a requirement on a file, so a job that goes by the requirement would never be green.
    assert ('pip install -e ".[test]"' in steps) != elsewhere
    assert ("pip install wheels/orbitcheck-*.whl pytest pytest-xdist" in steps) == elsewhere
    assert (f'pip wheel --no-deps -w wheels "orbitcheck @ {url}"' in workflow) == elsewhere


def test_the_installation_at_hand_is_asked(project):
    from importlib.metadata import distribution

    direct = json.loads(distribution("orbitcheck").read_text("direct_url.json") or "{}")
    asked = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"][0]
    assert direct.get("url", ">=") in asked


def test_it_starts_without_torch(tmp_path):
    program = (
        "import sys\nfrom orbitcheck.harness.front.cli import main\n"
        "try:\n    main(['new', 'architecture', 'a-net'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "a-net" / "pyproject.toml").exists()


def test_a_run_can_be_dealt_out_to_a_matrix_of_jobs(tmp_path):
    assert new("my-net", "--directory", tmp_path / "one").exit_code == 0
    assert new("my-net", "--directory", tmp_path / "four", "--ci-shards", 4).exit_code == 0
    one, four = (
        yaml.safe_load((tmp_path / name / ".github" / "workflows" / "orbitcheck.yaml").read_text())["jobs"]
        for name in ("one", "four")
    )
    assert set(one) == {"check"} and set(four) == {"part", "check"}
    assert four["part"]["strategy"]["matrix"]["shard"] == [1, 2, 3, 4] and four["check"]["needs"] == "part"
    (asked,) = [step["run"] for step in four["part"]["steps"] if "orbitcheck run" in step.get("run", "")]
    assert "suites/my-net.yaml -a my-net --shard ${{ matrix.shard }}/4 -o part-${{ matrix.shard }}" in asked
    merged = [step["run"] for step in four["check"]["steps"] if "run" in step]
    assert merged[-1] == "orbitcheck merge part-* -o out" and merged[0] in {
        step.get("run") for step in four["part"]["steps"]
    }
    assert [step.get("run") for step in one["check"]["steps"]][-2:] == [
        "orbitcheck run suites/my-net.yaml -a my-net -o out",
        None,
    ]
