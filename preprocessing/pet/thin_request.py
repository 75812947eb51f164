"""What the user asks of ``pet thin``, and the files that it leads to."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from preprocessing.pet.dose_plan import dose_intervals, time_windows
from preprocessing.pet.listmode.event_part import EventPart, RandomPart, TimeWindow
from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.scan_time import scan_time
from preprocessing.pet.thinning import Interval, random_key
from taskgan_ext.errors import ConfigError

Mode = Literal["bernoulli", "window"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class ThinRequest:
    """How to thin a list-mode file.

    Attributes:
        doses: shares of the scan to keep, in (0, 1].
        seed: decides which events are kept.
        realisations: disjoint low-dose scans of each dose.
        mode: ``bernoulli``: each event at random; ``window``: all events of some minutes.
        middle: of windows: whether they lie in the middle of the scan, and not at its beginning.
        subject: name of the copies, and part of the key of the random numbers; by default the name of the
            file without its suffix.
        keep_identity: copy what tells who was scanned and when.

    Raises:
        ConfigError: the subject is no plain name, the seed is negative, doses and realisations do not fit in
            one scan, or two doses would go by one name.
    """

    doses: tuple[float, ...]
    seed: int = 0
    realisations: int = 1
    mode: Mode = "bernoulli"
    middle: bool = False
    subject: str | None = None
    keep_identity: bool = False

    def __post_init__(self) -> None:
        if self.subject is not None and not _NAME.fullmatch(self.subject):
            raise ConfigError(
                f"--subject: expected letters, digits, dots, dashes and underscores, got {self.subject!r}"
            )
        if self.seed < 0:
            raise ConfigError(f"--seed: expected 0 or more, got {self.seed}")
        if self.middle and self.mode != "window":
            raise ConfigError("--middle belongs to --mode window")
        self.intervals()
        labels = [self.label(dose, 1) for dose in self.doses]
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ConfigError(
                f"expected doses whose names differ in six digits of the percentage, got two that are {twice}"
            )

    def intervals(self) -> dict[tuple[float, int], Interval]:
        """Which part of the scan belongs to which dose and realisation, see ``dose_intervals``."""
        return dose_intervals(self.doses, self.realisations)

    def label(self, dose: float, realisation: int) -> str:
        """``dose-01``, ``dose-0p5_real-2``, ``window-05``: percent, as the simulated cohort has it.

        Args:
            dose: share of the scan.
            realisation: counts from 1.
        """
        percent = f"{100 * dose:.6g}".replace(".", "p")
        kind = "window" if self.mode == "window" else "dose"
        return f"{kind}-{percent:0>2}" + (f"_real-{realisation}" if realisation > 1 else "")

    def subject_of(self, path: Path) -> str:
        """Name of the subject.

        Args:
            path: the file of events.
        """
        return self.subject or path.name.removesuffix(path.suffix)

    def key(self, path: Path) -> int:
        """Key of the random numbers; realisations share it, since they are disjoint parts of one scan.

        Args:
            path: the file of events.
        """
        return random_key("thin", self.seed, self.subject_of(path))


@dataclass(frozen=True)
class PlannedCopy:
    """A low-dose copy to write.

    Attributes:
        path: the file of events.
        dose: share of the scan.
        realisation: counts from 1.
        part: the events.
    """

    path: Path
    dose: float
    realisation: int
    part: EventPart

    @property
    def report(self) -> Path:
        """The JSON report beside it."""
        return self.path.with_name(f"{self.path.name.removesuffix(self.path.suffix)}.json")


def plan_copies(file: ListModeFile, request: ThinRequest, out: Path) -> list[PlannedCopy]:
    """Lay out which events go to which file.

    Args:
        file: the source.
        request: what the user asks for.
        out: folder to write.

    Raises:
        ConfigError: the scan is too short for its windows.
        RefusedListMode: the file is broken, which is found out when its duration is looked for.
    """
    intervals = request.intervals()
    parts: dict[tuple[float, int], EventPart] = {}
    if request.mode == "window":
        time = scan_time(file)
        windows = time_windows(intervals, time.duration_ms, middle=request.middle, start_ms=time.start_ms)
        parts |= {place: TimeWindow(*window) for place, window in windows.items()}
    else:
        key = request.key(file.path)
        parts |= {place: RandomPart(interval, key) for place, interval in intervals.items()}
    stem, suffix = request.subject_of(file.path), file.path.suffix or ".petsird"
    return [
        PlannedCopy(out / f"{stem}_{request.label(dose, realisation)}{suffix}", dose, realisation, part)
        for (dose, realisation), part in parts.items()
    ]
