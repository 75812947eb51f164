"""Versions that several files state must be the same ones."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import taskgan_ext

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = [item for group in PROJECT["dependency-groups"].values() for item in group if isinstance(item, str)]
EXTRAS = [item for extra in PROJECT["project"]["optional-dependencies"].values() for item in extra]
WANTED = [Requirement(text) for text in [*PROJECT["project"]["dependencies"], *EXTRAS, *GROUPS]]
DIRECT = [wanted for wanted in WANTED if wanted.name != "taskgan-ext"]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("wanted", DIRECT, ids=lambda requirement: requirement.name)
def test_every_direct_dependency_is_pinned_within_its_bounds(wanted: Requirement) -> None:
    found = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert found, f"constraints.txt has no {wanted.name}"
    for pin in found:
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert wanted.specifier.contains(specifier.version)


def test_pins_are_plain_versions_in_order() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert names == sorted(set(names))
    assert not {"pip", "setuptools", "taskgan-ext"} & set(names)
    assert not [str(pin) for pin in PINS if "+" in str(pin.specifier)]


def test_supported_pythons_are_the_same_everywhere() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r'"(3\.\d+)"', workflow) == classifiers
    first, last = classifiers[0], classifiers[-1]
    assert PROJECT["project"]["requires-python"] == f">={first},<3.{int(last[2:]) + 1}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"(3, {first[2:]}) <= v <= (3, {last[2:]})" in makefile
    for name in ("Makefile", "README.md"):
        assert f"Python {first} to {last}" in (ROOT / name).read_text(encoding="utf-8")


def test_one_version_of_the_project() -> None:
    version = taskgan_ext.__version__
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for path in (ROOT / "bundles").glob("*/configs/metadata.json"):
        metadata = json.loads(path.read_text(encoding="utf-8"))
        assert metadata["required_packages_version"]["taskgan-ext"] == version
        assert metadata["version"] in metadata["changelog"]


def test_the_makefile_and_ci_give_the_same_commands() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[-2:] == ["make lint", "exec make test"]
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
