"""What a derived image takes over from the header of its source, and what would be untrue of it."""

from collections.abc import Collection, Container
from copy import deepcopy

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.sequence import Sequence as DicomSequence

from taskgan_ext.dicom.derived.character_set import settle_character_set
from taskgan_ext.dicom.suv_private import (
    GE_CREATOR,
    GE_GROUP,
    GE_SCAN_TIME,
    PHILIPS_ACTIVITY,
    PHILIPS_CREATOR,
    PHILIPS_GROUP,
    PHILIPS_SUV,
    private_text,
)

OF_THE_PIXELS = (
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "SmallestImagePixelValueInPlane",
    "LargestImagePixelValueInPlane",
    "IconImageSequence",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "VOILUTFunction",
    "RealWorldValueMappingSequence",
    "PixelDataProviderURL",
)
"""They describe stored numbers of the source."""
OF_THE_INSTANCE = (
    "InstanceCreatorUID",
    "OriginalAttributesSequence",
    "MACParametersSequence",
    "EncryptedAttributesSequence",
    "SOPInstanceStatus",
    "SOPAuthorizationDateTime",
    "SOPAuthorizationComment",
    "AuthorizationEquipmentCertificationNumber",
    "ReferencedImageSequence",
    "ReferencedInstanceSequence",
    "ReferencedSeriesSequence",
    "SourceImageSequence",
    "DerivationCodeSequence",
    "SourceIrradiationEventSequence",
)
OF_THE_STEP = (
    "ReferencedPerformedProcedureStepSequence",
    "PerformedProcedureStepID",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "PerformedProcedureStepDescription",
    "PerformedProtocolCodeSequence",
    "CommentsOnThePerformedProcedureStep",
)
"""The step of the scanner; none was performed for the derived series."""
OF_LOSS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
GROUPS = (
    *range(0x5000, 0x5100, 2),  # curves
    *range(0x6000, 0x6100, 2),  # overlays
    0x0002,
    0x0004,
    0x7FE0,  # pixels
    0xFFFA,  # digital signatures
    0xFFFC,  # padding at the end of the file
)
CALIBRATION = (
    (PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_SUV, "DS"),
    (PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_ACTIVITY, "DS"),
    (GE_GROUP, GE_CREATOR, GE_SCAN_TIME, "DT"),
)
"""Private elements without which SUV would be lost or another one."""
REMOVED = frozenset((*OF_THE_PIXELS, *OF_THE_INSTANCE, *OF_THE_STEP))


def carry_over(header: Dataset, untrue: Collection[str] = ()) -> Dataset:
    """Copy the elements of a source that hold for an image derived from it, too.

    Patient, study, frame of reference, equipment, plane, and with PET everything that SUV is made of, come
    back unchanged. Private elements stay behind, in sequences too, but for those of the calibration. That the
    source was once compressed with loss stays known (PS3.3 C.7.6.1.1.5).

    Args:
        header: of a source image, as ``read_series`` gives it.
        untrue: keywords of further elements that do not hold.

    Returns:
        A data set of its own, without file meta information and pixels.
    """
    was_lossy = str(header.get("LossyImageCompression", "")) == "01"
    kept = _copy(header, REMOVED.union(untrue, () if was_lossy else OF_LOSS))
    settle_character_set(kept)
    for group, creator, element, vr in CALIBRATION:
        text = private_text(header, group, creator, element)
        if text not in ("", "?"):
            kept.private_block(group, creator, create=True).add_new(element, vr, text)
    if "PatientOrientationCodeSequence" in kept and "PatientPosition" in kept:
        del kept.PatientPosition  # PS3.3 C.7.3.1: not beside the codes
    return kept


def _copy(dataset: Dataset, removed: Container[str]) -> Dataset:
    kept = Dataset()
    for tag in dataset.keys():  # noqa: SIM118 - a data set iterates over its elements
        if tag.is_private or tag.element == 0 or tag.group in GROUPS or keyword_for_tag(tag) in removed:
            continue
        element = dataset[tag]
        if element.VR == "SQ":
            items = [_copy(item, ()) for item in element.value]
            kept.add_new(tag, "SQ", DicomSequence(items))
        else:
            kept[tag] = deepcopy(element)
    return kept
