"""The tables of the conformance page, compared with the code and with series that it writes."""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pet_headers import pet_headers
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from preprocessing.mr.dicom_export import write_contrast_dicom
from preprocessing.pet.dicom_export import write_pet_dicom
from taskgan_ext.dicom.derived import (
    Recipe,
    SynthesisedContrast,
    carried_header,
    derivation,
    mr_header,
    mr_series,
    pet_series,
    slices_of,
    write_derived_mr,
    write_derived_pet,
)
from taskgan_ext.dicom.derived.character_set import WRITABLE
from taskgan_ext.dicom.image_gate import MODALITIES, MULTIFRAME
from taskgan_ext.dicom.parse_file import LOSSLESS, UNCOMPRESSED
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import SERIES_CODES, RefusedSeries
from taskgan_ext.mr.protocol import Protocol

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 3, -10], [0, 0, 0, 1]])


def rows(title: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    lines = PAGE.partition(f" {title}\n")[2].splitlines()
    begin = next(index for index, line in enumerate(lines) if line.startswith("|")) + 2
    table = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def names(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def of_table(title: str) -> list[tuple[str, str]]:
    """Attributes with the code of the refusal without them."""
    return [(names(cells[0])[0], names(cells[2])[0]) for cells in rows(title)]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Folders of a PET and an MR series."""
    folder = tmp_path_factory.mktemp("conformance")
    volume = np.random.default_rng(0).gamma(2, 400, size=(12, 10, 4)).astype(np.float32)
    write_pet_dicom(volume, AFFINE, folder / "PET", seed=1)
    write_contrast_dicom(volume, AFFINE, "T1w", Protocol(0.6, 0.01), folder / "MR", seed=1)
    return {name: folder / name for name in ("PET", "MR")}


@pytest.fixture
def changed(sources: Mapping[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Function ``changed(kind, change)`` that gives a copy of a series whose images were changed."""

    def make(kind: str, change: Callable[[Dataset], object]) -> Path:
        folder = tmp_path / kind
        folder.mkdir()
        for path in sources[kind].iterdir():
            image = pydicom.dcmread(path)
            change(image)
            image.save_as(folder / path.name)
        return folder

    return make


def derive(kind: str, folder: Path, out: Path) -> tuple[Sequence[Dataset], list[Dataset]]:
    """Headers of a source and the images that were derived from it."""
    source = read_series(folder)
    recipe = Recipe("conformance", "1.0.0", 64 * "a", "denoised" if kind == "PET" else "synthesised T2w")
    if kind == "PET":
        done = write_derived_pet(source, source.volume, source.units, recipe, out)
    else:
        contrast = SynthesisedContrast("T2FLAIR", 9.0, 0.1, 2.5)
        done = write_derived_mr(slices_of(source), source.volume, contrast, recipe, out)
    return source.headers, [pydicom.dcmread(path) for path in done.files]


def vr_and_value(keyword: str) -> tuple[str, Any]:
    """A value that an attribute may have."""
    vr = dictionary_VR(tag_for_keyword(keyword) or 0).split(" ")[0]
    texts: dict[str, Any] = {
        "DA": "20010203",
        "TM": "010203",
        "DT": "20010203",
        "UI": "2.25.1",
        "SQ": [Dataset()],
    }
    numbers = {"US": 1, "SS": 1, "UL": 1, "FD": 1.0, "FL": 1.0, "IS": "1", "DS": "1"}
    return vr, (texts | numbers).get(vr, "X")


def test_objects_are_those_of_the_code():
    told = {UID(uid): (read, written) for _, uid, read, written in rows("Objects")}
    assert [name for name, *_ in rows("Objects")] == [uid.name for uid in told]
    assert {uid for uid, (read, _) in told.items() if read.startswith("yes")} == set(MODALITIES)
    refused = {uid for uid, (read, _) in told.items() if read == "refused by name"}
    assert refused == set(MULTIFRAME) - {EnhancedMRImageStorage}
    written = {uid for uid, (_, written) in told.items() if written.startswith("yes")}
    assert written == {PositronEmissionTomographyImageStorage, MRImageStorage}


def test_transfer_syntaxes_are_those_of_the_code():
    table = rows("Transfer syntaxes")
    assert [name for name, *_ in table] == [UID(uid).name for _, uid, *_ in table]
    assert {UID(uid) for _, uid, read, _ in table if read == "yes"} == {*UNCOMPRESSED, *LOSSLESS}
    assert [UID(uid) for _, uid, _, written in table if written == "always"] == [ExplicitVRLittleEndian]


@pytest.mark.parametrize("kind", ["PET", "MR"])
@pytest.mark.parametrize(("keyword", "code"), of_table("Every image"))
def test_an_image_without_a_needed_attribute_is_refused(kind, keyword, code, changed):
    folder = changed(kind, lambda image: delattr(image, keyword))
    with pytest.raises(RefusedSeries) as refused:
        read_series(folder)
    assert refused.value.code == code


@pytest.mark.parametrize(("keyword", "code"), of_table("PET besides"))
def test_a_pet_image_without_a_needed_attribute_is_refused(keyword, code, changed):
    folder = changed("PET", lambda image: delattr(image, keyword))
    with pytest.raises(RefusedSeries) as refused:
        read_series(folder)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", ["PET", "MR"])
def test_what_is_not_listed_may_be_missing(kind, sources, changed):
    image = pydicom.dcmread(next(sources[kind].iterdir()))
    needed = {keyword for title in ("Every image", "PET besides") for keyword, _ in of_table(title)}
    others = {element.keyword for element in image} - needed - {"SOPInstanceUID", ""}

    def strip(image: Dataset) -> None:
        for keyword in others:
            delattr(image, keyword)

    assert read_series(changed(kind, strip)).volume.shape == (12, 10, 4)


@pytest.mark.parametrize(("keyword", "code"), of_table("For SUV by body weight"))
def test_suv_without_a_needed_attribute_is_refused(keyword, code):
    headers = pet_headers()
    for header in headers:
        item = header.RadiopharmaceuticalInformationSequence[0]
        delattr(header if keyword in header else item, keyword)
    with pytest.raises(RefusedSeries) as refused:
        suv_factor(headers)
    assert refused.value.code == code


def test_suv_needs_nothing_else():
    needed = {keyword for keyword, _ in of_table("For SUV by body weight")}
    expected = suv_factor(pet_headers()).factor
    headers = pet_headers()
    for header in headers:
        item = header.RadiopharmaceuticalInformationSequence[0]
        kept = needed | {"RadiopharmaceuticalStartDateTime", "AcquisitionDate"}
        for dataset in (header, item):
            for keyword in {element.keyword for element in dataset} - kept:
                delattr(dataset, keyword)
    assert suv_factor(headers).factor == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", ["PET", "MR"])
def test_a_derived_image_differs_from_its_source_as_the_tables_say(kind, changed, tmp_path):
    column = {"PET": 1, "MR": 2}[kind]
    told = {names(cells[0])[0]: cells[column] for cells in rows("Set")}
    gone = {name for cells in rows("Left out") if kind in cells[0] for name in names(cells[2])}
    planted = gone - {"ModalityLUTSequence", "RescaleSlope", "RescaleIntercept"}  # they change what is read

    def plant(image: Dataset) -> None:
        for keyword in planted:
            image.add_new(keyword, *vr_and_value(keyword))
        image.add_new(0x60003000, "OW", b"1234")
        image.private_block(0x0011, "SOMEBODY", create=True).add_new(1, "LO", "private")

    headers, images = derive(kind, changed(kind, plant), tmp_path / "out")
    for header, image in zip(headers, images, strict=True):
        assert {key for key, state in told.items() if state == "set"} <= {each.keyword for each in image}
        lost = {element.tag for element in header} - {element.tag for element in image}
        public = {header[tag].keyword for tag in lost if not tag.is_private and tag.group != 0x6000}
        assert public <= gone | {key for key, state in told.items() if state == "left out"}
        assert not any(element.tag.is_private or element.keyword in gone for element in image)
        differing = {e.keyword for e in image if e.tag not in header or header[e.tag].value != e.value}
        assert differing <= {key for key, state in told.items() if state == "set"}


def test_what_is_left_out_is_that_of_the_code():
    table = [set(names(cells[2])) for cells in rows("Left out")]
    set_anew = {"SourceImageSequence", "DerivationCodeSequence"}
    nominal = {"EchoTrainLength", "InversionTime"}
    assert table[:3] == [
        set(carried_header.OF_THE_PIXELS),
        set(carried_header.OF_THE_INSTANCE) - set_anew,
        set(carried_header.OF_THE_STEP),
    ]
    assert table[3:] == [set(pet_series.UNTRUE), set(mr_header.OF_ONE_IMAGE) - nominal]
    for keyword in carried_header.OF_LOSS:
        assert keyword.startswith("LossyImageCompression")


def test_private_elements_and_codes_are_those_of_the_code():
    found = [
        (f"({group:04X},xx{element:02X})", creator, vr)
        for group, creator, element, vr in carried_header.CALIBRATION
    ]
    assert [tuple(cells[:3]) for cells in rows("Private elements")] == found
    codes = [
        (*pet_series.CODE[:1], derivation.SCHEME, pet_series.CODE[1]),
        (*mr_series.CODE[:1], derivation.SCHEME, mr_series.CODE[1]),
        derivation.SOURCE_IMAGE,
        derivation.PROCESSING,
    ]
    told = [cells[1] for cells in rows("Codes")]
    assert told == [f'({value}, {scheme}, "{meaning}")' for value, scheme, meaning in codes]


def test_character_sets_are_those_of_the_code():
    text = PAGE.partition("## Character sets")[2].partition("With any other")[0]
    assert set(re.findall(r"`([^`]+)`", text)) == WRITABLE - {""}


@pytest.mark.parametrize("cells", rows("Limits"), ids=lambda cells: cells[0])
def test_limits_are_those_of_the_code(cells):
    name, _, constant = cells[2].strip("`").partition(":")
    module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
    assert int(cells[1]) * (2**20 if "MiB" in cells[0] else 1) == getattr(module, constant)


def test_codes_are_those_that_the_code_refuses_with():
    told = [code for cells in rows("Refusals") for code in names(cells[1])]
    files = [path for name in ("dicom", "clinical") for path in (ROOT / "taskgan_ext" / name).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert len(told) == len(set(told))
    assert set(told) == {code for code in SERIES_CODES if f'"{code}"' in text}
