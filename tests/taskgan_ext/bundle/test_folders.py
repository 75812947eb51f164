"""Folders that a run cannot use are refused before anything is trained."""

import os
import sys

import pytest

from taskgan_ext.bundle.folders import check_folders
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json


def test_folders_that_can_be_made_are_accepted(words, tmp_path):
    check_folders(words())
    check_folders(words("--ckpt_dir", str(tmp_path / "a" / "b"), "--output_dir", "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]


@pytest.mark.parametrize("name", ["ckpt_dir", "task_ckpt_dir", "output_dir"])
def test_a_folder_below_a_file_is_refused(words, train, name):
    with pytest.raises(ConfigError, match=rf"^{name}: expected a folder, got .*train\.json is a file"):
        check_folders(words(f"--{name}", str(train / "models")))


def test_a_folder_that_is_a_number_is_refused(words):
    with pytest.raises(ConfigError, match="ckpt_dir: expected a folder, got 5"):
        check_folders(words("--ckpt_dir", "5"))


def test_a_folder_that_cannot_be_written_is_refused(words, tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / "kept")
    with pytest.raises(ConfigError, match=r"^output_dir: expected a folder that can be written, got kept"):
        check_folders(words("--output_dir", "kept"))
    check_folders(words("--task_ckpt_dir", "kept"))


def test_an_evaluation_may_read_weights_where_nothing_can_be_written(words, train, tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path / "kept")
    evaluate = train.with_name("evaluate.json")
    write_json(evaluate, {})
    arguments = words("--ckpt_dir", "kept")
    with pytest.raises(ConfigError, match=r"^ckpt_dir"):
        check_folders(arguments)
    arguments[4] = str([str(train), str(evaluate)])
    check_folders(arguments)


@pytest.mark.parametrize("root", ["absent", "bundle/configs"])
def test_a_root_that_is_no_bundle_is_refused(words, root):
    with pytest.raises(
        ConfigError, match=f"--bundle_root: expected the folder of a bundle.*got {root}; leave"
    ):
        check_folders(words("--bundle_root", root))
    check_folders(words("--bundle_root", "bundle"))


def test_an_expression_that_fails_is_left_to_the_run(words):
    check_folders(words("--ckpt_dir", "$no_such_name"))


def test_other_programs_are_left_alone(words):
    check_folders([sys.executable, *words("--bundle_root", "absent")[1:]])
