"""How an MDME scan was taken, as far as a network notices: times of its images, size of its voxels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.nifti_gate import check_nifti
from taskgan_ext.mr.sequence import MDMESequence

MDME_ENDING = "_mdme.nii.gz"
TIME_TOLERANCE = 0.1
VOXEL_TOLERANCE = 0.25
"""Shares by which times and voxels of a scan may differ from those of the training."""


@dataclass(frozen=True)
class Acquisition:
    """Acquisition of one subject, or the medians of several.

    Attributes:
        voxel_mm: size of a voxel along the axes that come closest to right, anterior and superior.
        times: name of a group of times (of ``MDMESequence``) to times in s; empty where no sidecar tells.
    """

    voxel_mm: tuple[float, ...]
    times: dict[str, tuple[float, ...]]

    def to_dict(self) -> dict[str, Any]:
        """The values by name, JSON-serialisable."""
        return {"voxel_mm": list(self.voxel_mm), "times": {n: list(t) for n, t in self.times.items()}}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Acquisition":
        """Inverse of ``to_dict``."""
        times = {name: tuple(map(float, values)) for name, values in content["times"].items()}
        return cls(tuple(map(float, content["voxel_mm"])), times)

    def differences(self, other: "Acquisition") -> list[str]:
        """Say in what another scan differs from this one by more than the tolerances.

        Args:
            other: the scan.

        Returns:
            A phrase for each difference, with both values; what is not known of either is not compared.
        """
        pairs = [("voxels", "mm", self.voxel_mm, other.voxel_mm, VOXEL_TOLERANCE)]
        pairs += [
            (name.replace("_", " "), "s", times, other.times[name], TIME_TOLERANCE)
            for name, times in self.times.items()
            if name in other.times
        ]
        return [
            f"{name} {_listed(found)} {unit} instead of {_listed(wanted)} {unit}"
            for name, unit, wanted, found, tolerance in pairs
            if len(found) != len(wanted) or not np.allclose(found, wanted, rtol=tolerance, atol=0)
        ]


def read_acquisition(image: str | os.PathLike[str] | Sequence[str]) -> Acquisition:
    """Read the header of a prepared MDME image and the sidecar of its subject.

    Args:
        image: ``..._mdme.nii.gz``, or files of one channel each; ``....json`` beside it is the sidecar, which
            may be missing.

    Raises:
        DataError: the image is missing or no NIfTI file, or the sidecar is none.
        ConfigError: the times of the sidecar are impossible.
    """
    path = Path(image if isinstance(image, str | os.PathLike) else image[0])
    voxel_mm = _voxel_mm(check_nifti(path).affine)
    sidecar = path.with_name(path.name.removesuffix(MDME_ENDING) + ".json")
    content = read_json(sidecar) if sidecar.is_file() else {}
    if "sequence" not in content:
        return Acquisition(voxel_mm, {})
    sequence = MDMESequence.from_dict(content["sequence"])
    return Acquisition(
        voxel_mm,
        {
            "repetition_time": (sequence.repetition_time,),
            "echo_times": sequence.echo_times,
            "delays": sequence.delays,
        },
    )


def median_acquisition(acquisitions: Sequence[Acquisition]) -> Acquisition:
    """Take the medians of several scans, element by element.

    Args:
        acquisitions: at least one; times count only if all know them.

    Raises:
        DataError: the scans differ in the number of delays or echoes.
    """
    times: dict[str, tuple[float, ...]] = {}
    for name in acquisitions[0].times:
        values = [scan.times[name] for scan in acquisitions if name in scan.times]
        lengths = sorted({len(value) for value in values})
        if len(lengths) > 1:
            raise DataError(
                f"expected training scans of one kind of sequence, got {' and '.join(map(str, lengths))} "
                f"{name.replace('_', ' ')}; train on one kind at a time"
            )
        if len(values) == len(acquisitions):
            times[name] = _median(values)
    return Acquisition(_median([scan.voxel_mm for scan in acquisitions]), times)


def _voxel_mm(affine: NDArray[np.float64]) -> tuple[float, ...]:
    """Sizes of a voxel, the axis that comes closest to right first, then anterior, then superior."""
    nearest = np.argsort(nib.io_orientation(affine)[:, 0])
    return tuple(float(size) for size in voxel_sizes(affine)[nearest])


def _median(values: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.median(np.array(values, dtype=np.float64), axis=0))


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
