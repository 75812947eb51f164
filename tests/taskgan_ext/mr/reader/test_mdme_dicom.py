from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.reader.read import read_mdme

ROUNDING = 2.0
"""Counts of 2000: half a count, or a milliradian of phase at the brightest voxel."""
VENDORS = ["ge", "philips", "siemens"]
COMPONENTS = ["real_imag", "magnitude_phase", "magnitude"]
VARIANTS = {
    "shuffled": {},
    "several series": {"series": "many"},
    "implicit VR": {"implicit_vr": True},
}
GE_VARIANTS = {
    "block elsewhere": {"private_block": 0x2A},
    "block elsewhere, implicit VR": {"private_block": 0x2A, "implicit_vr": True},
    "type lost": {"private_vr": "UN", "private_block": 0x11},
    "trigger time, ordered names": {"delay_tag": "TriggerTime", "shuffled": False},
}
Export = Callable[..., Path]


def check_equal(image: MDMEImage, scan, components: str) -> None:
    magnitude = components == "magnitude"
    expected = np.abs(scan.counts) if magnitude else scan.counts
    assert image.kind == ("magnitude" if magnitude else "complex")
    assert image.field_strength == 3.0
    assert image.signal.dtype == (np.float32 if magnitude else np.complex64)
    np.testing.assert_allclose(image.signal, expected, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(image.affine, scan.affine, atol=1e-6)
    np.testing.assert_allclose(image.sequence.delays, scan.sequence.delays, rtol=1e-6)
    np.testing.assert_allclose(image.sequence.echo_times, scan.sequence.echo_times, rtol=1e-6)
    assert image.sequence.repetition_time == pytest.approx(scan.sequence.repetition_time)
    assert image.frame_of_reference


@pytest.mark.parametrize("components", COMPONENTS)
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_export_gives_the_acquisition_back(
    variant: str, vendor: str, components: str, scan, export: Export
) -> None:
    image = read_mdme(export(scan, vendor, components=components, **VARIANTS[variant]))
    check_equal(image, scan, components)
    assert image.delays_from == "header"


@pytest.mark.parametrize("components", COMPONENTS)
@pytest.mark.parametrize("variant", GE_VARIANTS)
def test_component_and_delay_are_found_wherever_ge_keeps_them(
    variant: str, components: str, scan, export: Export
) -> None:
    image = read_mdme(export(scan, components=components, **GE_VARIANTS[variant]))
    check_equal(image, scan, components)
    assert image.delays_from == "header"


@pytest.mark.parametrize("components", COMPONENTS)
@pytest.mark.parametrize(("vendor", "series"), [("ge", "many"), ("philips", "one"), ("siemens", "one")])
def test_without_delay_the_slice_count_and_the_images_tell_it(
    series: str, vendor: str, components: str, whole_scan, export: Export
) -> None:
    folder = export(whole_scan, vendor, components=components, delay_tag="none", series=series)
    image = read_mdme(folder)
    check_equal(image, whole_scan, components)
    assert image.delays_from == "slice count"


@pytest.mark.parametrize("scale", ["rad", "mrad", "steps"])
@pytest.mark.parametrize("vendor", ["philips", "ge"])
def test_phase_may_be_on_any_scale(vendor: str, scale: str, scan, export: Export) -> None:
    image = read_mdme(export(scan, vendor, components="magnitude_phase", phase_scale=scale))
    check_equal(image, scan, "magnitude_phase")


@pytest.mark.parametrize("reverse", [False, True])
def test_given_delays_may_be_in_either_order(reverse: bool, scan, export: Export) -> None:
    folder = export(scan, "philips", delay_tag="none")
    image = read_mdme(folder, delays=sorted(scan.sequence.delays, reverse=reverse))
    check_equal(image, scan, "real_imag")
    assert image.delays_from == "user"


def test_given_times_take_precedence_over_the_header(scan, export: Export) -> None:
    image = read_mdme(export(scan), delays=[0.1, 3.5, 0.5, 1.5], echo_times=[0.02, 0.1], repetition_time=4.2)
    assert image.sequence.delays == (0.1, 0.5, 1.5, 3.5)
    assert image.sequence.echo_times == (0.02, 0.1)
    assert image.sequence.repetition_time == 4.2
    np.testing.assert_allclose(image.signal, scan.counts, rtol=0, atol=ROUNDING)


def test_position_one_may_be_the_shortest_delay(whole_scan, export: Export) -> None:
    """Whichever way the scanner counts, the images decide."""
    folder = export(whole_scan, "philips", delay_tag="none")
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        image.TemporalPositionIdentifier = 5 - image.TemporalPositionIdentifier
        image.save_as(path)
    check_equal(read_mdme(folder), whole_scan, "real_imag")


@pytest.mark.parametrize("place", ["subfolders", "no suffix", "beside other files"])
def test_files_may_lie_anywhere_under_any_name(place: str, scan, export: Export) -> None:
    folder = export(scan)
    for number, path in enumerate(sorted(folder.iterdir())):
        if place == "subfolders":
            (folder / str(number % 3)).mkdir(exist_ok=True)
            path.rename(folder / str(number % 3) / path.name)
        elif place == "no suffix":
            path.rename(folder / str(1000 - number))
    if place == "beside other files":
        (folder / "notes.txt").write_text("ax MAGiC, second try")
        (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + bytes(100))
        (folder / ".writing-1").write_bytes(bytes(128) + b"DICM" + bytes(100))
    check_equal(read_mdme(folder), scan, "real_imag")


def test_all_four_components_are_enough_of_two(scan, export: Export, tmp_path: Path) -> None:
    """Some exports hold magnitude and phase beside real and imaginary."""
    for components in ("real_imag", "magnitude_phase"):
        export(scan, "siemens", components=components).rename(tmp_path / components)
    for path in (tmp_path / "magnitude_phase").iterdir():
        image = pydicom.dcmread(path)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{image.SOPInstanceUID[:50]}.9"
        image.save_as(path)
    check_equal(read_mdme(tmp_path), scan, "real_imag")


def test_reading_is_blind_to_slice_location_and_series_uid(scan, export: Export) -> None:
    folder = export(scan)
    for number, path in enumerate(sorted(folder.iterdir())):
        image = pydicom.dcmread(path)
        image.SliceLocation, image.SeriesInstanceUID = "0", f"1.2.{number % 5}"
        image.save_as(path)
    check_equal(read_mdme(folder), scan, "real_imag")


def test_a_wrong_number_of_delays_is_refused(scan, export: Export) -> None:
    with pytest.raises(DataError, match=r"expected 4 delays.*got \[0\.1, 0\.5, 1\.5\]"):
        read_mdme(export(scan), delays=[0.1, 0.5, 1.5])


@pytest.mark.parametrize(
    "times",
    [
        {"delays": [146, 546, 1879, 3879]},
        {"delays": [0.1, 0.1, 1, 2]},
        {"echo_times": []},
        {"repetition_time": -1},
    ],
    ids=str,
)
def test_impossible_times_are_refused(times: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in seconds"):
        read_mdme(tmp_path, **times)


def test_without_delay_and_with_few_slices_delays_are_asked_for(scan, export: Export) -> None:
    with pytest.raises(DataError, match=r"2 slices and 4 delays\); give them with --td"):
        read_mdme(export(scan, delay_tag="none"))


def test_dynamics_in_no_order_are_refused(whole_scan, export: Export) -> None:
    folder = export(whole_scan, "philips", delay_tag="none")
    swapped = {1: 2, 2: 1, 3: 4, 4: 3}
    for path in folder.iterdir():
        image = pydicom.dcmread(path)
        image.TemporalPositionIdentifier = swapped[image.TemporalPositionIdentifier]
        image.save_as(path)
    with pytest.raises(DataError, match=r"neither fits.*--td"):
        read_mdme(folder)
