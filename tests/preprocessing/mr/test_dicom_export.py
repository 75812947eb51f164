from pathlib import Path

import numpy as np
import pydicom
import pytest

from preprocessing.mr.dicom_export import write_contrast_dicom, write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.sequence import MDMESequence

AFFINE = np.diag([-2.0, -2.0, 6.0, 1.0])
SEQUENCE = MDMESequence()
RNG = np.random.default_rng(6)
SIGNAL = (RNG.normal(size=(6, 5, 3, 4, 2)) + 1j * RNG.normal(size=(6, 5, 3, 4, 2))).astype(np.complex64)


def write(folder: Path, seed: int = 7, vendor: str = "ge", **variant: object) -> list[pydicom.Dataset]:
    """Export, and give the images in the order of acquisition."""
    write_mdme_dicom(
        SIGNAL, AFFINE, SEQUENCE, folder, vendor=vendor, seed=seed, variant=DicomVariant(**variant)
    )
    images = [pydicom.dcmread(path) for path in folder.iterdir()]
    return sorted(images, key=lambda image: (image.SeriesNumber, image.InstanceNumber))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_names(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write(tmp_path / name, seed, components="magnitude_phase")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert not set(content(tmp_path / "a")) & set(content(tmp_path / "c"))


def test_every_vendor_exports_in_its_own_way(tmp_path: Path) -> None:
    images = {vendor: write(tmp_path / vendor, vendor=vendor) for vendor in ("ge", "philips", "siemens")}
    kinds = {
        vendor: {tuple(image.ImageType[2:4]) for image in exported} for vendor, exported in images.items()
    }
    assert kinds == {
        "ge": {("OTHER",)},
        "philips": {("M_SE", "M"), ("PHASE MAP", "P")},
        "siemens": {("M", "ND"), ("P", "ND")},
    }
    assert {image.private_block(0x0043, "GEMS_PARM_01")[0x2F].value for image in images["ge"]} == {2, 3}
    delays = {vendor: {image.get("InversionTime") for image in images[vendor]} for vendor in images}
    assert delays["philips"] == {None}
    assert delays["ge"] == delays["siemens"] == {1000 * delay for delay in SEQUENCE.delays}
    assert {image.TemporalPositionIdentifier for image in images["philips"]} == {1, 2, 3, 4}


@pytest.mark.parametrize("vendor", ["ge", "philips", "siemens"])
def test_every_image_is_marked_as_simulated(vendor: str, tmp_path: Path) -> None:
    write_contrast_dicom(
        np.abs(SIGNAL[..., 0, 0]), AFFINE, "T1w", Protocol(0.65, 0.01), tmp_path / "T1w", vendor=vendor
    )
    contrast = [pydicom.dcmread(path) for path in (tmp_path / "T1w").iterdir()]
    for image in [*write(tmp_path / "mdme", vendor=vendor), *contrast]:
        assert "SIMULATED" in image.SeriesDescription
        assert "SIMULATED" in image.ImageComments
        assert str(image.PatientName).startswith("SIMULATED^")
        assert image.PatientID.startswith("SIMULATED^")


@pytest.mark.parametrize("series", ["one", "many"])
def test_identifiers_are_valid_unique_and_nested(series: str, tmp_path: Path) -> None:
    images = write(tmp_path / "mdme", series=series)
    assert len(images) == 4 * 2 * 2 * 3
    uids = {image.SOPInstanceUID for image in images}
    assert len(uids) == len(images)
    assert all(uid.is_valid for uid in uids)
    assert len({image.SeriesInstanceUID for image in images}) == (1 if series == "one" else 8)
    assert len({image.StudyInstanceUID for image in images}) == 1
    assert len({image.FrameOfReferenceUID for image in images}) == 1
    assert all(image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID for image in images)


def test_times_are_in_milliseconds_and_the_longest_delay_comes_first(tmp_path: Path) -> None:
    images = write(tmp_path / "mdme")
    assert (images[0].RepetitionTime, images[0].InversionTime) == (4000, 3879)
    assert [image.EchoTime for image in images[:4]] == [16.9, 16.9, 84.5, 84.5]
    delays = [float(image.InversionTime) for image in images]
    assert delays == sorted(delays, reverse=True)


def test_without_delay_tag_philips_tells_the_position(tmp_path: Path) -> None:
    images = write(tmp_path / "mdme", vendor="philips", delay_tag="none")
    assert "InversionTime" not in images[0]
    assert "TriggerTime" not in images[0]
    assert [image.TemporalPositionIdentifier for image in images[::12]] == [1, 2, 3, 4]


def test_ge_hides_the_component_behind_another_creator(tmp_path: Path) -> None:
    """The usual place of the element belongs to somebody else and says something else."""
    images = write(tmp_path / "mdme", private_block=0x2A, private_vr="UN")
    assert {image.private_block(0x0043, "GEMS_PARM_01").get_tag(0x2F) for image in images} == {0x00432A2F}
    assert {image[0x0043, 0x102F].value for image in images} == {0}
    assert {tuple(image.ImageType) for image in images} == {("ORIGINAL", "PRIMARY", "OTHER")}


def test_pixels_are_signed_and_reach_two_thousand_counts(tmp_path: Path) -> None:
    images = write(tmp_path / "mdme", components="magnitude")
    assert max(image.pixel_array.max() for image in images) == 2000
    first = next(image for image in images if image.InversionTime == 146 and image.EchoTime == 16.9)
    expected = np.abs(SIGNAL[:, :, 0, 0, 0]).T * 2000 / np.abs(SIGNAL).max()
    np.testing.assert_allclose(first.pixel_array, expected, atol=0.51)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds something; choose another"):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_nothing_is_left_of_an_export_that_fails(tmp_path: Path) -> None:
    sheared = AFFINE.copy()
    sheared[0, 2] = 3.0
    with pytest.raises(DataError, match="perpendicular axes"):
        write_mdme_dicom(SIGNAL, sheared, SEQUENCE, tmp_path / "mdme")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_of_other_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a signal \(X, Y, Z, 4, 2\), got \(6, 5, 3, 3, 2\)"):
        write_mdme_dicom(SIGNAL[..., 1:, :], AFFINE, SEQUENCE, tmp_path / "mdme")


@pytest.mark.parametrize(
    "variant", [{"components": "real"}, {"delay_tag": "TE"}, {"private_block": 9}], ids=str
)
def test_unknown_variants_are_refused(variant: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        DicomVariant(**variant)
