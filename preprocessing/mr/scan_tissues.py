"""From conventional scans of one person to tissue fractions for the simulator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.mr.aligned_scans import (
    AlignedScan,
    Mask,
    Scan,
    align,
    align_by_registration,
    finest,
    read_scan,
)
from preprocessing.mr.intensity_bias import classify
from preprocessing.mr.label_file import read_labels
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.scan_brain import find_brain, head_tissues
from preprocessing.mr.tissue_grid import TissueGrid, plan_grid
from preprocessing.mr.tissue_mixture import BRIGHTNESS, CLASSES, Mixture
from preprocessing.mr.tissues import TISSUES
from preprocessing.mr.volume import Volume, transform_points
from taskgan_ext.errors import ConfigError, DataError

SMOOTHING = 0.6
"""Sigma of the blur of the fractions, in units of the shortest side of a voxel."""
MIN_COVERAGE = 0.5
"""Least share of the brain that all scans must show."""
THINNEST_MM, THICKEST_MM = 0.5, 10.0
FROM_USER, FROM_STRIPPED, FROM_INTENSITIES = "user", "skull-stripped scans", "intensities"


@dataclass(frozen=True)
class TissueRequest:
    """What to find tissues in.

    Attributes:
        contrasts: contrast out of ``BRIGHTNESS`` to scan, DICOM folder or NIfTI; one or more.
        lesions: lesion mask on the grid of any scan or in the scanner's frame, or ``None``.
        brain: brain mask, likewise; ``None`` to find it in the scans.
        resolution: in-plane voxel size in mm; ``None`` for the voxels of the finest scan.
        slice_mm: thickness of the slices, unless those of the scan are thicker or kept.
        register: whether to look for movements between the scans.

    Raises:
        ConfigError: no scan, an unknown contrast, or a size out of range.
    """

    contrasts: Mapping[str, Path]
    lesions: Path | None = None
    brain: Path | None = None
    resolution: float | None = 2.0
    slice_mm: float = 4.0
    register: bool = False

    def __post_init__(self) -> None:
        known = ", ".join(BRIGHTNESS)
        unknown = [name for name in self.contrasts if name not in BRIGHTNESS]
        if unknown or not self.contrasts:
            raise ConfigError(f"expected one or more scans of {known}, got {', '.join(unknown) or 'none'}")
        if not THINNEST_MM <= self.slice_mm <= THICKEST_MM:
            raise ConfigError(
                f"expected slices of {THINNEST_MM} to {THICKEST_MM:.0f} mm, got {self.slice_mm:g} mm"
            )


@dataclass(frozen=True)
class ScanTissues:
    """Tissue fractions and how they were found.

    Attributes:
        fractions: ``(X, Y, Z, 9)`` in the order of ``TISSUES``, adding up to 1 or less.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        grid_from: the scan whose axes the grid has.
        brain_from: ``FROM_USER``, ``FROM_STRIPPED`` or ``FROM_INTENSITIES``.
        coverage: share of the brain that all scans show.
        other_frames: scans that name another scanner frame than ``grid_from`` does.
        records: contrast to what the registration did.
        mixture: of the intensities, in units of the median of each contrast.
        lesion_share: share of the lesion mask that lies in the brain; ``None`` where nothing is masked.
    """

    fractions: NDArray[np.float32]
    affine: NDArray[np.float64]
    grid_from: str
    brain_from: str
    coverage: float
    other_frames: tuple[str, ...]
    records: Mapping[str, RegistrationRecord]
    mixture: Mixture
    lesion_share: float | None

    def volumes_ml(self) -> dict[str, float]:
        """Volume of each tissue in ml."""
        voxel_ml = abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000
        totals = self.fractions.sum(axis=(0, 1, 2), dtype=np.float64) * voxel_ml
        return {name: round(total, 2) for name, total in zip(TISSUES, totals.tolist(), strict=True)}


def find_tissues(request: TissueRequest, say: Callable[[str], None] = lambda _: None) -> ScanTissues:
    """Find white and grey matter and fluid by intensity, lesions by their mask, fat and muscle roughly.

    Args:
        request: scans and wishes.
        say: is told every step as it begins.

    Raises:
        DataError: files cannot be read, do not overlap, or show no brain.
    """
    scans = {}
    for name in (name for name in BRIGHTNESS if name in request.contrasts):
        say(f"reading {name}")
        scans[name] = read_scan(name, request.contrasts[name])
    grid_from = finest(scans)
    grid = scans[grid_from].volume
    say(f"bringing all to the grid of {grid_from} and finding the brain")
    aligned = {name: align(name, scan, grid) for name, scan in scans.items()}
    brain, brain_from, not_head = _find_brain(request.brain, grid, aligned)
    if request.register:
        for name in (name for name in scans if name != grid_from):
            say(f"registering {name} to {grid_from}")
            aligned[name] = align_by_registration(name, scans[name], grid, brain)
    shown = _shown_by_all(brain, aligned)
    lesions = _find_lesions(request.lesions, grid, scans, aligned)
    say("telling tissues apart")
    data = {name: scan.data for name, scan in aligned.items()}
    parts, mixture = _classify(data, shown, lesions & shown, grid.affine)
    if not_head is not None:
        parts |= head_tissues(data, not_head, _voxel_mm(grid))
    say("averaging over the voxels of the simulation")
    target = plan_grid(shown, grid.affine, request.resolution, request.slice_mm)
    frames = {name: scan.frame_of_reference for name, scan in scans.items() if scan.frame_of_reference}
    return ScanTissues(
        fractions=_average(parts, grid, target),
        affine=target.affine,
        grid_from=grid_from,
        brain_from=brain_from,
        coverage=float(shown.sum() / brain.sum()),
        other_frames=tuple(n for n in frames if frames[n] != frames.get(grid_from, frames[n])),
        records={name: scan.record for name, scan in aligned.items() if scan.record is not None},
        mixture=mixture,
        lesion_share=float((lesions & shown).sum() / lesions.sum()) if lesions.any() else None,
    )


def _find_brain(
    path: Path | None, grid: Volume, aligned: Mapping[str, AlignedScan]
) -> tuple[Mask, str, Mask | None]:
    """The brain, where it is from, and what is not scalp or muscle; ``None`` where the skull was removed."""
    data = {name: scan.data for name, scan in aligned.items()}
    not_zero = np.logical_and.reduce([scan.not_zero for scan in aligned.values()])
    found, stripped = find_brain(data, not_zero, _voxel_mm(grid))
    if path is None:
        if not found.any():
            raise DataError("expected scans that show a brain, but none was found; give a mask with --mask")
        return found, FROM_STRIPPED if stripped else FROM_INTENSITIES, None if stripped else found
    brain = read_labels(path, grid, {})  # nothing has moved yet
    if not brain.any():
        raise DataError(f"{path}: expected a brain mask with voxels that are not 0, found none")
    return brain, FROM_USER, None if stripped else found | brain


def _shown_by_all(brain: Mask, aligned: Mapping[str, AlignedScan]) -> Mask:
    shown = brain & np.logical_and.reduce([scan.covered for scan in aligned.values()])
    coverage = shown.sum() / brain.sum()
    if coverage < MIN_COVERAGE:
        shares = ", ".join(f"{n} {(s.covered & brain).sum() / brain.sum():.0%}" for n, s in aligned.items())
        raise DataError(
            f"expected scans that show the same brain, but all of them together show {coverage:.0%} of it "
            f"({shares}); leave out the one that shows least, or give a mask of the part to use"
        )
    return shown


def _find_lesions(
    path: Path | None, grid: Volume, scans: Mapping[str, Scan], aligned: Mapping[str, AlignedScan]
) -> Mask:
    if path is None:
        return np.zeros(grid.data.shape, dtype=bool)
    return read_labels(path, grid, {name: (scans[name].volume, aligned[name].matrix) for name in scans})


def _classify(
    data: Mapping[str, NDArray[np.float32]], brain: Mask, lesions: Mask, affine: NDArray[np.float64]
) -> tuple[dict[str, NDArray[np.float32]], Mixture]:
    """Fractions of the tissues of the brain, each ``(X, Y, Z)``."""
    values = np.stack([scan[brain] for scan in data.values()], axis=1)
    points = transform_points(np.argwhere(brain).astype(np.float64), affine)
    healthy = ~lesions[brain]
    found, mixture = classify(values, points, tuple(data), healthy)
    parts = {"LES": lesions.astype(np.float32)}
    for name, share in zip(CLASSES, found, strict=True):
        parts[name] = np.zeros(brain.shape, dtype=np.float32)
        parts[name][brain] = share * healthy
    return parts, mixture


def _average(
    parts: Mapping[str, NDArray[np.float32]], grid: Volume, target: TissueGrid
) -> NDArray[np.float32]:
    """Fractions of all tissues, ``(X, Y, Z, 9)``, on the grid of the simulation."""
    fractions = np.zeros((*target.shape, len(TISSUES)), dtype=np.float32)
    for index, name in enumerate(TISSUES):
        if name in parts:
            fractions[..., index] = target.average(_blur(parts[name], _voxel_mm(grid)))
    # Sums of rounded numbers may go a little beyond 1.
    return fractions / np.maximum(fractions.sum(axis=3, keepdims=True), 1)


def _blur(part: NDArray[np.float32], voxel_mm: Sequence[float]) -> NDArray[np.float32]:
    """Smooth by the same distance along every axis: a thick slice does not leak into the next."""
    sigmas = [SMOOTHING * min(voxel_mm) / size for size in voxel_mm]
    return np.asarray(ndimage.gaussian_filter(part, sigmas), dtype=np.float32)


def _voxel_mm(grid: Volume) -> list[float]:
    sizes: list[float] = np.linalg.norm(grid.affine[:3, :3], axis=0).tolist()
    return sizes
