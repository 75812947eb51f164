"""What the clinical step needs of a bundle, whatever it restores."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from monai.data import MetaTensor
from numpy.typing import NDArray
from torch import Tensor

from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.dropout_samples import RunningSpread, dropping_out
from taskgan_ext.clinical.restored_scan import RestoredImage
from taskgan_ext.clinical.study import Study
from taskgan_ext.dicom.derived.source_grid import on_source_grid


class ScanRestoration(Protocol):
    """Restores the scans of one modality.

    A scan is what a network restores at once: a PET series, or the one or two series of an MDME scan.

    Attributes:
        counted: whether the headers of a scan say how many images it has.
    """

    counted: bool

    def scans(self, study: Study) -> list[Sequence[str]]:
        """Name the series of each scan, by SeriesInstanceUID; every series of the study is in one of them."""

    def restore(
        self, files: Sequence[Path], samples: int, now: datetime | None, work: Path
    ) -> Iterator[RestoredImage]:
        """Restore a scan.

        Args:
            files: of all images of the scan.
            samples: passes with dropout, for the uncertainty; 0 for none.
            now: the moment that headers get; ``None`` for that of the writing.
            work: an empty folder for what is needed on the way; the caller takes it away.

        Raises:
            RefusedSeries: the scan is none that the bundle restores.
            DataError: it cannot be read.
        """


def volume_on(
    image: MetaTensor, shape: tuple[int, int, int], affine: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Turn a volume to the axes of its source.

    Args:
        image: ``(1, X, Y, Z)`` with its affine.
        shape: of the source.
        affine: ``(4, 4)`` of the source, voxel index to RAS millimetres.

    Raises:
        RefusedSeries: ``output_gate``, it is on another grid.
    """
    values = image[0].as_tensor().float().cpu().numpy()
    return on_source_grid(values, image.affine.cpu().numpy(), shape, affine)


def deviation_of(model: BundleModel, prepared: Mapping[Any, Any], samples: int) -> Tensor:
    """Standard deviation of the restored volume over passes with dropout.

    Args:
        model: the bundle.
        prepared: of ``BundleModel.prepare``.
        samples: passes, at least two.

    Returns:
        ``(1, X, Y, Z)`` in the unit of the network.

    Raises:
        ConfigError: the network has no dropout.
    """
    spread = RunningSpread()
    with dropping_out(model.network):
        for _ in range(samples):
            spread.add(model.restore(prepared))
    return spread.deviation()


def decision_on(witness: Any, volume: Tensor, mask: Tensor | None = None) -> list[int]:  # noqa: ANN401
    """What the witness decides, as a list of one, or of none."""
    found = None if witness is None else witness.decision(torch.as_tensor(volume), mask)
    return [] if found is None else [found]
