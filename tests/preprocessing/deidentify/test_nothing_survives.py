"""Whatever is planted in a header, in whatever element, type and depth, is not in the bytes that come out."""

import tempfile
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import tag_for_keyword
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from preprocessing.deidentify.folder import deidentify_folder
from preprocessing.deidentify.headers import deidentify_headers
from preprocessing.deidentify.profile import CODES, IMAGE_NUMBERS, ITEMS, KEPT_EMPTY, TOP
from preprocessing.deidentify.values import LIMITS
from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import RefusedSeries

KEY = bytes(range(100, 140))
AFFINE = np.array([[-2.0, 0, 0, 30], [0, -2.0, 0, 20], [0, 0, 3.0, 5], [0, 0, 0, 1]])
VOLUME = np.random.default_rng(2).gamma(2.0, 20_000.0, (8, 8, 3)).astype(np.float32)

NAMES = ("Quisenberry^Zoltan", "MRN-770042-Z", "St. Planted Hospital", "Dr. Haverbrook")
DATES = ("19450312", "20190704")
UIDS = ("1.2.840.113619.2.55.3.77042.1", "1.2.840.10008.77042.19450312")
PLANTED = (
    *("Quisenberry", "Zoltan", "770042", "Planted", "Haverbrook", "77042"),
    *(
        form
        for d in DATES
        for form in (d, d[6:] + d[4:6] + d[:4], d[4:] + d[:4], f"{d[:4]}-{d[4:6]}-{d[6:]}")
    ),
    *("12/03/1945", "04.07.2019", "1945.03.12", *UIDS),
)
BYTES = [text.encode() for text in PLANTED]
BYTES += [text.encode("utf-16-le") for text in PLANTED]
BYTES += [int(date).to_bytes(4, order) for date in DATES for order in ("little", "big")]

