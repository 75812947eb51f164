"""What is restored at once: a PET series, or the MR series of a study."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any

from taskgan_ext.clinical.worker.orthanc import Orthanc, OrthancError
from taskgan_ext.clinical.worker.source_series import SourceSeries

PAGE = 100
"""Resources that are asked for at once, so that memory does not grow with the archive."""
SERIES, STUDIES = "series", "studies"


@dataclass(frozen=True)
class ScanUnit:
    """A PET series, or the MR series of a study: their contrasts can be spread over several.

    Attributes:
        level: ``series`` or ``studies``, as in the addresses of Orthanc.
        id: of Orthanc.
        series: those that the bundle may have to do with, at least one.
    """

    level: str
    id: str
    series: Sequence[SourceSeries]

    @property
    def path(self) -> str:
        """Address in the REST interface."""
        return f"/{self.level}/{self.id}"

    @property
    def instances(self) -> list[str]:
        """Identifiers of all images."""
        return sorted(each for series in self.series for each in series.instances)

    @property
    def missing(self) -> bool | None:
        """Whether images are missing by the header; ``None`` where the header does not tell."""
        gaps = [
            None if series.announced is None else series.announced - len(series.instances)
            for series in self.series
        ]
        if any(gap is not None and gap > 0 for gap in gaps):
            return True
        return False if all(gap == 0 for gap in gaps) else None

    @property
    def stable(self) -> bool:
        """Whether Orthanc has seen nothing arrive for a while."""
        return all(series.stable for series in self.series)

    def key(self, bundle: str) -> str:
        """Make a fingerprint of the images and the bundle; the work is done when a marker has it.

        Args:
            bundle: its fingerprint.
        """
        return hashlib.sha256(json.dumps([bundle, self.instances]).encode()).hexdigest()


@dataclass(frozen=True)
class UnitFinder:
    """Finds the units of a bundle.

    Attributes:
        orthanc: where to look.
        modality: that of the bundle, ``PT`` or ``MR``.
        description: what SeriesDescription must contain; ``None`` for anything.
    """

    orthanc: Orthanc
    modality: str
    description: re.Pattern[str] | None = None

    @property
    def level(self) -> str:
        """Of the units."""
        return SERIES if self.modality == "PT" else STUDIES

    def all(self, rng: Random) -> Iterator[ScanUnit]:
        """Give every unit, page by page, in an order by chance, so that two workers rarely meet.

        Args:
            rng: the source of chance.
        """
        count = "CountSeries" if self.level == SERIES else "CountStudies"
        starts = list(range(0, int(self.orthanc.get("/statistics")[count]), PAGE))
        rng.shuffle(starts)
        for start in starts:
            page = self.orthanc.get(f"/{self.level}?expand&since={start}&limit={PAGE}")
            rng.shuffle(page)
            for listed in page:
                unit = self._unit(listed)
                if unit is not None:
                    yield unit

    def one(self, id_: str) -> ScanUnit | None:
        """Look at one unit.

        Args:
            id_: of Orthanc, of the level of the units.

        Returns:
            The unit; ``None`` where it is gone, or nothing for the bundle.
        """
        try:
            return self._unit(self.orthanc.get(f"/{self.level}/{id_}"))
        except OrthancError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def of_series(self, id_: str) -> str | None:
        """Name the unit that a series belongs to.

        Args:
            id_: of the series.

        Returns:
            Its identifier; ``None`` where the series is gone.
        """
        if self.level == SERIES:
            return id_
        try:
            return str(self.orthanc.get(f"/series/{id_}")["ParentStudy"])
        except OrthancError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _unit(self, listed: dict[str, Any]) -> ScanUnit | None:
        found = [listed]
        if self.level == STUDIES:
            try:
                found = self.orthanc.get(f"/studies/{listed['ID']}/series")
            except OrthancError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                found = []
        series = [SourceSeries.from_orthanc(each) for each in found]
        sources = [each for each in series if each.is_source(self.modality, self.description)]
        sources = sorted((each for each in sources if each.instances), key=lambda each: each.uid)
        return ScanUnit(self.level, str(listed["ID"]), tuple(sources)) if sources else None
