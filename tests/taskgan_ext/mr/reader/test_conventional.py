from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from preprocessing.mr.dicom_export import write_contrast_dicom
from taskgan_ext.errors import DataError, RefusedSeries
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.protocol import Protocol, load_protocols
from taskgan_ext.mr.reader.conventional import read_contrast
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.reader.scan_times import ScanTimes

AFFINE = np.diag([-1.5, -1.5, 5.0, 1.0])
VOLUME = np.random.default_rng(5).uniform(0, 3, size=(10, 8, 4)).astype(np.float32)


def export(folder: Path, name: str = "T2FLAIR", vendor: str = "ge", **elements: object) -> Path:
    write_contrast_dicom(VOLUME, AFFINE, name, load_protocols()[name], folder, seed=3, vendor=vendor)
    for number, path in enumerate(sorted(folder.iterdir())):
        image = pydicom.dcmread(path)
        for keyword, value in elements.items():
            setattr(image, keyword, value(number) if callable(value) else value)
        image.save_as(path)
    return folder


@pytest.mark.parametrize("vendor", ["ge", "philips", "siemens"])
@pytest.mark.parametrize(("name", "protocol"), load_protocols().items())
def test_a_dicom_series_comes_back_with_its_protocol(
    name: str, protocol: Protocol, vendor: str, tmp_path: Path
) -> None:
    image = read_contrast(export(tmp_path / "series", name, vendor))
    np.testing.assert_allclose(image.data, VOLUME * (2000 / VOLUME.max()), atol=0.501)
    np.testing.assert_allclose(image.affine, AFFINE, atol=1e-9)
    times = ScanTimes(
        protocol.repetition_time,
        protocol.echo_time,
        protocol.inversion_time,
        ("SE", "IR") if protocol.inversion_time else ("SE",),
    )
    assert image.times == times
    assert image.source.startswith(str(tmp_path / "series"))
    assert "4 DICOM images" in image.source


def test_mdme_and_conventional_series_of_a_subject_share_the_scanner_frame(
    scan, export: Callable[..., Path], tmp_path: Path
) -> None:
    mdme = read_mdme(export(scan))
    write_contrast_dicom(VOLUME, AFFINE, "T1w", Protocol(0.65, 0.01), tmp_path / "T1w", seed=3)
    write_contrast_dicom(VOLUME, AFFINE, "T1w", Protocol(0.65, 0.01), tmp_path / "other", seed=4)
    assert read_contrast(tmp_path / "T1w").frame_of_reference == mdme.frame_of_reference
    assert read_contrast(tmp_path / "other").frame_of_reference != mdme.frame_of_reference


