"""Finding the folder of the bundle that a command line names."""

import sys
from pathlib import Path

import pytest
from monai.bundle import ConfigParser

from taskgan_ext.bundle.root import config_files, find_bundle_root, option_value


def make_bundle(folder):
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def command_line(monkeypatch, tmp_path):
    """Set the words after ``python -m monai.bundle``, and stand in a directory without a bundle."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return lambda *words: monkeypatch.setattr(sys, "argv", ["program", *words])


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--config_file", "{configs}/train.json"], id="word"),
        pytest.param(["--config_file={configs}/train.json"], id="equals-sign"),
        pytest.param(["--config-file", "{configs}/train.json"], id="dash-in-the-name"),
        pytest.param(["-config_file", "{configs}/train.json"], id="one-dash"),
        pytest.param(["--config_file", "['{configs}/train.json','{configs}/evaluate.json']"], id="list"),
        pytest.param(["--config_file=('{configs}/train.json',)"], id="tuple"),
        pytest.param(["--config_file", "{configs}/train.json,{configs}/evaluate.json"], id="commas"),
        pytest.param(
            ["--epochs", "3", "--config_file", "{configs}/train.json", "--seed", "1"], id="among-others"
        ),
    ],
)
def test_root_is_the_parent_of_the_folder_of_the_first_config_file(command_line, tmp_path, words):
    root = make_bundle(tmp_path / "anywhere" / "renamed")
    command_line("run", "training", *(word.format(configs=root / "configs") for word in words))
    assert find_bundle_root("pet_denoising") == str(root)


def test_relative_config_file_gives_an_absolute_root(command_line, tmp_path):
    root = make_bundle(tmp_path / "anywhere" / "renamed")
    command_line("run", "--config_file", "../anywhere/renamed/configs/train.json")
    found = Path(find_bundle_root("pet_denoising"))
    assert found.is_absolute()
    assert found.resolve() == root.resolve()


def test_working_directory_comes_second(command_line, tmp_path, monkeypatch):
    command_line("run", "--config_file", str(tmp_path / "no bundle" / "configs" / "train.json"))
    monkeypatch.chdir(make_bundle(tmp_path / "here"))
    assert find_bundle_root("pet_denoising") == str(tmp_path / "here")


def test_bundles_below_the_working_directory_come_third(command_line, tmp_path, monkeypatch):
    make_bundle(tmp_path / "bundles" / "pet_denoising")
    make_bundle(tmp_path / "bundles" / "another")
    command_line()
    monkeypatch.chdir(tmp_path)
    assert find_bundle_root("pet_denoising") == str(Path("bundles") / "pet_denoising")


def test_without_any_bundle_the_root_is_the_working_directory(command_line):
    command_line("--config_file", "train.json")
    assert find_bundle_root("pet_denoising") == "."


def test_an_override_wins(command_line, tmp_path):
    root = make_bundle(tmp_path / "found")
    command_line("--config_file", str(root / "configs" / "train.json"))
    config = {"bundle_root": {"_target_": "taskgan_ext.bundle.find_bundle_root", "name": "pet_denoising"}}
    parser = ConfigParser(config)
    assert parser.get_parsed_content("bundle_root") == str(root)
    parser["bundle_root"] = "given"
    assert parser.get_parsed_content("bundle_root") == "given"


@pytest.mark.parametrize(
    "words", [[], ["run", "training"], ["--config_file"], ["--config_file="], ["config_file", "a"]]
)
def test_no_config_file_on_the_command_line(words):
    assert config_files(["program", *words]) == []


def test_first_value_of_an_option_counts():
    assert option_value(["program", "--tracking", "mlflow", "--tracking=none"], "tracking") == "mlflow"
    assert option_value(["program", "tracking", "mlflow"], "tracking") is None
