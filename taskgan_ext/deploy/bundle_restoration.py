"""Restore a PET series in memory, by the inference configuration of a bundle."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.scan_restoration import volume_on
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.series import Series
from taskgan_ext.keys import IMAGE


class BundleRestoration:
    """A bundle as one function, for series that are read already.

    Nothing is checked but what reading and the bundle check: whether the bundle applies to the series, and
    whether the result may be shown, is for ``clinical.process`` to say.

    Args:
        folder: of the bundle, with ``configs/inference.json``, ``configs/metadata.json`` and the weights that
            they name. The configuration is code: verify a bundle of other people before.
        device: such as ``cpu`` or ``cuda:0``; the configuration decides by default.
        action: what the bundle does to an image, for the description of what is made of it.

    Raises:
        DataError: a file of the configuration is missing or no JSON.
        CheckpointError: the weights are missing or do not fit the network.
    """

    def __init__(
        self, folder: str | os.PathLike[str], device: str | None = None, action: str = "denoised"
    ) -> None:
        self.model = BundleModel(Path(folder), device or "")
        self.recipe = Recipe(self.model.name, self.model.version, self.model.weights_sha256, action)

    def __call__(self, series: Series) -> NDArray[np.floating]:
        """Restore.

        Args:
            series: a PET series.

        Returns:
            ``(X, Y, Z)`` on the axes of ``series.volume`` and in its unit, float32.

        Raises:
            RefusedSeries: ``output_gate``, the bundle gives a volume on another grid.
            DataError: the bundle refuses the volume.
        """
        prepared = self.model.prepare({IMAGE: series})
        columns, rows, slices = series.volume.shape
        restored = self.model.finish(prepared, self.model.restore(prepared))
        return volume_on(restored, (columns, rows, slices), series.affine)