def test_two_series_in_a_folder_are_refused_by_number(tmp_path: Path) -> None:
    export(tmp_path / "a")
    export(tmp_path / "b", "STIR")
    with pytest.raises(
        RefusedSeries, match=r"one series, found 2: .*\.dcm \(series 13\).*\.dcm \(series 14\)"
    ):
        read_contrast(tmp_path)


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "T2FLAIR", "SYNTHETIC"]}, "marked SYNTHETIC"),
        ({"ImageType": ["DERIVED", "PRIMARY", "QMAP", "T1"]}, "marked QMAP"),
        ({"EchoTime": lambda number: 20 + 80 * (number % 2)}, "one echo time.*20 ms.*100 ms|100 ms.*20 ms"),
        ({"ImagePositionPatient": [0, 0, 0]}, "lie at the same; keep one"),
        (
            {"ImagePositionPatient": lambda number: [0, 0, 5 * (number % 2)]},
            "lie at the same; keep one",
        ),
    ],
    ids=["synthetic", "map", "two echoes", "one slice", "two volumes"],
)
def test_what_is_no_single_acquired_volume_is_refused(
    elements: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        read_contrast(export(tmp_path / "series", **elements))


def test_a_phase_series_is_refused(tmp_path: Path) -> None:
    folder = export(tmp_path / "series", vendor="siemens", ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
    with pytest.raises(DataError, match=r"expected magnitude images.*shows the phase"):
        read_contrast(folder)


def test_a_filtered_series_is_taken(tmp_path: Path) -> None:
    folder = export(tmp_path / "series", vendor="siemens", ImageType=["DERIVED", "PRIMARY", "M", "NORM"])
    assert read_contrast(folder).data.shape == VOLUME.shape


@pytest.mark.parametrize(
    ("elements", "times"),
    [
        ({"RepetitionTime": ""}, ScanTimes(None, 0.12, 2.47, ("SE", "IR"))),
        ({"EchoTime": "0"}, ScanTimes(9.0, None, 2.47, ("SE", "IR"))),
        ({"InversionTime": "0"}, ScanTimes(9.0, 0.12, None, ("SE", "IR"))),
        ({"ScanningSequence": ""}, ScanTimes(9.0, 0.12, 2.47)),
        ({"ScanningSequence": ["GR", "IR"]}, ScanTimes(9.0, 0.12, 2.47, ("GR", "IR"))),
    ],
    ids=["no TR", "no TE", "TI 0", "no sequence", "gradient echo"],
)
def test_each_time_is_told_for_itself(elements: dict[str, object], times: ScanTimes, tmp_path: Path) -> None:
    assert read_contrast(export(tmp_path / "series", **elements)).times == times


def test_a_nifti_volume_comes_back_with_its_protocol(tmp_path: Path) -> None:
    path = tmp_path / "flair.nii.gz"
    save_nifti(VOLUME[..., None], AFFINE, path)
    image = read_contrast(path)
    np.testing.assert_array_equal(image.data, VOLUME)
    np.testing.assert_array_equal(image.affine, AFFINE)
    assert (image.times, image.frame_of_reference, image.source) == (ScanTimes(), "", str(path))
    write_json(
        tmp_path / "flair.json",
        {"RepetitionTime": 9, "EchoTime": 0.12, "InversionTime": 2.47, "Units": "a.u."},
    )
    assert read_contrast(path).times == ScanTimes(9.0, 0.12, 2.47)


@pytest.mark.parametrize("value", ["GR_IR", "GR\\IR", ["GR", "IR"], "gr/ir "])
def test_the_sequence_of_a_nifti_volume_comes_from_its_sidecar(value: object, tmp_path: Path) -> None:
    save_nifti(VOLUME, AFFINE, tmp_path / "t1.nii.gz")
    write_json(tmp_path / "t1.json", {"ScanningSequence": value})
    assert read_contrast(tmp_path / "t1.nii.gz").times == ScanTimes(sequence=("GR", "IR"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.stack([VOLUME, VOLUME], axis=-1), r"three axes, got shape \(10, 8, 4, 2\)"),
        (VOLUME[:, :, 0], "three axes"),
        (VOLUME.astype(np.complex64), "got complex numbers"),
        (VOLUME + np.inf, "not finite"),
    ],
    ids=["several volumes", "slice", "complex", "infinite"],
)
def test_a_nifti_file_that_is_no_volume_is_refused(values: np.ndarray, message: str, tmp_path: Path) -> None:
    save_nifti(values, AFFINE, tmp_path / "t1.nii")
    with pytest.raises(DataError, match=message):
        read_contrast(tmp_path / "t1.nii")


def test_what_is_not_there_is_zero_in_a_skull_stripped_volume(tmp_path: Path) -> None:
    stripped = np.where(VOLUME > 1, VOLUME, np.float32(np.nan))
    save_nifti(stripped, AFFINE, tmp_path / "t1.nii.gz")
    np.testing.assert_array_equal(read_contrast(tmp_path / "t1.nii.gz").data, np.where(VOLUME > 1, VOLUME, 0))


@pytest.mark.parametrize("name", ["nothing.nii.gz", "nothing", "notes.txt"])
def test_other_paths_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(DataError, match="expected a NIfTI file or a folder"):
        read_contrast(tmp_path / name)