VALUES: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR"), (*NAMES, *DATES, *UIDS)),
    "AS": ("1945", "Zoltan"),
    "TM": ("19450312", "Zoltan", "120000.19450312"),
    "DA": (*DATES, "1945.03.12", "Zoltan"),
    "DT": ("19450312", "20190704121314", "20190704121314.5+0100", "Zoltan"),
    "UI": UIDS,
    **dict.fromkeys(("IS", "DS"), DATES),
    **dict.fromkeys(("UL", "SL"), tuple(map(int, DATES))),
    **dict.fromkeys(("OB", "OW", "UN"), tuple(text.encode().ljust(20) for text in NAMES)),
}
# What makes it another kind of object, or no image: such files are refused, which other tests look at.
STRUCTURE = {
    *IMAGE_NUMBERS,
    *LIMITS,  # large numbers: 19450312 Bq is a dose
    *(
        "SOPClassUID",
        "Modality",
        "PhotometricInterpretation",
        "BurnedInAnnotation",
        "Units",
        "NumberOfFrames",
    ),
    *("PixelData", "NumberOfSlices", "SpecificCharacterSet", "ModalityLUTSequence", "SOPInstanceUID"),
    *("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
}
ALLOWED = {
    tag: entry for tag, entry in DicomDictionary.items() if tag >> 16 >= 8 and entry[4] not in STRUCTURE
}
SEQUENCES = [tag for tag, entry in ALLOWED.items() if entry[0] == "SQ"]
PLAIN = {tag: entry[0] for tag, entry in ALLOWED.items() if entry[0] in VALUES}
CODED = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
KNOWN = [tag for tag in PLAIN if ALLOWED[tag][4] in {*TOP, *KEPT_EMPTY, *CODED, *chain(*ITEMS.values())}]
WELL_KNOWN = (
    *("SourceImageSequence", "DerivationCodeSequence", "PatientOrientationCodeSequence"),
    *("EnergyWindowRangeSequence", "RadiopharmaceuticalInformationSequence"),
)


@st.composite
def plain_elements(draw: st.DrawFn) -> tuple[int, str, object]:
    """A planted value in an element of any kind; every other one is an element that the profile knows."""
    tag = draw(st.sampled_from(KNOWN) | st.sampled_from(list(PLAIN)))
    return tag, PLAIN[tag], draw(st.sampled_from(VALUES[PLAIN[tag]]))


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """Planted elements, also private ones, with sequences of such data sets."""
    dataset = Dataset()
    with quiet_parser():
        for tag, vr, value in draw(st.lists(plain_elements(), min_size=1, max_size=12)):
            dataset.add_new(tag, vr, value)
        creators = ("GEMS_PETD_01", "GEMS_PARM_01", "Philips PET Private Group", "Zoltan's tool")
        group = draw(st.sampled_from((0x0009, 0x0043, 0x7053, 0x00E1)))
        dataset.add_new((group, 0x10), "LO", draw(st.sampled_from(creators)))
        vr = draw(st.sampled_from(("LO", "DT", "UN", "OB", "PN", "DS")))
        element = draw(st.sampled_from((0x00, 0x09, 0x0D, 0x2F, 0x77)))
        dataset.add_new((group, 0x1000 + element), vr, draw(st.sampled_from(VALUES[vr])))
        if depth:
            known = [tag_for_keyword(keyword) for keyword in WELL_KNOWN]
            tags = st.sampled_from(SEQUENCES) | st.sampled_from(known)
            for tag in draw(st.lists(tags, max_size=3, unique=True)):
                dataset.add_new(tag, "SQ", draw(st.lists(data_sets(depth - 1), min_size=1, max_size=2)))
    return dataset


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit VR", "implicit VR"])
@pytest.mark.parametrize("turn", range(max(map(len, VALUES.values()))))
def test_no_element_of_the_dictionary_lets_anything_through(
    turn: int, implicit: bool, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    with quiet_parser():
        write_pet_dicom(VOLUME, AFFINE, source)
        path = next(source.iterdir())
        write_planted(path, everything(turn), implicit)
        (header,), _ = deidentify_headers([dcmread(path, stop_before_pixels=True)], KEY)
        header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        (tmp_path / "out").mkdir()
        header.save_as(tmp_path / "out" / "image", enforce_file_format=True)
    check_clean(tmp_path / "out")


def everything(turn: int) -> Dataset:
    """A planted value in every element of the dictionary, and in known ones also in sequences that stay."""
    dataset, inner = Dataset(), Dataset()
    with quiet_parser():
        for tag, vr in PLAIN.items():
            dataset.add_new(tag, vr, VALUES[vr][turn % len(VALUES[vr])])
            if tag in KNOWN:
                inner.add(dataset[tag])
        for keyword in {*ITEMS, *CODES}:
            setattr(dataset, keyword, [inner])
    return dataset


@given(planted=data_sets(), implicit=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_planted_text_date_or_uid_is_in_the_bytes(planted: Dataset, implicit: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / NAMES[0], Path(name) / "out"
        message = deidentify_planted(source, out, planted, implicit)
        assert [text for text in PLANTED if text in message] == []
        assert out.exists() == (not message)
        check_clean(out)


def test_most_planted_files_are_not_refused() -> None:
    """The property above would say nothing about files that are all refused."""
    outcomes = []

    @given(planted=data_sets())
    @settings(max_examples=15, deadline=None, database=None, derandomize=True)
    def note(planted: Dataset) -> None:
        with tempfile.TemporaryDirectory() as name:
            outcomes.append(deidentify_planted(Path(name) / "source", Path(name) / "out", planted, False))

    note()
    assert outcomes.count("") >= 0.8 * len(outcomes), [text for text in outcomes if text][:3]


def check_clean(out: Path) -> None:
    for path in out.rglob("*"):
        assert [text for text in PLANTED if text in str(path.relative_to(out))] == []
        content = path.read_bytes() if path.is_file() else b""
        assert [text for text in BYTES if text in content] == []


def deidentify_planted(source: Path, out: Path, planted: Dataset, implicit: bool) -> str:
    """The message of the refusal without the path of the source; empty if there was none."""
    with quiet_parser():
        write_pet_dicom(VOLUME, AFFINE, source, variant=PetVariant(units="GML"))
        for path in source.iterdir():
            write_planted(path, planted, implicit)
        try:
            deidentify_folder(source, out, KEY, show_progress=False)
        except RefusedSeries as error:
            return str(error).replace(str(source), "")
    return ""


def write_planted(path: Path, planted: Dataset, implicit: bool) -> None:
    image = dcmread(path)
    # What the source says of the patient is planted as well; elements that make SUV stay as they are.
    image.update(planted)
    image.PatientName, image.PatientID, image.PatientBirthDate = NAMES[0], NAMES[1], DATES[0]
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = DATES[1]
    image.preamble = NAMES[0].encode().ljust(128, b"\0")
    image.file_meta.SourceApplicationEntityTitle = "ZOLTAN"
    if implicit:
        image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    image.save_as(path, enforce_file_format=True, implicit_vr=implicit, little_endian=True)
