"""Versions always, a revision only of what git keeps."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.tracking.environment import environment_tags, git_revision, renewed_tags

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path):
    """A folder that git keeps, and one that lies beside its files."""
    for name in ("kept", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("content")
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "kept"), (*person, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@needs_git
def test_the_commit_of_a_kept_folder_is_found(checkout):
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert git_revision(checkout / "kept") == (head.stdout.strip(), False)
    (checkout / "kept" / "file").write_text("changed")
    assert git_revision(checkout / "kept") == (head.stdout.strip(), True)


@needs_git
def test_a_folder_that_merely_lies_in_a_checkout_has_no_revision(checkout):
    assert git_revision(checkout / "other") is None


def test_nothing_is_found_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_revision(tmp_path) is None


def test_versions_are_told(tmp_path):
    tags = environment_tags(tmp_path, tmp_path)
    wanted = {"python", "torch", "monai", "pytorch-ignite", "taskgan-ext", "mlflow"}
    assert {f"version.{name}" for name in wanted} <= tags.keys()
    assert "git.commit" not in tags


@needs_git
def test_a_change_of_the_bundle_is_a_change(checkout):
    (checkout / "bundle").mkdir()
    (checkout / "bundle" / "train.json").write_text("{}")
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("add", "bundle"), (*person, "commit", "-q", "-m", "second")):
        subprocess.run(["git", *words], cwd=checkout, check=True, capture_output=True)
    before = environment_tags(checkout / "kept", checkout / "bundle")
    assert before["git.modified"] == "no"
    (checkout / "bundle" / "train.json").write_text('{"epochs": 1}')
    assert environment_tags(checkout / "kept", checkout / "bundle") == before | {"git.modified": "yes"}


@needs_git
def test_a_bundle_of_another_repository_has_its_own_commit(checkout, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "file").write_text("other")
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), (*person, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=other, check=True, capture_output=True)
    tags = environment_tags(checkout / "kept", other)
    assert tags["git.commit"] == git_revision(checkout / "kept")[0]
    assert tags["bundle.git.commit"] == git_revision(other)[0]
    assert tags["bundle.git.modified"] == "no"


VALUES = st.dictionaries(
    st.sampled_from(["git.commit", "processes", "device", "version.torch"]), st.sampled_from(["a", "b"])
)


@given(VALUES, VALUES, VALUES)
def test_no_environment_of_a_run_is_forgotten(first, second, third):
    """Setting and removing is what the store does; sessions before stay readable."""
    tags = dict(first) | {"kind": "training"}
    for now in (second, third):
        changed, removed = renewed_tags(tags, now)
        tags = {name: value for name, value in (tags | changed).items() if name not in removed}
    assert {name: value for name, value in tags.items() if not name.startswith("session")} == third | {
        "kind": "training"
    }
    assert tags["sessions"] == "3"
    for name in first:
        later = [tags.get(f"session.{number}.{name}") for number in (1, 2)] + [tags.get(name)]
        assert next(value for value in later if value is not None) == first[name]
