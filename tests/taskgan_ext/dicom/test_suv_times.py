"""Moments of injection and scan that headers tell badly: days, midnights and time zones."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pet_headers import pet_headers
from pydicom import Dataset

from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import RefusedSeries

LONG_LIVED = {"Cu-64": 45_720.0, "Zr-89": 282_240.0, "Y-86": 53_064.0}
SHORT_LIVED = {"C-11": 1220.0, "N-13": 597.8, "Ga-68": 4062.6, "F-18": 6586.2}


@pytest.mark.parametrize("nuclide", LONG_LIVED)
@pytest.mark.parametrize("hours", [1.0, 27.0, 97.0])
def test_a_time_without_a_date_does_not_tell_the_injection_of_a_long_lived_nuclide(
    nuclide: str, hours: float
) -> None:
    protocol = PetProtocol(half_life=LONG_LIVED[nuclide], uptake=3600 * hours)
    assert suv_factor(pet_headers(None, protocol)).factor == pytest.approx(protocol.suv_factor, rel=1e-6)
    with pytest.raises(RefusedSeries, match=r"RadiopharmaceuticalStartDateTime .* does not tell the day"):
        suv_factor(pet_headers(PetVariant(injection_datetime=False), protocol))


@pytest.mark.parametrize("nuclide", SHORT_LIVED)
@pytest.mark.parametrize("start", [datetime(2000, 1, 2, 0, 20), datetime(2000, 1, 1, 12)])
def test_a_time_without_a_date_tells_the_injection_of_a_short_lived_one(
    nuclide: str, start: datetime
) -> None:
    half_life = SHORT_LIVED[nuclide]
    protocol = PetProtocol(half_life=half_life, uptake=min(5400.0, 3 * half_life), scan_start=start)
    found = suv_factor(pet_headers(PetVariant(injection_datetime=False), protocol))
    assert found.factor == pytest.approx(protocol.suv_factor, rel=1e-6)


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize(("series", "acquired"), [("235000", "000500"), ("000500", "235000")])
def test_a_scan_over_midnight_needs_no_acquisition_date(series: str, acquired: str, dated: bool) -> None:
    """The series begins, or is stored, at the other side of midnight than the acquisition."""
    scan = min(series, acquired, key=lambda text: text < "12")
    late = series == scan
    start = datetime(2000, 1, 1 if late else 2, int(series[:2]), int(series[2:4]))
    protocol = PetProtocol(scan_start=start, uptake=4800.0)

    def undate(header: Dataset) -> None:
        header.AcquisitionDate, header.AcquisitionTime = "", acquired

    found = suv_factor(pet_headers(PetVariant(injection_datetime=dated), protocol, undate))
    # Without a later SeriesTime the first acquisition is what the values are corrected to.
    expected = protocol if late else replace(protocol, uptake=4800.0 - 900.0)
    assert found.factor == pytest.approx(expected.suv_factor, rel=1e-6)


def zoned(offset: str, hours: float, clock: bool = True) -> Callable[[Dataset], None]:
    """Injection at 10:30 by the clock of the scanner, written as a date and time of another zone."""

    def change(header: Dataset) -> None:
        tracer = header.RadiopharmaceuticalInformationSequence[0]
        moment = datetime(2000, 1, 1, 10, 30) - timedelta(hours=hours)
        tracer.RadiopharmaceuticalStartDateTime = f"{moment:%Y%m%d%H%M%S}{offset}"
        tracer.RadiopharmaceuticalStartTime = "103000" if clock else ""

    return change


@pytest.mark.parametrize(
    ("offset", "hours"), [("+0000", 1), ("+0000", -8), ("+0000", 5.75), ("-0500", 6), ("+0000", 13)]
)
def test_a_date_and_time_of_another_zone_is_brought_to_the_clock_of_the_scanner(
    offset: str, hours: float
) -> None:
    protocol = PetProtocol(scan_start=datetime(2000, 1, 1, 12), uptake=5400.0)
    found = suv_factor(pet_headers(None, protocol, zoned(offset, hours)))
    assert found.factor == pytest.approx(protocol.suv_factor, rel=1e-6)
    assert any("another time zone" in text for text in found.warnings)


@pytest.mark.parametrize("hours", [0.6, 3.4])
def test_a_date_and_time_of_no_zone_is_refused(hours: float) -> None:
    protocol = PetProtocol(scan_start=datetime(2000, 1, 1, 12), uptake=5400.0)
    with pytest.raises(RefusedSeries, match="names a time zone") as refused:
        suv_factor(pet_headers(None, protocol, zoned("+0000", hours)))
    assert refused.value.code == "suv_tag_missing"


def test_a_zone_that_the_series_tells_needs_no_clock() -> None:
    protocol = PetProtocol(scan_start=datetime(2000, 1, 1, 12), uptake=5400.0)

    def change(header: Dataset) -> None:
        zoned("+0000", 2)(header)
        header.TimezoneOffsetFromUTC = "+0200"

    found = suv_factor(pet_headers(None, protocol, change))
    assert found.factor == pytest.approx(protocol.suv_factor, rel=1e-6)
    assert found.warnings == ()
