"""A derived series on disk."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DerivedSeries:
    """What was written.

    Attributes:
        folder: with the files and nothing else.
        files: of the slices, in the order of the third axis of the source.
        series_uid: SeriesInstanceUID.
        clipped: number of voxels below 0, which were set to 0.
        value_per_number: of each slice, what turns its stored numbers into values in the unit of the header;
            for MR in that of the network, which the header does not have.
    """

    folder: Path
    files: tuple[Path, ...]
    series_uid: str
    clipped: int
    value_per_number: tuple[float, ...]
