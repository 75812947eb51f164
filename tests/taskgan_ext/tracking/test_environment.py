"""Versions always, a revision only of what git keeps."""

import shutil
import subprocess

import pytest

from taskgan_ext.tracking.environment import environment_tags, git_revision

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
    tags = environment_tags([tmp_path])
    wanted = {"python", "torch", "monai", "pytorch-ignite", "taskgan-ext", "mlflow"}
    assert {f"version.{name}" for name in wanted} <= tags.keys()
    assert "git.commit" not in tags
