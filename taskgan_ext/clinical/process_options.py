"""What a user asks the processing step to do."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from taskgan_ext.errors import ConfigError


@dataclass(frozen=True)
class ProcessOptions:
    """How to restore the scans of a folder.

    Attributes:
        bundle: its folder.
        device: such as ``cpu`` or ``cuda:0``; empty for a GPU where there is one.
        deliver_flagged: write what the output gate flags, with the flags in the header; otherwise withhold
            it.
        uncertainty: passes with dropout, for a map of their standard deviation beside each series; 0 for
            none.
        manifest_sha256: expected of the manifest of the bundle; empty to accept any.
        allow_unsealed: take a bundle without a manifest, such as one that was trained here.
        flat: no folders for series: files named ``<SeriesInstanceUID>#<SOPInstanceUID>.dcm``, as Mercure
            names its own.
        now: the moment of creation in headers; ``None`` for that of the writing.

    Raises:
        ConfigError: a number of passes that gives no deviation.
    """

    bundle: Path
    device: str = ""
    deliver_flagged: bool = True
    uncertainty: int = 0
    manifest_sha256: str = ""
    allow_unsealed: bool = False
    flat: bool = False
    now: datetime | None = None

    def __post_init__(self) -> None:
        if self.uncertainty < 0 or self.uncertainty == 1:
            raise ConfigError(f"uncertainty: expected 0, or at least 2 passes, got {self.uncertainty}")
