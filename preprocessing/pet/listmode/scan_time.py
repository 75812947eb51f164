"""When the scan of a list-mode file begins in its own time, and how long it is."""

from dataclasses import dataclass

from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.survey import late_start


@dataclass(frozen=True)
class ScanTime:
    """The time of a scan.

    Attributes:
        start_ms: first time in the file. Files that were cut out of a longer scan do not begin at 0.
        duration_ms: from there to the last time in the file.
    """

    start_ms: int
    duration_ms: int

    def notices(self) -> tuple[str, ...]:
        """What the user should know, one text each."""
        return late_start(self.start_ms)


def scan_time(file: ListModeFile) -> ScanTime:
    """Find the time of a scan; the whole file is read where its header and its ends do not tell.

    Args:
        file: the open file.

    Raises:
        RefusedListMode: the file is broken.
    """
    if file.duration_ms:
        return ScanTime(file.start_ms, file.duration_ms)
    survey = file.survey()
    return ScanTime(survey.start_ms, survey.duration_ms)
