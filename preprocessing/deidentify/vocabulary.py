"""Words that stay: what the standard and the vendors define, in which no site can write a name.

Values are compared without regard to case and padding. Lists are of PS3.3 unless another source is named.
"""

from collections.abc import Mapping

OTHER = "OTHER"
"""Stands for unknown words of ImageType, whose words have places."""
SYNTHETIC = "SYNTHETIC"
SCREEN = "SCREEN"
"""Part of words of ImageType that mark a copy of the screen, such as GE's ``SCREEN SAVE``."""
MANUFACTURERS = (
    "GE MEDICAL SYSTEMS",
    "GE Healthcare",
    "Philips",
    "Philips Healthcare",
    "Philips Medical Systems",
    "SIEMENS",
    "Siemens Healthineers",
    "SIEMENS NM",
    "CPS",
    "CTI",
    "CANON_MEC",
    "Canon Medical Systems",
    "TOSHIBA",
    "TOSHIBA_MEC",
    "Hitachi",
    "Hitachi Medical Corporation",
    "UIH",
    "Bruker",
    "Mediso",
)

_IMAGE_TYPES = (
    # C.7.6.1.1.2, C.8.3.1.1.1, C.8.9.4.1.1, C.8.13.3.1.1, and words that GE, Philips and Siemens put there
    *("ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", OTHER, "NONE", "MIXED"),
    *("M", "M_SE", "M_IR", "M_FFE", "MAGNITUDE", "P", "P_SE", "P_IR", "P_FFE", "PHASE", "PHASE MAP"),
    *("R", "R_SE", "R_IR", "R_FFE", "REAL", "I", "I_SE", "I_IR", "I_FFE", "IMAGINARY"),
    *("SE", "IR", "FFE", "TSE", "GRE", "EPI", "ND", "NORM", "DIS2D", "DIS3D", "FM", "FS", "MFSPLIT", "MPR"),
    *("QMAP", "MULTI_QMAP", "T1MAP", "T2MAP", "PDMAP", "B1MAP", "R1", "R2", "MYC", "T1 MAP", "T2 MAP", "ADC"),
    *("DIFFUSION", "MOSAIC", "MEAN", "ADDITION", "SUBTRACTION", "RESAMPLED", "REFORMATTED", "AVERAGE"),
    *("MAX_IP", "MIN_IP", "PROJECTION IMAGE", "STATIC", "DYNAMIC", "GATED", "WHOLE BODY", "AC", "NAC"),
    *("PERFUSION", "WATER", "FAT", "IN_PHASE", "OUT_PHASE", "VELOCITY", "T1", "T2", "PROTON_DENSITY"),
    *("RECON", "EMISSION", "TRANSMISSION", SYNTHETIC),
)
_YES_NO = ("YES", "NO")

