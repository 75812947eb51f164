"""What an operator sets."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.worker.connection import Connection
from taskgan_ext.errors import ConfigError

GRACE_SECONDS = 12.0
"""For a scan that is under way when the worker has to stop; the rest of the 30 s is for the last answer of
Orthanc and for clearing up."""


@dataclass(frozen=True)
class WorkerSettings:
    """How to look, how long to wait, and when to give up; all times in seconds.

    Attributes:
        process: how to restore.
        connection: to Orthanc.
        work: folder for private working folders.
        description: what SeriesDescription must contain; ``None`` for anything.
        send_to: ``modality:NAME`` or ``peer:NAME``; empty to leave derived series in Orthanc alone.
        interval: between two looks at everything.
        poll: between two looks at what has changed.
        settle: without a new image, after which a scan counts as whole where the header does not tell.
        patience: without a new image, after which a scan with missing images is tried, and refused, as it is.
        claim: without a sign of life, after which another worker's scan is taken over.
        attempts: that may fail before a scan becomes a dead letter.
        retry: after the first failed attempt; each pause is twice the one before.
        timeout: for one scan.
        memory_bytes: that one scan may need beyond the loaded bundle; 0 for any.
        health: address and port of ``/healthz`` and ``/metrics``; port 0 for a free one.

    Raises:
        ConfigError: a number is not positive, or uncertainty maps are wanted.
    """

    process: ProcessOptions
    connection: Connection
    work: Path
    description: re.Pattern[str] | None = None
    send_to: str = ""
    interval: float = 60.0
    poll: float = 2.0
    settle: float = 60.0
    patience: float = 3600.0
    claim: float = 60.0
    attempts: int = 5
    retry: float = 30.0
    timeout: float = 1800.0
    memory_bytes: int = 8 * 2**30
    health: tuple[str, int] = field(default=("127.0.0.1", 8044))

    def __post_init__(self) -> None:
        for name in ("interval", "poll", "claim", "attempts", "retry", "timeout"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"worker: expected {name} above 0, got {getattr(self, name)}")
        if self.process.uncertainty:
            raise ConfigError(
                "--uncertainty: the worker stores DICOM series only, and maps of the deviation are none; use "
                "the command process for them"
            )
