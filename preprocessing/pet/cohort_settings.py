"""What every subject of a simulated cohort has in common."""

from dataclasses import dataclass, field
from math import floor
from typing import Any

from preprocessing.pet.scan import ScanSettings
from preprocessing.pet.uptake import PRESETS
from taskgan_ext.errors import ConfigError


@dataclass(frozen=True)
class CohortSettings:
    """Settings of a cohort.

    Attributes:
        seed: decides all anatomies, uptakes and counts.
        preset: a name in ``preprocessing.pet.uptake.PRESETS``.
        doses: fractions of the full dose, increasing; the events of a lower dose are part of a higher one.
        realisations: independent low-dose images of the same scan per dose.
        num_slices: axial slices of 2.78 mm.
        positive_fraction: share of the subjects drawn from the amyloid-positive class.
        listmode_subjects: the first so many subjects are simulated event by event through a list-mode file.
        scan: scanner, counts and reconstruction.

    Raises:
        ConfigError: a value is out of range.
    """

    seed: int = 0
    preset: str = "faithful"
    doses: tuple[float, ...] = (0.01,)
    realisations: int = 1
    num_slices: int = 48
    positive_fraction: float = 0.25
    listmode_subjects: int = 1
    scan: ScanSettings = field(default_factory=ScanSettings)

    def __post_init__(self) -> None:
        checks = {
            "seed": (self.seed >= 0, "0 or more"),
            "preset": (self.preset in PRESETS, f"one of {', '.join(PRESETS)}"),
            "doses": (
                len(self.doses) > 0
                and all(0 < dose < 1 for dose in self.doses)
                and tuple(sorted(set(self.doses))) == self.doses,
                "increasing fractions between 0 and 1",
            ),
            "realisations": (
                self.realisations >= 1 and self.realisations * max(self.doses, default=0) <= 1,
                "1 or more, and not so many that they use more than all events of the scan",
            ),
            "num_slices": (self.num_slices >= 1, "1 or more"),
            "positive_fraction": (0 <= self.positive_fraction <= 1, "a fraction between 0 and 1"),
            "listmode_subjects": (self.listmode_subjects >= 1, "1 or more"),
        }
        for name, (valid, expected) in checks.items():
            if not valid:
                raise ConfigError(f"cohort setting {name}: expected {expected}, got {getattr(self, name)}")

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return {
            "seed": self.seed,
            "preset": self.preset,
            "doses": list(self.doses),
            "realisations": self.realisations,
            "num_slices": self.num_slices,
            "positive_fraction": self.positive_fraction,
            "listmode_subjects": self.listmode_subjects,
            "scan": self.scan.to_dict(),
        }

    def drawn_positive(self, index: int) -> bool:
        """Whether a subject is drawn from the positive class.

        Of the first N subjects exactly ``floor(N * positive_fraction + 1/2)`` are, for every N, so that a
        cohort can grow later.

        Args:
            index: number of the subject, from 0.
        """
        before, after = (floor(count * self.positive_fraction + 0.5) for count in (index, index + 1))
        return after > before
