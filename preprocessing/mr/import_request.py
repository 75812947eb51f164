"""What a user asks an import to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import SECTIONS
from taskgan_ext.mr.protocol import CONTRASTS


@dataclass(frozen=True)
class ImportRequest:
    """One subject to import.

    Attributes:
        mdme: MDME acquisition: a DICOM folder, or NIfTI.
        out: folder of the cohort.
        contrasts: contrast to its conventional scan; none prepares a subject for inference only.
        subject: name of the subject.
        lesions: lesion mask, or ``None``.
        brain: brain mask, or ``None`` to find it in the maps.
        delays: TD in s where the files do not tell.
        echo_times: TE in s where the files do not tell.
        repetition_time: TR in s where the files do not tell.
        protocols: table of times for contrasts whose files do not tell; ``None`` for the built-in one.
        register: whether to look for a movement between MDME and conventional scans.
        section: of the data list; ``None`` for the one that lacks most.
        overwrite: replace a subject of that name.

    Raises:
        ConfigError: a contrast, section or name is not possible.
        DataError: a file or folder is not there.
    """

    mdme: Path
    out: Path
    contrasts: Mapping[str, Path]
    subject: str = "sub-01"
    lesions: Path | None = None
    brain: Path | None = None
    delays: tuple[float, ...] | None = None
    echo_times: tuple[float, ...] | None = None
    repetition_time: float | None = None
    protocols: Path | None = None
    register: bool = True
    section: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.contrasts if name not in CONTRASTS]
        if unknown:
            raise ConfigError(f"expected contrasts among {', '.join(CONTRASTS)}, got {', '.join(unknown)}")
        if self.section is not None and self.section not in SECTIONS:
            raise ConfigError(f"expected a section among {', '.join(SECTIONS)}, got {self.section!r}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", self.subject):
            raise ConfigError(
                f"expected a subject name of letters, digits and hyphens such as sub-01, got {self.subject!r}"
            )
        inputs = {"MDME": self.mdme, **self.contrasts, "lesion mask": self.lesions, "brain mask": self.brain}
        for what, path in inputs.items():
            if path is not None and not path.exists():
                raise DataError(f"{path}: expected the {what} file or folder, found nothing")
