"""Files made to do harm: no file outside of the output folder, and no more time and memory than a refusal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_elements import LooseFile, nested
from file_digests import digests

from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.result import RESULT_FILE, Outcome
from tests.taskgan_ext.dicom.test_parse_file import (
    deflate_bomb,
    elements_without_end,
    frames_without_end,
    larger_than_any_image,
    rows_without_end,
    run_length_bomb,
    run_length_bomb_of_a_small_image,
    values_without_end,
)

Write = Callable[..., Path]
PAYLOADS = (
    "../../x",
    "/etc/x",
    "1.2\x003",
    "1." * 32 + "1",
    "$(touch x)`touch x`; touch x",
    "%s%n{0.__class__}",
    "",
    "..",
    "1.2\\1.3",
)
UIDS = ("SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
SECONDS = 300
CPU_SECONDS = 1.5
"""For a folder with a bomb; machines differ."""
EXTRA_BYTES = 300 * 2**20
CHILD = """
import json, resource, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from taskgan_ext.clinical.open_bundle import open_bundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
source, out, bundle, extra = (*map(Path, sys.argv[1:4]), int(sys.argv[4]))
options = ProcessOptions(bundle, "cpu")
opened = open_bundle(options)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + extra, used + extra))
for folder in sorted(source.iterdir()):
    begun = time.process_time()
    result = process_folder(folder, out / folder.name, opened, options)
    codes = [each.code for each in result.series]
    print(json.dumps([folder.name, codes, time.process_time() - begun]), flush=True)
"""


def sequences(depth: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        file = LooseFile.read(path)
        sequence = file.find("ReferencedSeriesSequence")
        sequence.vr, sequence.value = b"SQ", nested(depth, open_ended=False)
        path.write_bytes(file.encode())

    return write


BOMBS = {
    "deflate": (deflate_bomb, "transfer_syntax"),
    "RLE": (run_length_bomb, "too_large"),
    "RLE in a small image": (run_length_bomb_of_a_small_image, "pixel_format"),
    "frames": (frames_without_end, "multiframe"),
    "rows": (rows_without_end, "too_large"),
    "elements": (elements_without_end, "too_large"),
    "values": (values_without_end, "too_large"),
    "a large file": (larger_than_any_image, "too_large"),
    "50 sequences": (sequences(50), "parse_error"),
    "500 sequences": (sequences(500), "parse_error"),
}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("keyword", UIDS)
def test_no_uid_becomes_a_path(
    keyword: str,
    flat: bool,
    pet: ClinicalBundle,
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    whole = pet_series(tmp_path / "whole")
    for number, payload in enumerate(PAYLOADS):
        folder = tmp_path / "in" / str(number)
        folder.mkdir(parents=True)
        for path in whole.iterdir():
            file = LooseFile.read(path)
            file.find(keyword).value = payload.encode()
            if keyword == "SOPInstanceUID":
                next(element for element in file.meta if element.tag == 0x00020003).value = payload.encode()
            (folder / path.name).write_bytes(file.encode())
    before = digests(tmp_path)
    for number in range(len(PAYLOADS)):
        out = tmp_path / "out" / str(number)
        result = process_folder(tmp_path / "in" / str(number), out, pet, replace(options, flat=flat))
        assert {each.outcome for each in result.series} == {Outcome.REFUSED}
        assert [path.name for path in out.iterdir()] == [RESULT_FILE]
        text = (out / RESULT_FILE).read_text(encoding="utf-8")
        assert not any(each in text for each in PAYLOADS if len(each) > 2)
    assert {line["event"] for line in audited} == {"refused"}
    assert len(audited) >= len(PAYLOADS)
    after = digests(tmp_path)
    assert {name for name in after if name not in before} == {
        f"out/{number}/{RESULT_FILE}" for number in range(len(PAYLOADS))
    }
    assert all(after[name] == before[name] for name in before)


def test_texts_of_the_header_become_no_path_either(
    pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder = pet_series(tmp_path / "in")
    for path in folder.iterdir():
        file = LooseFile.read(path)
        for keyword in ("PatientName", "PatientID", "SeriesDescription", "StudyID", "ProtocolName"):
            file.find(keyword).vr = b"LO"
            file.find(keyword).value = b"../../../x%s"
        file.find("PatientName").vr = b"PN"
        file.find("StudyID").vr = b"SH"
        path.write_bytes(file.encode())
    result = process_folder(folder, tmp_path / "out", pet, options)
    assert [each.outcome for each in result.series] == [Outcome.RESTORED]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    assert len(list((tmp_path / "out").rglob("*"))) == 8


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
def test_a_bomb_is_refused_within_a_second_and_little_memory(
    pet_bundle: Path, pet_series: Write, tmp_path: Path
) -> None:
    for number, (name, (bomb, _)) in enumerate(BOMBS.items(), start=1):
        folder = pet_series(tmp_path / "in" / name, seed=number)
        bomb(sorted(folder.iterdir())[0])
    words = [tmp_path / "in", tmp_path / "out", pet_bundle, EXTRA_BYTES]
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, *map(str, words)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    found = {name: (codes, seconds) for name, codes, seconds in map(json.loads, child.stdout.splitlines())}
    assert set(found) == set(BOMBS)
    for name, (_, code) in BOMBS.items():
        codes, seconds = found[name]
        assert code in codes, name
        assert "" not in codes, name
        assert seconds < CPU_SECONDS, name


def test_a_file_that_is_none_of_images_is_not_read(
    pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder = pet_series(tmp_path / "in")
    os.mkfifo(folder / "pipe.dcm")  # reading it would wait for ever
    (folder / "link.dcm").symlink_to(tmp_path / "nowhere")
    result = process_folder(folder, tmp_path / "out", pet, options)
    assert [each.outcome for each in result.series] == [Outcome.RESTORED]
    assert pydicom.dcmread(next((tmp_path / "out").glob("*/*.dcm"))).Modality == "PT"
