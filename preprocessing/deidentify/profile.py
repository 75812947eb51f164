"""The elements that survive, and as what; whatever is not named here does not.

Basic Application Level Confidentiality Profile with the options Retain Patient Characteristics, Retain
Longitudinal Temporal Information with Modified Dates and Retain Safe Private (PS3.15 annex E), by
allow-list: numbers, times of day, and terms of closed vocabularies stay, dates move, UIDs and names are
replaced, and all text that somebody could have typed goes.
"""

from collections.abc import Callable, Mapping, Sequence

from preprocessing.deidentify.values import (
    Disguise,
    age,
    date,
    date_time,
    number,
    pseudonym,
    term,
    time,
    uid,
    zone,
)
from preprocessing.deidentify.vocabulary import TERMS

Rule = Callable[[str, str, Disguise], str | None]
"""Takes a keyword and one of its values as text; gives what stands there instead, ``None`` for nothing."""

IMAGE_NUMBERS = (
    # What a stored number means and where it lies: an image without one of them would be another image.
    "SamplesPerPixel",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "RescaleSlope",
    "RescaleIntercept",
    "SliceThickness",
    "SpacingBetweenSlices",
)
"""Their values must be numbers: an image where they are not is refused."""
NUMBERS = (
    *IMAGE_NUMBERS,
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagesInAcquisition",
    "SliceLocation",
    "NumberOfFrames",
    "NumberOfTemporalPositions",
    "TemporalPositionIdentifier",
    "TemporalResolution",
    "PixelAspectRatio",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "WindowCenter",
    "WindowWidth",
    "LossyImageCompressionRatio",
    "PatientSize",
    "PatientWeight",
    # PET, PS3.3 C.8.9
    "NumberOfRRIntervals",
    "NumberOfTimeSlots",
    "NumberOfSlices",
    "NumberOfTimeSlices",
    "NumberOfRotations",
    "AngularStep",
    "ReconstructionDiameter",
    "FieldOfViewDimensions",
    "GantryDetectorTilt",
    "GantryDetectorSlew",
    "AxialAcceptance",
    "AxialMash",
    "TransverseMash",
    "DetectorElementSize",
    "CoincidenceWindowWidth",
    "AcquisitionStartConditionData",
    "AcquisitionTerminationConditionData",
    "FrameReferenceTime",
    "ActualFrameDuration",
    "ImageIndex",
    "DecayFactor",
    "DoseCalibrationFactor",
    "ScatterFractionFactor",
    "DeadTimeFactor",
    "SliceSensitivityFactor",
    "PrimaryPromptsCountsAccumulated",
    "SecondaryCountsAccumulated",
    "CountsAccumulated",
    "TriggerTime",
    "NominalInterval",
    "LowRRValue",
    "HighRRValue",
    "IntervalsAcquired",
    "IntervalsRejected",
    # MR, PS3.3 C.8.3.1
    "RepetitionTime",
    "EchoTime",
    "InversionTime",
    "EchoNumbers",
    "EchoTrainLength",
    "FlipAngle",
    "NumberOfAverages",
    "ImagingFrequency",
    "MagneticFieldStrength",
    "NumberOfPhaseEncodingSteps",
    "PercentSampling",
    "PercentPhaseFieldOfView",
    "PixelBandwidth",
    "AcquisitionMatrix",
    "SAR",
    "dBdt",
    "HeartRate",
    "CardiacNumberOfImages",
    "TriggerWindow",
    "DiffusionBValue",
)
TRACER_NUMBERS = (
    "RadiopharmaceuticalVolume",
    "RadionuclideTotalDose",
    "RadionuclideHalfLife",
    "RadionuclidePositronFraction",
    "RadiopharmaceuticalSpecificActivity",
)
DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate")
TIMES = ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstanceCreationTime")
DATE_TIMES = ("AcquisitionDateTime", "DecayCorrectionDateTime")
TRACER_DATE_TIMES = ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStopDateTime")
TRACER_TIMES = ("RadiopharmaceuticalStartTime", "RadiopharmaceuticalStopTime")
UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
REFERENCE_UIDS = ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")

TOP: Mapping[str, Rule] = {
    **dict.fromkeys(NUMBERS, number),
    **dict.fromkeys(DATES, date),
    **dict.fromkeys(DATE_TIMES, date_time),
    **dict.fromkeys(TIMES, time),
    **dict.fromkeys(UIDS, uid),
    **dict.fromkeys(TERMS, term),
    "PatientName": pseudonym,
    "PatientID": pseudonym,
    "PatientAge": age,
    "TimezoneOffsetFromUTC": zone,
}
"""Elements of the data set itself."""
_REFERENCE: Mapping[str, Rule] = {**dict.fromkeys(REFERENCE_UIDS, uid), "SpatialLocationsPreserved": term}
ITEMS: Mapping[str, Mapping[str, Rule]] = {
    "RadiopharmaceuticalInformationSequence": {
        **dict.fromkeys(TRACER_NUMBERS, number),
        **dict.fromkeys(TRACER_TIMES, time),
        **dict.fromkeys(TRACER_DATE_TIMES, date_time),
    },
    "EnergyWindowRangeSequence": dict.fromkeys(("EnergyWindowLowerLimit", "EnergyWindowUpperLimit"), number),
    "SourceImageSequence": _REFERENCE,
    "ReferencedImageSequence": _REFERENCE,
    "RelatedSeriesSequence": dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID"), uid),
}
"""Sequences, and the elements of their items."""
CODES: Mapping[str, Sequence[str]] = {
    "RadionuclideCodeSequence": ("cid4020",),
    "RadiopharmaceuticalCodeSequence": ("cid4021",),
    "AdministrationRouteCodeSequence": ("cid11",),
    "PatientOrientationCodeSequence": ("cid19",),
    "PatientOrientationModifierCodeSequence": ("cid20",),
    "PatientGantryRelationshipCodeSequence": ("cid21",),
    "DerivationCodeSequence": ("cid7203",),
    "PurposeOfReferenceCodeSequence": ("cid7201", "cid7202", "cid7210"),
}
"""Sequences of codes at any depth, and the context groups (PS3.16) from which a code stays."""
FILTERED = ("CorrectedImage", "ScanningSequence", "SequenceVariant", "ScanOptions")
"""Sets of words: unknown ones go alone. Values of other elements have places, and all go with one."""
KEPT_EMPTY = frozenset(
    (
        # Type 2 of the PET and MR image objects, PS3.3 A.4 and A.21: they may be empty, but not be missing.
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "ReferringPhysicianName",
        "StudyID",
        "AccessionNumber",
        "SeriesNumber",
        "Laterality",
        "PositionReferenceIndicator",
        "Manufacturer",
        "InstanceNumber",
        "ContentDate",
        "ContentTime",
        "AcquisitionDate",
        "AcquisitionTime",
        "CollimatorType",
        "CorrectedImage",
        "ScanOptions",
        "RepetitionTime",
        "EchoTime",
        "EchoTrainLength",
        "InversionTime",
        "TriggerTime",
        "PatientOrientationCodeSequence",
        "PatientGantryRelationshipCodeSequence",
        "RadiopharmaceuticalInformationSequence",
        "RadionuclideCodeSequence",
    )
)
"""Emptied where others are removed."""
