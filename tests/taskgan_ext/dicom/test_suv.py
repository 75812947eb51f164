"""SUV factors of the vendors' headers, against the closed formula."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pet_headers import pet_headers
from pydicom import Dataset

from preprocessing.pet.dicom_header import PHILIPS_BQML_PER_COUNT
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant
from taskgan_ext.dicom.suv import activity_per_count, suv_factor
from taskgan_ext.errors import RefusedSeries

PROTOCOL = PetProtocol(injected_bq=312e6, weight_kg=68.0, uptake=5700.0, half_life=6588.0)
BQML = 68e3 / (312e6 * 0.5 ** (5700 / 6588))
"""Closed formula: weight in g over the dose that is left."""
GE = replace(PetVariant(vendor="ge"), private_scan_time=True)

VENDORS = {
    "Siemens, static": (PetVariant(), BQML),
    "no RadiopharmaceuticalStartDateTime": (PetVariant(injection_datetime=False), BQML),
    "Siemens, whole body": (PetVariant(series_type="WHOLE BODY"), BQML),
    "Siemens, dated again after processing": (PetVariant(redated=2 * 3600.0), BQML),
    "GE, dated again, private scan time": (replace(GE, redated=4000.0), BQML),
    "GE, corrected to the injection": (replace(GE, decay_correction="ADMIN"), 68e3 / 312e6),
    "Philips, counts with a SUV factor": (
        PetVariant(vendor="philips", units="CNTS", philips_suv_factor="suv"),
        BQML * PHILIPS_BQML_PER_COUNT,
    ),
    "Philips, counts with an activity factor": (
        PetVariant(vendor="philips", units="CNTS", philips_suv_factor="activity"),
        BQML * PHILIPS_BQML_PER_COUNT,
    ),
    "Philips, Bq/ml with both factors": (PetVariant(vendor="philips", philips_suv_factor="both"), BQML),
    "Philips, no SeriesDate": (PetVariant(vendor="philips", omit=("SeriesDate",)), BQML),
    "values are SUV": (PetVariant(units="GML"), 1.0),
}


@pytest.mark.parametrize("name", VENDORS)
def test_the_factor_of_every_vendor_is_that_of_the_formula(name: str) -> None:
    variant, expected = VENDORS[name]
    found = suv_factor(pet_headers(variant, PROTOCOL))
    assert found.factor == pytest.approx(expected, rel=1e-6)


@given(
    dose=st.floats(2e6, 9e8),
    weight=st.floats(2.0, 300.0),
    half_life=st.sampled_from([1220.0, 4062.6, 6586.2, 6588.0]),
    half_lives=st.floats(0.0, 9.9),
    start=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),
    variant=st.sampled_from([PetVariant(), GE, PetVariant(redated=86_400.0), PetVariant(redated=1.0)]),
    dated=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_dose_weight_and_times_enter_as_the_formula_says(
    dose: float,
    weight: float,
    half_life: float,
    half_lives: float,
    start: datetime,
    variant: PetVariant,
    dated: bool,
) -> None:
    uptake = round(half_lives * half_life)
    protocol = PetProtocol(dose, weight, float(uptake), half_life, scan_start=start.replace(microsecond=0))
    found = suv_factor(pet_headers(replace(variant, injection_datetime=dated), protocol))
    assert found.uptake == pytest.approx(uptake)
    assert found.dose_bq == pytest.approx(dose * 0.5 ** (uptake / half_life), rel=1e-6)
    assert found.factor == pytest.approx(weight * 1e3 / (dose * 0.5 ** (uptake / half_life)), rel=1e-6)


@pytest.mark.parametrize("dated", [True, False])
def test_an_injection_before_midnight_belongs_to_the_day_before(dated: bool) -> None:
    protocol = replace(PROTOCOL, scan_start=datetime(2000, 3, 1, 0, 20))
    found = suv_factor(pet_headers(PetVariant(injection_datetime=dated), protocol))
    assert found.factor == pytest.approx(BQML, rel=1e-9)


def test_a_scan_over_midnight_has_its_earliest_acquisition_on_the_first_day() -> None:
    protocol = replace(PROTOCOL, scan_start=datetime(2000, 2, 29, 23, 50))
    variant = PetVariant(series_type="WHOLE BODY", redated=7200.0)
    assert suv_factor(pet_headers(variant, protocol)).factor == pytest.approx(BQML, rel=1e-9)


@pytest.mark.parametrize(("offset", "zone"), [("+0100", "+0100"), ("-0500", "+0100"), ("+0530", "-0230")])
def test_a_time_zone_of_the_injection_is_brought_to_that_of_the_series(offset: str, zone: str) -> None:
    def shift(header: Dataset) -> None:
        apart = timedelta(**hours_of(zone)) - timedelta(**hours_of(offset))
        tracer = header.RadiopharmaceuticalInformationSequence[0]
        header.TimezoneOffsetFromUTC = zone
        tracer.RadiopharmaceuticalStartDateTime = f"{PROTOCOL.injection - apart:%Y%m%d%H%M%S}{offset}"
        del tracer.RadiopharmaceuticalStartTime

    found = suv_factor(pet_headers(protocol=PROTOCOL, change=shift))
    assert found.factor == pytest.approx(BQML, rel=1e-9)
    assert found.warnings == ()


def hours_of(zone: str) -> dict[str, int]:
    sign = int(f"{zone[0]}1")
    return {"hours": sign * int(zone[1:3]), "minutes": sign * int(zone[3:])}


def test_a_time_zone_without_that_of_the_series_is_taken_for_the_scanners() -> None:
    def name_zone(header: Dataset) -> None:
        tracer = header.RadiopharmaceuticalInformationSequence[0]
        tracer.RadiopharmaceuticalStartDateTime += "+0200"

    found = suv_factor(pet_headers(protocol=PROTOCOL, change=name_zone))
    assert found.factor == pytest.approx(BQML, rel=1e-9)
    assert any("TimezoneOffsetFromUTC" in text for text in found.warnings)


def test_factors_of_philips_that_contradict_the_dose_are_told() -> None:
    def spoil(header: Dataset) -> None:
        header.private_block(0x7053, "Philips PET Private Group")[0x00].value = "1.0"

    variant = PetVariant(vendor="philips", philips_suv_factor="both")
    assert suv_factor(pet_headers(variant, PROTOCOL)).warnings == ()
    assert "Philips" in suv_factor(pet_headers(variant, PROTOCOL, spoil)).warnings[0]
    counts = suv_factor(pet_headers(replace(variant, units="CNTS"), PROTOCOL, spoil))
    assert counts.factor == 1.0
    assert "Philips" in counts.warnings[0]


def test_philips_counts_need_neither_dose_nor_weight() -> None:
    variant = PetVariant(vendor="philips", units="CNTS", philips_suv_factor="both").without("PatientWeight")
    found = suv_factor(pet_headers(variant, PROTOCOL))
    assert found.factor == pytest.approx(BQML * PHILIPS_BQML_PER_COUNT, rel=1e-6)
    assert activity_per_count(pet_headers(variant)) == PHILIPS_BQML_PER_COUNT


def test_a_frame_reference_time_that_fits_gives_no_warning_and_one_that_does_not_does() -> None:
    def set_time(milliseconds: float) -> Callable[[Dataset], None]:
        return lambda header: setattr(header, "FrameReferenceTime", f"{milliseconds:.3f}")

    # A frame of 1200 s of F-18 has its mean activity a little before its middle.
    fits = suv_factor(pet_headers(protocol=PROTOCOL, change=set_time(593_700.0)))
    assert fits.warnings == ()
    other = suv_factor(pet_headers(protocol=PROTOCOL, change=set_time(1.0)))
    assert "FrameReferenceTime" in other.warnings[0]
    assert other.factor == fits.factor


BROKEN = {
    "no weight": (PetVariant().without("PatientWeight"), r"PatientWeight \(0010,1030\) is missing"),
    "no dose": (PetVariant().without("RadionuclideTotalDose"), r"RadionuclideTotalDose \(0018,1074\)"),
    "no half-life": (PetVariant().without("RadionuclideHalfLife"), r"RadionuclideHalfLife \(0018,1075\)"),
    "no SeriesTime": (PetVariant().without("SeriesTime"), r"SeriesTime \(0008,0031\)"),
    "no AcquisitionTime": (PetVariant().without("AcquisitionTime"), r"AcquisitionTime \(0008,0032\)"),
    "no DecayCorrection": (PetVariant().without("DecayCorrection"), r"DecayCorrection \(0054,1102\)"),
    "no CorrectedImage": (PetVariant().without("CorrectedImage"), r"CorrectedImage \(0028,0051\)"),
    "no injection": (
        PetVariant(injection_datetime=False).without("RadiopharmaceuticalStartTime"),
        r"RadiopharmaceuticalStartTime \(0018,1072\) is missing",
    ),
    "no tracer": (PetVariant().without("RadiopharmaceuticalInformationSequence"), r"\(0054,0016\)"),
    "no Units": (PetVariant().without("Units"), r"Units \(0054,1001\)"),
    "no decay correction": (PetVariant(decay_correction="NONE"), "DecayCorrection .* is NONE"),
    "counts without factors": (PetVariant(units="CNTS"), "7053,xx09"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_missing_attribute_is_refused_by_name_and_number(name: str) -> None:
    variant, message = BROKEN[name]
    with pytest.raises(RefusedSeries, match=message) as refused:
        suv_factor(pet_headers(variant, PROTOCOL))
    assert refused.value.code == "suv_tag_missing"


def test_units_that_are_no_concentration_of_activity_are_refused() -> None:
    with pytest.raises(RefusedSeries, match="PROPCPS") as refused:
        suv_factor(pet_headers(PetVariant(units="PROPCPS"), PROTOCOL))
    assert refused.value.code == "units_unsupported"


IMPOSSIBLE = {
    "PatientWeight": ["NaN", "inf", "0", "-70", "1_0", "401", "0.5", ""],
    "RadionuclideTotalDose": ["NaN", "312", "999999", "-1e8", "1e400"],
    "RadionuclideHalfLife": ["NaN", "0", "Infinity"],
    "RadiopharmaceuticalStartDateTime": ["19000101", "00010101000000", "20000101", "21000101120000", "soon"],
    "SeriesTime": ["250000", "12", "noon"],
    "AcquisitionDate": ["20000230", "x"],
}


@pytest.mark.parametrize(
    ("keyword", "value"), [(keyword, value) for keyword, values in IMPOSSIBLE.items() for value in values]
)
def test_an_impossible_value_is_refused_by_name_and_not_quoted(keyword: str, value: str) -> None:
    def spoil(header: Dataset) -> None:
        tracer = header.RadiopharmaceuticalInformationSequence[0]
        setattr(tracer if keyword.startswith("Radio") else header, keyword, value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's own, of the values that are planted
        headers = pet_headers(protocol=PROTOCOL, change=spoil)
    with pytest.raises(RefusedSeries, match=keyword) as refused:
        suv_factor(headers)
    assert refused.value.code == "suv_tag_missing"


@pytest.mark.parametrize(
    "keyword",
    ["PatientWeight", "Units", "SeriesTime", "RadionuclideTotalDose", "RadiopharmaceuticalStartDateTime"],
)
def test_slices_that_contradict_one_another_are_refused(keyword: str) -> None:
    headers = pet_headers(protocol=PROTOCOL)
    tracer = headers[3].RadiopharmaceuticalInformationSequence[0]
    values = {"Units": "GML", "SeriesTime": "120001", "RadiopharmaceuticalStartDateTime": "20000101090000"}
    setattr(tracer if keyword.startswith("Radio") else headers[3], keyword, values.get(keyword, "4e8"))
    with pytest.raises(RefusedSeries, match=f"{keyword}.*(not the same|is impossible)"):
        suv_factor(headers)


def test_suv_by_lean_body_mass_is_refused() -> None:
    with pytest.raises(RefusedSeries, match="LBM") as refused:
        suv_factor(pet_headers(PetVariant(units="GML"), change=lambda h: setattr(h, "SUVType", "LBM")))
    assert refused.value.code == "units_unsupported"


def test_uncorrected_images_are_refused() -> None:
    with pytest.raises(RefusedSeries, match="ATTN"):
        suv_factor(pet_headers(change=lambda h: setattr(h, "CorrectedImage", ["DECY", "RAN"])))


def test_no_value_of_the_file_is_quoted_where_it_could_name_a_patient() -> None:
    with pytest.raises(RefusedSeries) as refused:
        suv_factor(pet_headers(change=lambda h: setattr(h, "Units", "DOE JOHN")))
    assert "DOE" not in str(refused.value)
