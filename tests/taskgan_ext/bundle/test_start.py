"""What every run of a bundle begins with."""

import subprocess
import sys
import warnings

import pytest
from monai.transforms import LoadImage

from taskgan_ext.bundle.start import silence_reader_registration, start_bundle
from taskgan_ext.errors import DependencyError
from taskgan_ext.io.atomic import write_json


@pytest.fixture(autouse=True)
def untouched_hook(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def test_readers_are_built_without_a_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silence_reader_registration()
        LoadImage(reader="NibabelReader")
    assert [str(warning.message) for warning in caught] == []


def test_other_warnings_of_readers_still_show():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silence_reader_registration()
        text = "NvImgCodecPydicomReader ignores to_gpu=True"
        warnings.warn_explicit(text, UserWarning, "image_reader.py", 1, module="monai.data.image_reader")
    assert len(caught) == 1


def test_start_checks_the_packages_of_the_metadata():
    with pytest.raises(DependencyError, match="no-such-package"):
        start_bundle({"required_packages_version": {"no-such-package": "1.0"}})


def test_a_mistyped_setting_ends_a_run_with_one_line(tmp_path):
    file = tmp_path / "configs" / "train.json"
    start = {"_target_": "taskgan_ext.bundle.start_bundle", "metadata": "@_meta_"}
    write_json(file, {"learning_rate": 0.1, "initialize": [start], "run": []})
    write_json(file.with_name("metadata.json"), {"version": "1"})
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(file)]
    command += ["--learning_rat", "0.1"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last == (
        "error: unknown settings: --learning_rat (did you mean --learning_rate?). Expected ids of train.json"
    )
