"""The frames of an Enhanced MR object as images of their own (PS3.3 A.36)."""

from collections.abc import Iterator, Sequence
from copy import deepcopy

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.file_structure import PixelElement
from taskgan_ext.dicom.image_gate import BYTES_PER_PIXEL, size_of
from taskgan_ext.dicom.parser_faults import refusing
from taskgan_ext.errors import RefusedSeries

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
OF_THE_OBJECT = (SHARED, PER_FRAME, "NumberOfFrames", "DimensionIndexSequence")
"""Elements that a single frame does not have."""
CLASSIC = {"FrameType": "ImageType", "EffectiveEchoTime": "EchoTime", "InversionTimes": "InversionTime"}
"""Elements of functional groups and what a classic image calls them."""
MAX_FRAMES = 4096


def split_frames(file: DicomFile) -> tuple[DicomFile, ...]:
    """Give every frame the header that a classic image of it would have.

    Elements of the object hold for all frames; those of the functional groups, shared or of a frame, come
    beside them. SOP class and instance stay those of the object; InstanceNumber is the number of the frame.

    Args:
        file: an Enhanced MR object.

    Raises:
        RefusedSeries: the numbers of frames, of functional groups and of pixels differ.
    """
    with refusing(file.path, "the functional groups cannot be read"):
        frames, shared = file.header.get(PER_FRAME) or [], file.header.get(SHARED) or [Dataset()]
        if file.texts("NumberOfFrames") != (str(len(frames)),) or not 0 < len(frames) <= MAX_FRAMES:
            raise RefusedSeries(
                "multiframe",
                f"{file.path}: expected 1 to {MAX_FRAMES} frames, as many as NumberOfFrames says, found "
                f"functional groups of {len(frames)}",
            )
        top = Dataset()
        top.update(file.header)
        top.file_meta = file.header.file_meta
        for keyword in OF_THE_OBJECT:
            top.pop(Tag(keyword), None)
        places = _places(file, len(frames))
        return tuple(
            DicomFile(file.path, _flatten(top, (shared[0], frame), index + 1), file.syntax, place, index + 1)
            for index, (frame, place) in enumerate(zip(frames, places, strict=True))
        )


def _flatten(top: Dataset, groups: Sequence[Dataset], number: int) -> Dataset:
    # Setting a value changes the element, which the headers of two frames therefore must not share.
    header = deepcopy(top)
    for group in groups:
        for element in _elements(group):
            keyword = CLASSIC.get(element.keyword)
            if keyword is not None:
                header.add_new(keyword, dictionary_VR(keyword), deepcopy(element.value))
            elif element.tag not in top:
                header[element.tag] = deepcopy(element)
    header.add_new("InstanceNumber", "IS", number)
    return header


def _elements(group: Dataset) -> Iterator[DataElement]:
    """The values in the macros of a functional group: its sequences of one item."""
    for tag in list(group.keys()):
        if tag.is_private or group[tag].VR != "SQ" or len(group[tag].value) != 1:
            continue
        for element in group[tag].value[0]:
            if not element.tag.is_private and element.VR != "SQ":
                yield element


def _places(file: DicomFile, frames: int) -> list[PixelElement]:
    rows, columns = size_of(file)
    plain = rows * columns * BYTES_PER_PIXEL
    found = file.pixels
    if found is not None and len(found.fragments) == frames:
        return [PixelElement(start, length, ((start, length),)) for start, length in found.fragments]
    if found is None or found.fragments or found.length != frames * plain:
        raise RefusedSeries(
            "pixel_format",
            f"{file.path}: expected {frames} frames of {plain} bytes each, or as many compressed pieces",
        )
    return [PixelElement(found.start + index * plain, plain) for index in range(frames)]
