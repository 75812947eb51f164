"""The header of a synthesised MR image: a plane and a patient of the scan, and a nominal protocol."""

from pydicom import Dataset
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage
from pydicom.valuerep import format_number_as_ds

from taskgan_ext.dicom.derived.carried_header import carry_over
from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.derivation import image_type

OF_ONE_IMAGE = (
    "AngioFlag",
    "ComplexImageComponent",
    "EchoNumbers",
    "EchoTrainLength",
    "EffectiveEchoTime",
    "FlipAngle",
    "ImagesInAcquisition",
    "InversionTime",
    "NumberOfAverages",
    "NumberOfTemporalPositions",
    "PixelBandwidth",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "SequenceName",
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "TemporalResolution",
    "TriggerTime",
    "VariableFlipAngleFlag",
    "WindowCenterWidthExplanation",
)
"""Of one source image, and untrue of what a network made of several; a classic MR image has no rescale."""
OF_ENHANCED = (
    "AcquisitionContrast",
    "AcquisitionDateTime",
    "AcquisitionDuration",
    "ApplicableSafetyStandardAgency",
    "B1rms",
    "ConcatenationUID",
    "ContentQualification",
    "DimensionOrganizationSequence",
    "FrameAcquisitionDateTime",
    "FrameAcquisitionDuration",
    "FrameAcquisitionNumber",
    "FrameReferenceDateTime",
    "FrameType",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "MultipleSpinEcho",
    "MultiPlanarExcitation",
    "OversamplingPhase",
    "PhaseContrast",
    "PixelPresentation",
    "PulseSequenceName",
    "RectilinearPhaseEncodeReordering",
    "ResonantNucleus",
    "SegmentedKSpaceTraversal",
    "SteadyStatePulseSequence",
    "TimeOfFlightContrast",
    "VolumeBasedCalculationTechnique",
    "VolumetricProperties",
    "EchoPulseSequence",
    "EchoPlanarPulseSequence",
    "GeometryOfKSpaceTraversal",
    "KSpaceFiltering",
    "Spoiling",
    "T2Preparation",
    "SaturationRecovery",
    "SpectrallySelectedExcitation",
    "SpectrallySelectedSuppression",
    "NominalScreeningPulseSequence",
    "MRAcquisitionFrequencyEncodingSteps",
    "MRAcquisitionPhaseEncodingStepsInPlane",
)
"""Elements of the Enhanced MR object (PS3.3 A.36) that a classic MR image does not have."""


def synthesised_header(source: Dataset, contrast: SynthesisedContrast, number: int) -> Dataset:
    """Make the header of a slice, but for what ``describe`` adds, UIDs and pixels.

    Args:
        source: header of the first source image of the slice, classic or the frame of an enhanced object.
        contrast: and its nominal times, which it gets in ms (PS3.3 C.8.3.1).
        number: InstanceNumber.
    """
    is_enhanced = source.SOPClassUID == EnhancedMRImageStorage
    image = carry_over(source, (*OF_ONE_IMAGE, *(OF_ENHANCED if is_enhanced else ())))
    image.SOPClassUID = MRImageStorage
    image.ImageType = [*image_type(source), "OTHER"]
    image.InstanceNumber = number
    image.ScanningSequence = "SE" if contrast.inversion_time is None else ["SE", "IR"]
    image.SequenceVariant, image.ScanOptions, image.EchoTrainLength = "NONE", "", None
    image.RepetitionTime, image.EchoTime = _ms(contrast.repetition_time), _ms(contrast.echo_time)
    if contrast.inversion_time is not None:
        image.InversionTime = _ms(contrast.inversion_time)
    if is_enhanced and "MRAcquisitionType" not in image:
        image.MRAcquisitionType = ""  # Type 2 of a classic image, in which it may be unknown
    return image


def _ms(seconds: float) -> str:
    return str(format_number_as_ds(1000.0 * seconds))
