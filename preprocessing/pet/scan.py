"""One subject's scan: activity and attenuation in, reconstructed full- and low-dose volumes out."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.pet.acquisition import Acquisition, CountLevels, simulate_acquisition
from preprocessing.pet.dose_plan import dose_intervals, elementary_segments, is_within
from preprocessing.pet.increments import EventExcerpt, listmode_increments, poisson_increments
from preprocessing.pet.osem import osem
from preprocessing.pet.scanner import Scanner
from preprocessing.pet.smoothing import blur_volume
from preprocessing.pet.stack import stack_to_volume, volume_to_stack
from preprocessing.pet.system_matrix import build_system_matrix
from preprocessing.pet.thinning import Interval
from taskgan_ext.errors import ConfigError

_COLUMNS_PER_BATCH = 96


@dataclass(frozen=True)
class ScanSettings:
    """How a scan is simulated and reconstructed.

    The default counts are an estimate for 330 MBq of 18F-florbetaben, 90 minutes after injection, 20 minutes
    in a SIGNA PET/MR: about 1.1e8 trues, 2 million per slice of the brain.

    Attributes:
        counts_per_slice: expected trues at full dose, mean over the slices of the volume.
        scatter_fraction: scattered coincidences as a share of the trues.
        randoms_fraction: random coincidences as a share of the trues.
        num_iterations: passes over all subsets.
        post_filter_fwhm_mm: isotropic Gaussian after the reconstruction.
        event_fraction: share of the full dose that a list-mode file holds.
        slice_spacing_mm: distance of two slices.
        frame_duration: length of the scan.
        scanner: the scanner.

    Raises:
        ConfigError: a number is not finite and positive (the fractions of scatter and randoms may be 0).
    """

    counts_per_slice: float = 2.1e6
    scatter_fraction: float = 0.30
    randoms_fraction: float = 0.20
    num_iterations: int = 2
    post_filter_fwhm_mm: float = 5.5
    event_fraction: float = 0.10
    slice_spacing_mm: float = 2.78
    frame_duration: float = 1200.0
    scanner: Scanner = field(default_factory=Scanner)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0.0 if name in {"scatter_fraction", "randoms_fraction"} else sys.float_info.min
            if isinstance(value, int | float) and not least <= value < float("inf"):
                raise ConfigError(f"scan setting {name}: expected a finite positive number, got {value}")

    def to_dict(self) -> dict[str, Any]:
        """All settings, for a JSON sidecar."""
        return asdict(self)


@dataclass(frozen=True)
class ScanResult:
    """The volumes of one subject.

    Attributes:
        full: full dose, ``(X, Y, Z)`` in Bq/ml on the reconstruction grid.
        low: ``(dose, realisation)`` to the low-dose volume, same shape and unit.
        info: settings, counts, calibration and files, for a JSON sidecar.
    """

    full: NDArray[np.float32]
    low: dict[tuple[float, int], NDArray[np.float32]]
    info: dict[str, Any]


def simulate_scan(
    activity: NDArray[np.float32],
    attenuation: NDArray[np.float32],
    settings: ScanSettings,
    doses: Sequence[float],
    realisations: int,
    seed: int,
    subject: str,
    listmode_path: Path | None = None,
) -> ScanResult:
    """Simulate one scan and reconstruct it at full dose and at each lower dose.

    A low-dose scan is a part of the full-dose scan; doses are nested within a realisation, and
    realisations share no event. With ``listmode_path`` the first ``event_fraction`` of the scan is a
    real event file that is written, read back and thinned; the rest is drawn as counts. The same
    arguments give the same bytes.

    Args:
        activity: Bq/ml on the scanner's simulation grid, ``(X, Y, Z)``, not negative.
        attenuation: linear attenuation coefficients in 1/mm, same shape.
        settings: counts, reconstruction and scanner.
        doses: dose fractions in (0, 1].
        realisations: independent low-dose scans of each dose; realisations x largest dose <= 1.
        seed: the user's seed.
        subject: the subject's name; subjects have different random numbers.
        listmode_path: the event file to write, or None for counts only.

    Returns:
        The volumes.

    Raises:
        ConfigError: doses and realisations do not fit in one scan.
        DataError: there is no activity in the field of view.
        ValueError: the volumes do not have the shape of the simulation grid.
    """
    if activity.shape != attenuation.shape:
        raise ValueError(f"expected one shape, got {activity.shape} and {attenuation.shape} (attenuation)")
    scanner, grid = settings.scanner, settings.scanner.simulation_grid
    intervals = dose_intervals(doses, realisations)
    levels = CountLevels(settings.counts_per_slice, settings.scatter_fraction, settings.randoms_fraction)
    acquisition = simulate_acquisition(
        volume_to_stack(activity, grid), volume_to_stack(attenuation, grid), scanner, levels
    )
    counts, event_file = _measure(
        acquisition, settings, list(intervals.values()), seed, subject, listmode_path
    )

    whole: Interval = (0.0, 1.0)
    parts = [whole, *intervals.values()]
    volumes = _reconstruct(counts, parts, acquisition, settings)
    return ScanResult(
        full=volumes[0],
        low=dict(zip(intervals, volumes[1:], strict=True)),
        info={
            "settings": settings.to_dict(),
            "seed": seed,
            "subject": subject,
            "calibration_counts_per_bq_ml_mm": acquisition.calibration,
            "expected_full_prompts": float(acquisition.prompts.sum(dtype=torch.float64)),
            "expected_full_randoms": acquisition.randoms_per_bin * acquisition.prompts.numel(),
            "trues_outside_tof_bins_fraction": acquisition.outside_tof_fraction,
            "additive_terms": "known expectations of scatter and randoms, times the dose fraction",
            "full_prompts": _num_prompts(counts, whole),
            "low": [
                {"dose": dose, "realisation": k, "keep": list(keep), "prompts": _num_prompts(counts, keep)}
                for (dose, k), keep in intervals.items()
            ],
            "event_file": event_file,
        },
    )


def _measure(
    acquisition: Acquisition,
    settings: ScanSettings,
    intervals: Sequence[Interval],
    seed: int,
    subject: str,
    listmode_path: Path | None,
) -> tuple[dict[Interval, torch.Tensor], dict[str, Any] | None]:
    """Draw the counts of all elementary segments, and tell about the event file."""
    expected = acquisition.prompts
    if listmode_path is None:
        return poisson_increments(expected, elementary_segments(intervals), seed, subject), None
    segments = elementary_segments(intervals, cut=settings.event_fraction)
    excerpt = EventExcerpt(
        listmode_path,
        settings.event_fraction,
        round(settings.frame_duration * 1000),
        acquisition.randoms_per_bin,
    )
    counts, header = listmode_increments(expected, segments, excerpt, settings.scanner, seed, subject)
    rest = [segment for segment in segments if segment not in counts]
    return counts | poisson_increments(expected, rest, seed, subject), header


def _reconstruct(
    counts: dict[Interval, torch.Tensor],
    parts: Sequence[Interval],
    acquisition: Acquisition,
    settings: ScanSettings,
) -> list[NDArray[np.float32]]:
    """Reconstruct several parts of the scan in Bq/ml; few slices are reconstructed as one batch."""
    scanner, grid = settings.scanner, settings.scanner.reconstruction_grid
    matrix = build_system_matrix(scanner, grid)
    num_slices = acquisition.prompts.shape[-1]
    per_batch = max(1, _COLUMNS_PER_BATCH // num_slices)
    volumes = []
    for start in range(0, len(parts), per_batch):
        batch = parts[start : start + per_batch]
        # The dose fraction scales the model of the data, so that every image is in Bq/ml.
        doses = [high - low for low, high in batch]
        stacks = osem(
            torch.cat([_counts_of(counts, part) for part in batch], dim=-1),
            torch.cat([acquisition.multiplicative * dose for dose in doses], dim=-1),
            torch.cat([acquisition.additive * dose for dose in doses], dim=-1),
            matrix,
            settings.num_iterations,
        ).split(num_slices, dim=1)
        for stack in stacks:
            smooth = blur_volume(stack, grid, settings.slice_spacing_mm, settings.post_filter_fwhm_mm)
            volumes.append(stack_to_volume(smooth, grid))
    return volumes


def _counts_of(counts: dict[Interval, torch.Tensor], part: Interval) -> torch.Tensor:
    """Add up the segments of a part of the scan."""
    inside = [increment for segment, increment in counts.items() if is_within(segment, part)]
    return sum(inside[1:], start=inside[0])


def _num_prompts(counts: dict[Interval, torch.Tensor], part: Interval) -> int:
    inside = (increment for segment, increment in counts.items() if is_within(segment, part))
    return sum(int(increment.sum(dtype=torch.float64)) for increment in inside)
