"""Headers of a simulated PET series without pixels, to be changed at will."""

from collections.abc import Callable

from pydicom import Dataset

from preprocessing.pet.dicom_header import PetSeries, new_image
from preprocessing.pet.dicom_variant import PetProtocol, PetVariant

NUM_SLICES = 24
"""More than the 20 of one bed of the simulated whole body."""


def pet_headers(
    variant: PetVariant | None = None,
    protocol: PetProtocol | None = None,
    change: Callable[[Dataset], None] | None = None,
) -> list[Dataset]:
    """Make the header of every slice; ``change`` edits each of them."""
    series = PetSeries(1, "PET", 10, NUM_SLICES, protocol or PetProtocol(), variant or PetVariant())
    headers = [new_image(series, index) for index in range(NUM_SLICES)]
    for header in headers:
        for keyword in series.variant.omit:
            for dataset in (header, *header.RadiopharmaceuticalInformationSequence):
                if keyword in dataset:
                    delattr(dataset, keyword)
        if change is not None:
            change(header)
    return headers
