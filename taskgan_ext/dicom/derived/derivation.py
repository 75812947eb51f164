"""What a derived image says about itself: that it is derived, of what, by what, and what it is not for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset
from pydicom.uid import EnhancedMRImageStorage

from taskgan_ext.dicom.derived.loop_guard import MANUFACTURER, suffix_of
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.suv_moment import parse_zone

LONG_STRING, SHORT_TEXT, LONG_TEXT = 63, 1023, 10239
"""Characters of LO, ST and LT, PS3.5 section 6.2, less one: strict readers count the blank that makes an odd
number of bytes even."""
SERIES_OFFSET, MAX_INTEGER = 1000, 2**31 - 1
USE = "research use only, not for diagnosis"
SCHEME = "99TASKGAN"
SOURCE_IMAGE = ("121322", "DCM", "Source image for image processing operation")
PROCESSING = ("109102", "DCM", "Processing Equipment")


@dataclass(frozen=True)
class Derivation:
    """What all images of a derived series say.

    Attributes:
        recipe: bundle, version, weights.
        code: value and meaning of the code of what was done, in a scheme of this package: the standard's list
            (CID 7203) has none for it.
        remarks: sentences for DerivationDescription.
        comment: for ImageComments, such as the outcome of checks of the output; may be empty.
        number: added to SeriesNumber.
        now: when the series is made.
    """

    recipe: Recipe
    code: tuple[str, str]
    remarks: str
    comment: str
    number: int
    now: datetime


def describe(image: Dataset, sources: Sequence[Dataset], derivation: Derivation) -> None:
    """Add the marks of a derived image (PS3.3 C.7.6.1, C.7.5.1 and C.12.1).

    Args:
        image: with what it took over from its source.
        sources: headers of the images that it was made of.
        derivation: what the series says.
    """
    recipe = derivation.recipe
    _describe_series(image, derivation)
    history = str(image.get("DerivationDescription", ""))
    told = (
        f"AI {recipe.action} by {recipe.bundle} {recipe.version}, weights {recipe.weights_sha256[:12]}; "
        f"{USE}. {derivation.remarks} {recipe.text}"
    ).strip()
    before = f" Source: {history}" if history else ""
    image.DerivationDescription = (told + before)[:SHORT_TEXT]
    value, meaning = derivation.code
    image.DerivationCodeSequence = [_code(value, SCHEME, meaning)]
    image.SourceImageSequence = _references(sources)
    known = [item for item in (derivation.comment, str(image.get("ImageComments", ""))) if item]
    image.ImageComments = "; ".join([f"AI {recipe.action}, {USE}", *known])[:LONG_TEXT]
    image.BurnedInAnnotation = "NO"
    _add_equipment(image, derivation)
    moment = _moment_in(image, derivation.now)
    image.InstanceCreationDate = image.ContentDate = f"{moment:%Y%m%d}"
    image.InstanceCreationTime = image.ContentTime = f"{moment:%H%M%S.%f}"


def image_type(source: Dataset) -> list[str]:
    """Give the first two values of ImageType of a derived image.

    Args:
        source: header of its source.
    """
    value = source.get("ImageType") or []
    texts = [value] if isinstance(value, str) else [str(text) for text in value]
    second = texts[1] if len(texts) > 1 else ""
    return ["DERIVED", second if second in ("PRIMARY", "SECONDARY") else "PRIMARY"]


def _describe_series(image: Dataset, derivation: Derivation) -> None:
    suffix = suffix_of(derivation.recipe.action)
    text = str(image.get("SeriesDescription", ""))[: LONG_STRING - len(suffix) - 1].rstrip()
    image.SeriesDescription = f"{text} {suffix}".lstrip()
    number = image.get("SeriesNumber")
    if number is None or number == "":
        return
    number = int(number) + SERIES_OFFSET + derivation.number
    image.SeriesNumber = number if number <= MAX_INTEGER else None


def _references(sources: Sequence[Dataset]) -> list[Dataset]:
    items: dict[str, Dataset] = {}
    for source in sources:
        uid = str(source.SOPInstanceUID)
        if uid not in items:
            item = items[uid] = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, uid
            item.PurposeOfReferenceCodeSequence = [_code(*SOURCE_IMAGE)]
            item.SpatialLocationsPreserved = "YES"
        if source.SOPClassUID == EnhancedMRImageStorage:
            # Of a frame the reader keeps the number as that of the image.
            frames = [*_numbers(items[uid].get("ReferencedFrameNumber")), int(source.InstanceNumber)]
            items[uid].ReferencedFrameNumber = sorted(frames)
    return list(items.values())


def _numbers(value: object) -> list[int]:
    if value is None:
        return []
    return [int(number) for number in value] if isinstance(value, Sequence) else [int(str(value))]


def _add_equipment(image: Dataset, derivation: Derivation) -> None:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [_code(*PROCESSING)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = derivation.recipe.bundle
    item.SoftwareVersions = derivation.recipe.software
    item.ContributionDateTime = f"{_moment_in(image, derivation.now):%Y%m%d%H%M%S.%f}"
    item.ContributionDescription = f"AI image restoration; {USE}"
    image.ContributingEquipmentSequence = [*(image.get("ContributingEquipmentSequence") or []), item]


def _moment_in(image: Dataset, now: datetime) -> datetime:
    """In the time zone that the other times of the image have (PS3.3 C.12.1.1.8), where one is known."""
    zone = parse_zone(str(image.get("TimezoneOffsetFromUTC", "")).strip(" \0"))
    offset = now.utcoffset()
    if zone is None or offset is None:
        return now.replace(tzinfo=None)
    return now.replace(tzinfo=None) - offset + zone


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
