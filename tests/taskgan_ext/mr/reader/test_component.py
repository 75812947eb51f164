from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.component import COMPONENTS, component_of, find_component


def image(**elements: object) -> DicomFile:
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return DicomFile(Path("image.dcm"), header)


@pytest.mark.parametrize(
    ("tokens", "component"),
    [
        (["ORIGINAL", "PRIMARY", "M", "ND", "NORM"], "magnitude"),
        (["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"], "magnitude"),
        (["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "SE"], "phase"),
        (["ORIGINAL", "PRIMARY", "P", "ND"], "phase"),
        (["ORIGINAL", "PRIMARY", "R_SE", "R", "SE"], "real"),
        (["ORIGINAL", "PRIMARY", "IMAGINARY"], "imaginary"),
        (["ORIGINAL", "PRIMARY", "OTHER"], None),
        (["ORIGINAL"], None),
    ],
)
def test_tokens_of_image_type_tell_the_component(tokens: list[str], component: str | None) -> None:
    assert find_component(image(ImageType=tokens)) == component


def test_a_mixed_component_is_told_by_image_type() -> None:
    assert (
        component_of(image(ComplexImageComponent="MIXED", ImageType=["ORIGINAL", "PRIMARY", "P"])) == "phase"
    )


def test_two_components_in_one_header_are_refused() -> None:
    with pytest.raises(DataError, match="names both magnitude and phase"):
        component_of(image(ImageType=["ORIGINAL", "PRIMARY", "M", "P"]))


def test_an_unknown_private_number_is_refused() -> None:
    file = image(ImageType=["ORIGINAL", "PRIMARY", "M"])
    file.header.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2F, "SS", 7)
    with pytest.raises(DataError, match=r"0 \(magnitude\), 1 \(phase\).*got 7"):
        component_of(file)


@given(st.integers(0, 3), st.sampled_from(["SS", "UN", "several"]), st.integers(0x10, 0xFF))
def test_ge_tells_the_component_at_any_offset_and_type(number: int, kind: str, block: int) -> None:
    file = image(ImageType=["ORIGINAL", "PRIMARY", "OTHER"])
    value = {"SS": number, "UN": number.to_bytes(2, "little") + bytes(6), "several": [number, 0, 0]}[kind]
    file.header.add_new((0x0043, block), "LO", "GEMS_PARM_01")
    file.header.add_new((0x0043, (block << 8) + 0x2F), "UN" if kind == "UN" else "SS", value)
    assert component_of(file) == COMPONENTS[number]
