"""A series as Orthanc lists it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from taskgan_ext.dicom.completeness import WHOLE
from taskgan_ext.dicom.derived.loop_guard import SUFFIX


@dataclass(frozen=True)
class SourceSeries:
    """What Orthanc tells about a series without opening a file.

    Attributes:
        id: of Orthanc.
        uid: SeriesInstanceUID.
        modality: of the series.
        description: of the series.
        instances: identifiers of Orthanc, sorted.
        stable: whether nothing has arrived for a while.
        announced: number of images that the header of a static PET series announces; ``None`` where it tells
            none.
    """

    id: str
    uid: str
    modality: str
    description: str
    instances: Sequence[str]
    stable: bool
    announced: int | None

    @classmethod
    def from_orthanc(cls, listed: Mapping[str, Any]) -> Self:
        """Read an entry of ``/series?expand``.

        Args:
            listed: the entry.
        """
        tags = listed.get("MainDicomTags", {})
        return cls(
            id=str(listed["ID"]),
            uid=str(tags.get("SeriesInstanceUID", "")),
            modality=str(tags.get("Modality", "")).strip(),
            description=str(tags.get("SeriesDescription", "")),
            instances=tuple(sorted(map(str, listed.get("Instances", ())))),
            stable=bool(listed.get("IsStable", False)),
            announced=_announced(tags),
        )

    def is_source(self, modality: str, description: re.Pattern[str] | None) -> bool:
        """Tell whether a bundle may have to do with it; the headers decide later.

        Args:
            modality: that of the bundle.
            description: what SeriesDescription must contain; ``None`` for anything.
        """
        if self.modality != modality or SUFFIX.search(self.description):
            return False
        return description is None or bool(description.search(self.description))


def _announced(tags: Mapping[str, Any]) -> int | None:
    """NumberOfSlices counts the images of a PET series that is one volume (PS3.3 C.8.9.1.1.5)."""
    if str(tags.get("Modality", "")).strip() != "PT":
        return None
    kind = str(tags.get("SeriesType", "")).partition("\\")[0].strip().upper()
    number = str(tags.get("NumberOfSlices", "")).strip()
    # A sign, a point or 20 digits are no number of images; whatever else follows waits for stability.
    return int(number) if kind in WHOLE and re.fullmatch(r"[1-9]\d{0,5}", number) else None
