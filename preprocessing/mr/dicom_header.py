"""Headers of simulated MR images, marked as such, in the way of each vendor."""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

from preprocessing.mr.dicom_pixels import StoredPixels
from preprocessing.mr.dicom_variant import DicomVariant, Vendor
from preprocessing.mr.tissues import FIELD_STRENGTH
from preprocessing.simulated_dicom.image_plane import decimal
from taskgan_ext.mr.reader.component import COMPONENTS, GE_CREATOR, GE_ELEMENT, GE_GROUP, Component

MARK = "SIMULATED"
MANUFACTURERS: dict[Vendor, str] = {
    "ge": "GE MEDICAL SYSTEMS",
    "philips": "Philips Medical Systems",
    "siemens": "SIEMENS",
}
IMAGE_TYPES: dict[Vendor, dict[Component, list[str]]] = {
    "ge": {component: ["OTHER"] for component in COMPONENTS},
    "philips": {
        "magnitude": ["M_SE", "M", "SE"],
        "phase": ["PHASE MAP", "P", "SE"],
        "real": ["R_SE", "R", "SE"],
        "imaginary": ["I_SE", "I", "SE"],
    },
    "siemens": {
        "magnitude": ["M", "ND"],
        "phase": ["P", "ND"],
        "real": ["REAL", "ND"],
        "imaginary": ["IMAGINARY", "ND"],
    },
}
"""Values of ImageType after ORIGINAL and PRIMARY. GE's does not tell the component."""


@dataclass(frozen=True)
class SeriesHeader:
    """What all images of a series share.

    Attributes:
        seed: of the subject; the same seed gives the same patient, study and frame of reference.
        vendor: whose way of writing headers is followed.
        number: of the series.
        description: what the series shows; the mark of a simulation is put behind it.
    """

    seed: int
    vendor: Vendor
    number: int
    description: str

    def uid(self, *what: object) -> str:
        """A UID that depends on the seed and on ``what`` only."""
        return str(generate_uid(entropy_srcs=[MARK, str(self.seed), *map(str, what)]))


def new_image(series: SeriesHeader, number: int, implicit_vr: bool = False) -> Dataset:
    """Start the data set of an image.

    Args:
        series: it belongs to.
        number: InstanceNumber.
        implicit_vr: transfer syntax.
    """
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit_vr else ExplicitVRLittleEndian
    image.SOPClassUID = MRImageStorage
    image.SOPInstanceUID = series.uid("image", series.description, series.number, number)
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.SpecificCharacterSet = "ISO_IR 192"
    image.StudyInstanceUID = series.uid("study")
    image.SeriesInstanceUID = series.uid("series", series.description, series.number)
    image.FrameOfReferenceUID = series.uid("frame of reference")
    image.PositionReferenceIndicator = ""
    image.PatientName = image.PatientID = f"{MARK}^{series.seed}"
    image.PatientBirthDate = image.PatientSex = image.ReferringPhysicianName = ""
    image.StudyDate = image.SeriesDate = image.ContentDate = "20000101"
    image.StudyTime = image.SeriesTime = image.ContentTime = "000000"
    image.StudyID = image.AccessionNumber = image.Laterality = ""
    image.Modality = "MR"
    image.Manufacturer = MANUFACTURERS[series.vendor]
    image.ManufacturerModelName = image.StationName = MARK
    image.SeriesNumber, image.InstanceNumber = series.number, number
    image.SeriesDescription = f"{series.description} {MARK}"
    image.ImageComments = f"{MARK} images in the style of a vendor's export; not of a patient"
    image.PatientPosition = "HFS"
    image.MRAcquisitionType = "2D"
    image.MagneticFieldStrength = decimal(FIELD_STRENGTH)
    image.SequenceVariant, image.ScanOptions = "SK", ""
    return image


def add_component(image: Dataset, component: Component, vendor: Vendor, variant: DicomVariant) -> None:
    """Say which part of the complex signal an image shows, where the vendor says it."""
    image.ImageType = ["ORIGINAL", "PRIMARY", *IMAGE_TYPES[vendor][component]]
    if vendor == "philips":
        image.ComplexImageComponent = component.upper()
    if vendor == "ge":
        number, block = COMPONENTS.index(component), variant.private_block
        if block != 0x10:
            # Another creator with other content where the element usually is.
            image.add_new((GE_GROUP, 0x10), "LO", "ANOTHER CREATOR")
            image.add_new((GE_GROUP, 0x1000 + GE_ELEMENT), "SS", 0)
        image.add_new((GE_GROUP, block), "LO", GE_CREATOR)
        value = number if variant.private_vr == "SS" else number.to_bytes(2, "little")
        image.add_new((GE_GROUP, (block << 8) + GE_ELEMENT), variant.private_vr, value)


def add_pixels(image: Dataset, pixels: StoredPixels) -> None:
    """Add the pixels of a slice, ``(X, Y)``: a row of the image runs along the first axis."""
    image.Columns, image.Rows = pixels.stored.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    if pixels.slope is not None:
        image.RescaleSlope, image.RescaleIntercept, image.RescaleType = pixels.slope, pixels.intercept, "US"
    image.PixelData = np.ascontiguousarray(pixels.stored.T, dtype="<i2").tobytes()
