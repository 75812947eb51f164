"""The command: exit statuses, folders from variables, and what Mercure asks for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from file_digests import digests

from taskgan_ext.clinical.__main__ import main
from taskgan_ext.clinical.audit import logger
from taskgan_ext.clinical.mercure_task import TASK_FILE
from taskgan_ext.clinical.process_command import FOLDERS
from taskgan_ext.clinical.result import RESULT_FILE
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.io.atomic import read_json

Write = Callable[..., Path]
VARIABLES = [name for names in FOLDERS.values() for name in names]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variables of orchestrators, and the log of the process as it was."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture
def options(pet_bundle: Path) -> list[str]:
    return ["--bundle", str(pet_bundle), "--device", "cpu"]


@pytest.fixture
def mercure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """Folders as Mercure makes and names them."""
    folders = tmp_path / "data", tmp_path / "output"
    for folder, names in zip(folders, FOLDERS.values(), strict=True):
        folder.mkdir()
        for name in names:
            monkeypatch.setenv(name, str(folder))
    return folders


def take_in(source: Path, folder: Path) -> None:
    """Name files as Mercure does, with its texts beside them."""
    for path in source.iterdir():
        image = pydicom.dcmread(path)
        name = f"{image.SeriesInstanceUID}#{image.SOPInstanceUID}"
        (folder / f"{name}.dcm").write_bytes(path.read_bytes())
        (folder / f"{name}.tags").write_text(json.dumps({"PatientName": "X"}), encoding="utf-8")


def ask(folder: Path, settings: Any, **task: Any) -> None:
    content = {"id": "1", "info": {"mrn": "0815"}, "process": {"module_name": "pet", "settings": settings}}
    (folder / TASK_FILE).write_text(json.dumps(content | task), encoding="utf-8")


def test_exit_status_0_means_that_something_was_written(
    options: list[str], pet_series: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pet_series(tmp_path / "in")
    assert main(["process", str(folder), str(tmp_path / "out"), *options]) == 0
    told = capsys.readouterr()
    assert "restored denoised" in told.out
    assert "research use only, not for diagnosis" in told.out
    assert json.loads(told.err)["event"] == "restored"


def test_exit_status_2_means_that_nothing_was_and_the_result_says_why(
    options: list[str], mr_scan: Write, tmp_path: Path
) -> None:
    folder, out = mr_scan(tmp_path / "in"), tmp_path / "out"
    assert main(["process", str(folder), str(out), *options]) == 2
    found = read_json(out / RESULT_FILE)
    assert [each["code"] for each in found["series"]] == ["modality_mismatch"]
    assert not any(key.startswith("__") for key in found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["process", "--bundle", "none"], "IN: expected a folder on the command line or in MERCURE_IN_DIR"),
        (["process", ".", "out", "--bundle", "none"], "none: expected the folder of a bundle"),
        (["process", "none", "out"], "the following arguments are required: --bundle"),
        (["process", "none", "out", "--bundle", "none", "--uncertainty", "1"], "at least 2 passes"),
    ],
)
def test_exit_status_1_is_a_fault_told_in_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(words)
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    assert status == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["MONAI", "HOLOSCAN"])
def test_folders_can_come_from_variables_and_the_command_line_comes_first(
    name: str,
    options: list[str],
    pet_series: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in (each for each in VARIABLES if each.startswith(name)):
        monkeypatch.setenv(
            variable, str(tmp_path / ("in" if "IN" in variable.split("_", 1)[1][:2] else "out"))
        )
    pet_series(tmp_path / "in")
    assert main(["process", *options]) == 0
    assert main(["process", str(tmp_path / "in"), str(tmp_path / "other"), *options]) == 0
    for folder in ("out", "other"):
        assert [path.name for path in (tmp_path / folder).glob("*/IM00001.dcm")] == ["IM00001.dcm"]


def test_mercure_gets_files_named_as_it_names_its_own(
    options: list[str], pet_series: Write, tmp_path: Path, mercure: tuple[Path, Path]
) -> None:
    data, output = mercure
    for seed in (1, 2):
        take_in(pet_series(tmp_path / str(seed), seed=seed), data)
    ask(data, {})
    before = digests(data)
    assert main(["process", *options]) == 0
    assert digests(data) == before
    images = list(output.glob("*.dcm"))
    assert len(images) == 12
    assert {path.name for path in output.iterdir()} == {RESULT_FILE, *(path.name for path in images)}
    for path in images:
        image = pydicom.dcmread(path)
        assert path.name == f"{image.SeriesInstanceUID}#{image.SOPInstanceUID}.dcm"
    for series in {path.name.partition("#")[0] for path in images}:
        read_series(output, series_uid=series)
    listed = [file for each in read_json(output / RESULT_FILE)["series"] for file in each["files"]]
    assert sorted(listed) == sorted(path.name for path in images)
    # What lies there already could not be told from what is written.
    assert main(["process", *options]) == 1


@pytest.mark.parametrize("steps", [False, True])
def test_mercure_can_ask_for_a_refusal_to_be_a_success(
    steps: bool, options: list[str], mr_scan: Write, tmp_path: Path, mercure: tuple[Path, Path]
) -> None:
    data, output = mercure
    take_in(mr_scan(tmp_path / "mr"), data)
    settings = {"refusal": "discard"}
    ask(data, settings, **({"process": [{"settings": settings}]} if steps else {}))
    assert main(["process", *options]) == 0
    found = read_json(output / RESULT_FILE)
    assert found["__mercure_routing"] == {"discard": True}
    assert found["__mercure_notification"] == {"text": "modality_mismatch"}
    assert [path.name for path in output.iterdir()] == [RESULT_FILE]


def test_the_command_line_can_ask_for_the_same(
    options: list[str], mr_scan: Write, tmp_path: Path, mercure: tuple[Path, Path]
) -> None:
    take_in(mr_scan(tmp_path / "mr"), mercure[0])
    assert main(["process", *options, "--refusal", "discard"]) == 0
    assert "__mercure_routing" in read_json(mercure[1] / RESULT_FILE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"withold_flagged": True}, "expected settings among refusal, withhold_flagged, uncertainty"),
        ({"withhold_flagged": "yes"}, "expected withhold_flagged to be true or false"),
        ({"uncertainty": True}, "expected uncertainty to be a whole number"),
        ({"refusal": "maybe"}, "expected refusal to be one of fail, discard"),
        ("yes", "expected a task of Mercure"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_a_fault(
    settings: Any,
    message: str,
    options: list[str],
    mercure: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask(mercure[0], settings)
    assert main(["process", *options]) == 1
    assert message in capsys.readouterr().err
    assert list(mercure[1].iterdir()) == []


def test_an_error_of_programming_quotes_nothing(
    options: list[str],
    pet_series: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("DOE^JANE")

    monkeypatch.setattr("taskgan_ext.clinical.pet_restoration.compare_volumes", fail)
    assert main(["process", str(pet_series(tmp_path / "in")), str(tmp_path / "out"), *options]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("error: KeyError in fail, test_command.py line")
    assert "DOE" not in told.err + told.out
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("words", [["--help"], ["process", "--help"]])
def test_help_says_what_it_is_not_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "Research use only, not for diagnosis." in " ".join(capsys.readouterr().out.split())
