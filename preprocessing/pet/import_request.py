"""What a user asks an import of PET to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import SECTIONS


@dataclass(frozen=True)
class PetImportRequest:
    """One subject to import.

    Attributes:
        full: full-dose image: a folder with one DICOM series, or a NIfTI file.
        low: name to low-dose image, likewise; all on the grid and in the unit of ``full``.
        value: the property y: 0 or 1, or a probability between.
        out: folder of the cohort.
        subject: name of the subject.
        regions: label map on the same grid, or ``None``.
        suv: turn the values into SUV by the headers; needs DICOM.
        low_scale: what low-dose values are multiplied by, for a reconstruction that was not told the dose
            fraction: its inverse, such as 100 for 1 %.
        key_file: secret of the pseudonyms; ``None`` draws one that nobody keeps.
        keep_identity: write the UIDs and dates of the source series into the sidecar.
        section: of the data list; ``None`` for the one that lacks most.
        overwrite: replace a subject of that name.
        series: ``full`` or the name of a low-dose image to the SeriesInstanceUID of the series to read,
            where a folder holds several.

    Raises:
        ConfigError: a number, section or name is not possible.
        DataError: a file or folder is not there.
    """

    full: Path
    low: Mapping[str, Path]
    value: float
    out: Path
    subject: str = "sub-01"
    regions: Path | None = None
    suv: bool = False
    low_scale: float = 1.0
    key_file: Path | None = None
    keep_identity: bool = False
    section: str | None = None
    overwrite: bool = False
    series: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ConfigError(f"expected a property from 0 (negative) to 1 (positive), got {self.value}")
        if not (isfinite(self.low_scale) and self.low_scale > 0):
            raise ConfigError(f"expected a positive scale of the low dose, got {self.low_scale}")
        if not self.low:
            raise ConfigError("expected at least one low-dose image")
        if self.section is not None and self.section not in SECTIONS:
            raise ConfigError(f"expected a section among {', '.join(SECTIONS)}, got {self.section!r}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", self.subject):
            raise ConfigError(
                f"expected a subject name of letters, digits and hyphens such as sub-01, got {self.subject!r}"
            )
        inputs = {"full-dose": self.full, **{f"{name}-dose": path for name, path in self.low.items()}}
        inputs |= {} if self.regions is None else {"regions": self.regions}
        for what, path in inputs.items():
            if not path.exists():
                raise DataError(f"{path}: expected the {what} file or folder, found nothing")
        self._check_series()

    def _check_series(self) -> None:
        sources = {"full": self.full, **self.low}
        for name in self.series:
            if name not in sources:
                raise ConfigError(f"expected a series of {', '.join(sources)}, got one of {name!r}")
            if not sources[name].is_dir():
                raise ConfigError(f"{sources[name]}: expected a folder to choose a series from, got a file")
        given = [(path.resolve(), self.series.get(name)) for name, path in self.low.items()]
        twice = next((place for place in given if given.count(place) > 1), None)
        if twice is not None:
            raise ConfigError(f"{twice[0]}: expected each low-dose image once, got it several times")
