"""Nothing about the patient leaves the images: not on the terminal, in logs, results or names of files."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_edits import change, change_all, copy, remove
from dicom_elements import LooseFile
from pydicom import Dataset

from taskgan_ext.clinical.__main__ import main
from taskgan_ext.clinical.audit import logger
from taskgan_ext.clinical.result import RESULT_FILE

Write = Callable[..., Path]
SECONDS = 300
PLANTED = {
    "PatientName": "QUATERNION^HAMILTON^" + 70 * "Q",  # longer than the standard allows
    "PatientID": "MRN-7731905",
    "OtherPatientIDs": "ALT-5519023",
    "PatientBirthDate": "19370914",
    "PatientAddress": "12 Wisteria Crescent",
    "PatientComments": "lives with Penelope",
    "AccessionNumber": "ACC-4410982",
    "StudyID": "STD-662910",
    "InstitutionName": "Saint Eligius Hospital",
    "ReferringPhysicianName": "ZHIVAGO^YURI",
    "PerformingPhysicianName": "MOREAU^ANDRE",
    "StudyDescription": "Study of Wilhelmina Harker",
    "SeriesDescription": "Wilhelmina PET",
    "ProtocolName": "Protocol Persephone",
    "StationName": "ELIGIUS-PET-2",
}
FOLDER, FILE = "Hamilton_Quaternion_1937", "7731905-pet"
SECRETS = [word for text in (*PLANTED.values(), FOLDER, FILE) for word in (text, text.split("^")[0])]


def plant(files: list[Path]) -> None:
    with pydicom.config.disable_value_validation():
        change_all(**PLANTED)(files)
        for number, path in enumerate(files):
            image = pydicom.dcmread(path)
            block = image.private_block(0x0029, "SECRETIVE", create=True)
            block.add_new(1, "LO", "Private Penelope")
            operator = Dataset()
            operator.PersonName = "QUATERNION^HAMILTON"
            image.RequestAttributesSequence = [operator]
            image.save_as(path)
            path.rename(path.with_name(f"{FILE}-{number:02d}.dcm"))


def put(**values: str) -> Callable[[list[Path]], object]:
    """Write texts into all files, whatever kind of value an element should have."""

    def apply(files: list[Path]) -> None:
        for path in files:
            file = LooseFile.read(path)
            for keyword, value in values.items():
                file.find(keyword).value = value.encode()
            path.write_bytes(file.encode())

    return apply


def leaks(text: str) -> list[str]:
    return [secret for secret in [*SECRETS, "Penelope", "HAMILTON"] if secret.lower() in text.lower()]


FAULTS: dict[str, Callable[[list[Path]], object]] = {
    "good": put(),
    "incomplete": remove(1),
    "duplicate": copy(1),
    "number": put(RescaleSlope="QUATERNION"),
    "slope": put(RescaleSlope="NaN", WindowWidth="MRN-7731905"),
    "uid": put(FrameOfReferenceUID="QUATERNION"),
    "mixed": change(1, PatientID="ANOTHER MRN-7731905"),
    "modality": put(Modality="QUATERNION"),
    "units": put(Units="HAMILTON"),
    "tracer": change_all(RadiopharmaceuticalInformationSequence=[]),
    "weight": put(PatientWeight="QUATERNION"),
    "uid of an image": put(SOPInstanceUID="1.2.QUATERNION"),
    "date": put(SeriesDate="QUATERNION", AcquisitionDate="HAMILTON"),
}


@pytest.mark.slow
def test_no_run_of_the_pet_step_tells_who_the_patient_is(
    pet_bundle: Path, pet_series: Write, tmp_path: Path
) -> None:
    source = tmp_path / FOLDER
    for seed, (name, fault) in enumerate(FAULTS.items(), start=1):
        folder = pet_series(source / f"{FOLDER} {name}", seed=seed)
        plant(sorted(folder.iterdir()))
        with pydicom.config.disable_value_validation():
            fault(sorted(folder.iterdir()))
    (source / f"{FILE}-damaged.dcm").write_bytes(bytes(128) + b"DICM" + b"QUATERNION^HAMILTON")
    (source / f"{FILE}-report.pdf").write_bytes(b"QUATERNION")
    out = tmp_path / "out"
    # A process of its own: warnings are errors here, and lines on the terminal there.
    words = ["process", str(source), str(out), "--bundle", str(pet_bundle), "--device", "cpu"]
    child = subprocess.run(
        [sys.executable, "-m", "taskgan_ext.clinical", *words],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    result = (out / RESULT_FILE).read_text(encoding="utf-8")
    names = "\n".join(path.relative_to(out).as_posix() for path in out.rglob("*"))
    assert leaks(child.stdout + child.stderr + result + names) == []
    # Nothing but lines of JSON, one for each series and for the damaged file.
    lines = [json.loads(line) for line in child.stderr.splitlines()]
    entries = json.loads(result)["series"]
    assert len(lines) == len(entries) == len(FAULTS) + 1
    assert sum(line["event"] == "refused" for line in lines) >= 10
    # The images do tell: they are filed with those of the patient.
    for path in out.glob("*/*.dcm"):
        assert pydicom.dcmread(path).PatientID == PLANTED["PatientID"]


@pytest.fixture
def _quiet_log() -> Iterator[None]:
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.mark.usefixtures("_quiet_log")
def test_no_run_of_the_mr_step_does(
    mr_bundle: Path,
    mr_scan: Write,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    source, out = tmp_path / FOLDER, tmp_path / "out"
    faults: dict[str, Any] = {
        "good": put(),
        "incomplete": remove(1),
        "series": change(2, EchoTime="9"),
    }
    for seed, (name, fault) in enumerate(faults.items(), start=1):
        folder = mr_scan(source / f"{FOLDER} {name}", seed=seed)
        plant(sorted(folder.iterdir()))
        with pydicom.config.disable_value_validation():
            fault(sorted(folder.iterdir()))
    with caplog.at_level(logging.DEBUG, logger="taskgan_ext"):
        main(["process", str(source), str(out), "--bundle", str(mr_bundle), "--device", "cpu"])
    told = capfd.readouterr()
    names = "\n".join(path.relative_to(out).as_posix() for path in out.rglob("*"))
    result = (out / RESULT_FILE).read_text(encoding="utf-8")
    assert leaks(told.out + told.err + caplog.text + result + names) == []
    assert any(each["outcome"] == "restored" for each in json.loads(result)["series"])
    assert sum(each["outcome"] == "refused" for each in json.loads(result)["series"]) >= 1
