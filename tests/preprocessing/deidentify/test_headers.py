"""Headers alone, as an import has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pet_headers import pet_headers
from pydicom import Dataset

from preprocessing.deidentify.headers import deidentify_headers
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import RefusedSeries

KEY = bytes(range(32))


@given(key=st.binary(min_size=32, max_size=32), dated=st.booleans(), redated=st.sampled_from([0.0, 5000.0]))
@settings(max_examples=15, deadline=None)
def test_suv_does_not_depend_on_the_key(key: bytes, dated: bool, redated: float) -> None:
    headers = pet_headers(PetVariant(injection_datetime=dated, redated=redated))
    cleaned, _ = deidentify_headers(headers, key)
    assert suv_factor(cleaned).factor == suv_factor(headers).factor


def test_the_order_and_the_sources_stay_as_they_are() -> None:
    headers = pet_headers()
    before = [header.to_json() for header in headers]
    cleaned, report = deidentify_headers(headers, KEY, "sub-07")
    assert [header.to_json() for header in headers] == before
    assert [header.InstanceNumber for header in cleaned] == [header.InstanceNumber for header in headers]
    assert {str(header.PatientName) for header in cleaned} == {"sub-07"}
    assert report["PatientName"] == {"replaced": len(headers)}
    assert report["SeriesDescription"] == {"removed": len(headers)}


def test_two_patients_are_refused() -> None:
    headers = pet_headers()
    headers[1].PatientID = "another"
    with pytest.raises(RefusedSeries) as refused:
        deidentify_headers(headers, KEY)
    assert refused.value.code == "series_mixed"


def test_patients_of_two_issuers_are_two() -> None:
    first, second = (pet_headers(change=issued_by(issuer))[:1] for issuer in ("A", "B"))
    assert deidentify_headers(first, KEY)[0][0].PatientID != deidentify_headers(second, KEY)[0][0].PatientID


def issued_by(issuer: str):
    return lambda header: setattr(header, "IssuerOfPatientID", issuer)


def test_codes_of_snomed_rt_stay_and_unknown_ones_go() -> None:
    def recode(header: Dataset) -> None:
        tracer = header.RadiopharmaceuticalInformationSequence[0]
        nuclide = tracer.RadionuclideCodeSequence[0]
        nuclide.CodeValue, nuclide.CodingSchemeDesignator, nuclide.CodeMeaning = "C-111A1", "SNM3", "Jane Doe"
        drug = tracer.RadiopharmaceuticalCodeSequence[0]
        drug.CodeValue, drug.CodingSchemeDesignator = "JANE", "99LOCAL"

    cleaned, _ = deidentify_headers(pet_headers(change=recode), KEY)
    tracer = cleaned[0].RadiopharmaceuticalInformationSequence[0]
    nuclide = tracer.RadionuclideCodeSequence[0]
    assert (nuclide.CodeValue, nuclide.CodingSchemeDesignator) == ("C-111A1", "SNM3")
    assert nuclide.CodeMeaning == "^18^Fluorine"
    assert "RadiopharmaceuticalCodeSequence" not in tracer
