"""Headers of simulated PET images, marked as such, in the way of each vendor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage, generate_uid

from preprocessing.pet.dicom_variant import PetProtocol, PetVariant, Vendor
from preprocessing.simulated_dicom.image_plane import decimal

MARK = "SIMULATED"
MANUFACTURERS: dict[Vendor, str] = {
    "ge": "GE MEDICAL SYSTEMS",
    "philips": "Philips Medical Systems",
    "siemens": "SIEMENS",
}
GE_GROUP, GE_CREATOR, GE_SCAN_TIME = 0x0009, "GEMS_PETD_01", 0x0D
PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_SUV, PHILIPS_ACTIVITY = (
    0x7053,
    "Philips PET Private Group",
    0x00,
    0x09,
)
PHILIPS_BQML_PER_COUNT = 1.25
"""Activity concentration of one count in exports with the units CNTS, in Bq/ml."""
DATE, TIME = "%Y%m%d", "%H%M%S.%f"


@dataclass(frozen=True)
class PetSeries:
    """What all images of a series share.

    Attributes:
        seed: of the subject; the same seed gives the same patient, study and frame of reference.
        description: what the series shows; the mark of a simulation is put behind it.
        number: of the series.
        num_slices: of one time frame.
        protocol: tracer, dose, weight and times.
        variant: how the header is written.
    """

    seed: int
    description: str
    number: int
    num_slices: int
    protocol: PetProtocol = field(default_factory=PetProtocol)
    variant: PetVariant = field(default_factory=PetVariant)

    def uid(self, *what: object) -> str:
        """A UID that depends on the seed and on ``what`` only."""
        return str(generate_uid(entropy_srcs=[MARK, "PT", str(self.seed), *map(str, what)]))


def new_image(series: PetSeries, slice_index: int, frame: int = 0) -> Dataset:
    """Make the header of one image: all elements but the plane and the pixels.

    It has what the modules of the PET Image IOD ask for (PS3.3 A.21).

    Args:
        series: it belongs to.
        slice_index: number of the slice, from 0.
        frame: number of the time frame, from 0.
    """
    image = Dataset()
    _add_identity(image, series, slice_index, frame)
    _add_patient_and_study(image, series)
    _add_series(image, series)
    _add_tracer(image, series)
    _add_frame(image, series, slice_index, frame)
    _add_private(image, series)
    return image


def add_codes(image: Dataset, keyword: str, code: tuple[str, str, str]) -> Dataset:
    """Add a sequence with one code (PS3.3 section 8.8).

    Args:
        image: to add it to.
        keyword: of the sequence.
        code: value, scheme and meaning.

    Returns:
        The item of the sequence.
    """
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    setattr(image, keyword, [item])
    return item


def _add_identity(image: Dataset, series: PetSeries, slice_index: int, frame: int) -> None:
    variant = series.variant
    index = frame * series.num_slices + slice_index
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SpecificCharacterSet = "ISO_IR 192"
    image.ImageType = ["ORIGINAL", "PRIMARY"]
    image.SOPClassUID = PositronEmissionTomographyImageStorage
    image.SOPInstanceUID = series.uid("image", series.description, series.number, index)
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.StudyInstanceUID = series.uid("study")
    image.SeriesInstanceUID = series.uid("series", series.description, series.number)
    image.FrameOfReferenceUID = series.uid("frame of reference")
    image.PositionReferenceIndicator = ""
    total = variant.frames * series.num_slices
    image.InstanceNumber = total - index if variant.reversed_numbers else index + 1
    image.ImageIndex = index + 1


def _add_patient_and_study(image: Dataset, series: PetSeries) -> None:
    image.PatientName = image.PatientID = f"{MARK}^{series.seed}"
    image.PatientBirthDate, image.PatientSex, image.PatientAge = "", "O", "070Y"
    image.PatientWeight, image.PatientSize = decimal(series.protocol.weight_kg), "1.75"
    image.StudyDate, image.StudyTime = _date_and_time(series.protocol.scan_start)
    image.StudyID, image.AccessionNumber, image.ReferringPhysicianName = "1", "", ""
    image.Laterality = ""


def _add_series(image: Dataset, series: PetSeries) -> None:
    variant, protocol = series.variant, series.protocol
    image.Modality, image.SeriesNumber = "PT", series.number
    image.SeriesDescription = f"{series.description} {MARK}"
    image.SeriesDate, image.SeriesTime = _date_and_time(
        protocol.scan_start + timedelta(seconds=variant.redated)
    )
    image.Manufacturer = MANUFACTURERS[variant.vendor]
    image.ManufacturerModelName = MARK
    image.ImageComments = f"{MARK} images in the style of a vendor's export; not of a patient"
    image.Units, image.CountsSource = variant.units, "EMISSION"
    image.SeriesType = [variant.series_type, "IMAGE"]
    image.NumberOfSlices = series.num_slices
    if variant.series_type == "DYNAMIC":
        image.NumberOfTimeSlices = variant.frames
    image.CorrectedImage = ["ATTN", "SCAT", "DTIM", "RAN", "NORM"]
    if variant.decay_correction != "NONE":
        image.CorrectedImage = [*image.CorrectedImage, "DECY"]
    image.DecayCorrection = variant.decay_correction
    image.CollimatorType, image.RandomsCorrectionMethod = "NONE", "DLYD"
    image.AttenuationCorrectionMethod, image.ScatterCorrectionMethod = "MEASURED", "MODEL"
    image.ReconstructionMethod = "TOF-OSEM"
    recumbent = add_codes(image, "PatientOrientationCodeSequence", ("102538003", "SCT", "recumbent"))
    add_codes(recumbent, "PatientOrientationModifierCodeSequence", ("40199007", "SCT", "supine"))
    add_codes(image, "PatientGantryRelationshipCodeSequence", ("102540008", "SCT", "headfirst"))


def _add_tracer(image: Dataset, series: PetSeries) -> None:
    protocol = series.protocol
    tracer = Dataset()
    tracer.Radiopharmaceutical = "Florbetaben F^18^"
    tracer.RadiopharmaceuticalStartTime = protocol.injection.strftime(TIME)
    if series.variant.injection_datetime:
        tracer.RadiopharmaceuticalStartDateTime = protocol.injection.strftime(DATE + TIME)
    tracer.RadionuclideTotalDose = decimal(protocol.injected_bq)
    tracer.RadionuclideHalfLife = decimal(protocol.half_life)
    tracer.RadionuclidePositronFraction = "0.9673"
    add_codes(tracer, "RadionuclideCodeSequence", ("77004003", "SCT", "^18^Fluorine"))
    add_codes(tracer, "RadiopharmaceuticalCodeSequence", ("712736002", "SCT", "Florbetaben F^18^"))
    image.RadiopharmaceuticalInformationSequence = [tracer]


def _add_frame(image: Dataset, series: PetSeries, slice_index: int, frame: int) -> None:
    protocol = series.protocol
    start = protocol.scan_start + timedelta(seconds=frame * protocol.frame_duration)
    if series.variant.series_type == "WHOLE BODY":
        # Bed after bed: later slices are acquired later, decay corrected to the start of the first bed.
        start += timedelta(seconds=(slice_index // 20) * protocol.frame_duration)
    image.AcquisitionDate, image.AcquisitionTime = _date_and_time(start)
    image.ContentDate, image.ContentTime = _date_and_time(start)
    image.ActualFrameDuration = round(protocol.frame_duration * 1000)
    image.FrameReferenceTime = decimal(1000 * (start - protocol.scan_start).total_seconds())
    image.DoseCalibrationFactor = "1"
    if series.variant.decay_correction != "NONE":
        image.DecayFactor = "1"


def _add_private(image: Dataset, series: PetSeries) -> None:
    variant, protocol = series.variant, series.protocol
    if variant.private_scan_time:
        block = image.private_block(GE_GROUP, GE_CREATOR, create=True)
        block.add_new(GE_SCAN_TIME, "DT", protocol.scan_start.strftime(DATE + TIME))
    if variant.philips_suv_factor != "none":
        block = image.private_block(PHILIPS_GROUP, PHILIPS_CREATOR, create=True)
        elements: Sequence[tuple[str, int, float]] = (
            ("suv", PHILIPS_SUV, protocol.suv_factor * PHILIPS_BQML_PER_COUNT),
            ("activity", PHILIPS_ACTIVITY, PHILIPS_BQML_PER_COUNT),
        )
        for name, element, value in elements:
            if variant.philips_suv_factor in (name, "both"):
                block.add_new(element, "DS", decimal(value))


def _date_and_time(moment: datetime) -> tuple[str, str]:
    return moment.strftime(DATE), moment.strftime(TIME)