TERMS: Mapping[str, tuple[str, ...]] = {
    "ImageType": _IMAGE_TYPES,
    "Modality": ("PT", "MR"),
    "Manufacturer": MANUFACTURERS,
    "PatientSex": ("M", "F", "O"),
    "Laterality": ("R", "L"),
    "ImageLaterality": ("R", "L", "U", "B"),
    "PatientPosition": ("HFP", "HFS", "HFDR", "HFDL", "FFP", "FFS", "FFDR", "FFDL"),
    "BodyPartExamined": ("HEAD", "BRAIN", "NECK", "CHEST", "ABDOMEN", "PELVIS", "WHOLEBODY"),
    "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE"),
    "RescaleType": ("US", "HU", "OD", "PCT", "BQML", "NORMALIZED"),
    "BurnedInAnnotation": ("NO",),
    "RecognizableVisualFeatures": _YES_NO,
    "LossyImageCompression": ("00", "01"),
    "LossyImageCompressionMethod": ("ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_13818_2"),
    "QualityControlImage": (*_YES_NO, "BOTH"),
    "SpatialLocationsPreserved": (*_YES_NO, "REORIENTED_ONLY"),
    # PET, C.8.9
    "Units": (
        *("CNTS", "NONE", "CM2", "CM2ML", "PCNT", "CPS", "BQML", "MGMINML", "UMOLMINML", "MLMING", "MLG"),
        *("1CM", "UMOLML", "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "GML", "STDDEV"),
    ),
    "SUVType": ("BSA", "BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"),
    "CountsSource": ("EMISSION", "TRANSMISSION"),
    "SeriesType": ("STATIC", "DYNAMIC", "GATED", "WHOLE BODY", "IMAGE", "REPROJECTION"),
    "ReprojectionMethod": ("SUM", "MAX PIXEL"),
    "RandomsCorrectionMethod": ("NONE", "DLYD", "SING"),
    "DecayCorrection": ("NONE", "START", "ADMIN"),
    "CorrectedImage": (
        *("DECY", "ATTN", "SCAT", "DTIM", "MOTN", "PMOT", "CLN", "RAN", "RADL", "DCAL", "NORM"),
        *("NSCT", "DECAY"),
    ),
    "SecondaryCountsType": ("DLYD", "SCAT", "RET"),
    "CollimatorType": ("NONE", "PARA", "PINH", "FANB", "CONE", "SLNT", "ASTG", "DIVG", "UNKN", "RING"),
    "FieldOfViewShape": ("CYLINDRICAL RING", "HEXAGONAL", "MULTIPLE PLANAR", "RECTANGLE", "ROUND"),
    "TypeOfDetectorMotion": ("NONE", "STEP AND SHOOT", "CONTINUOUS", "WOBBLE", "CLAMSHELL"),
    "AcquisitionStartCondition": ("DENS", "RDD", "MANU", "TIME", "AUTO", "TRIG"),
    "AcquisitionTerminationCondition": ("CNTS", "DENS", "MANU", "OVFL", "TIME", "TRIG", "RDD"),
    # MR, C.8.3.1 and, as far as classic images have it, C.8.13.3
    "ScanningSequence": ("SE", "IR", "GR", "EP", "RM", SYNTHETIC),
    "SequenceVariant": ("SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "TOF", "NONE"),
    "ScanOptions": ("PER", "RG", "CG", "PPG", "FC", "PFF", "PFP", "SP", "FS", "CT"),
    "MRAcquisitionType": ("1D", "2D", "3D"),
    "AngioFlag": ("Y", "N"),
    "ImagedNucleus": ("1H", "3HE", "7LI", "13C", "19F", "23NA", "31P", "129XE"),
    "InPlanePhaseEncodingDirection": ("ROW", "COL"),
    "ComplexImageComponent": ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY", "MIXED"),
    "AcquisitionContrast": (
        *("DIFFUSION", "FLOW_ENCODED", "FLUID_ATTENUATED", "PERFUSION", "PROTON_DENSITY", "STIR", "TAGGING"),
        *("T1", "T2", "T2_STAR", "TOF", "UNKNOWN", "MIXED"),
    ),
    "PixelPresentation": ("MONOCHROME", "COLOR", "MIXED", "TRUE_COLOR"),
    "VolumetricProperties": ("VOLUME", "SAMPLED", "DISTORTED", "MIXED"),
    "VolumeBasedCalculationTechnique": ("NONE", "MAX_IP", "MIN_IP", "VOLUME_RENDER", "MPR", "CURVED_MPR"),
}


def known_term(keyword: str, text: str) -> str | None:
    """Find a word in the vocabulary of an element.

    Args:
        keyword: of an element of ``TERMS``.
        text: without padding.

    Returns:
        The word as the vocabulary spells it. For an unknown one ``None``, but for ImageType ``OTHER``, or
        ``SYNTHETIC`` where it says so, because synthetic images must not be taken for scanned ones.
    """
    folded = " ".join(text.upper().split())
    for word in TERMS[keyword]:
        if word.upper() == folded:
            return word
    if keyword != "ImageType":
        return None
    return SYNTHETIC if SYNTHETIC in folded else OTHER
