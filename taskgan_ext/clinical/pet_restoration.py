"""Restore PET series."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from taskgan_ext.clinical.applicability import Applicability
from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.restored_scan import RestoredImage
from taskgan_ext.clinical.scan_restoration import decision_on, deviation_of, volume_on
from taskgan_ext.clinical.study import Study
from taskgan_ext.clinical.task_witness import TaskWitness
from taskgan_ext.clinical.volume_comparison import compare_volumes
from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.image_files import read_images
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series
from taskgan_ext.keys import IMAGE


class PetRestoration:
    """A bundle whose network restores PET volumes in any unit.

    Args:
        model: the bundle.
        witness: its task network, or ``None``.
        applies: what it was trained on.
        recipe: what headers tell about it.
    """

    counted = True

    def __init__(
        self, model: BundleModel, witness: TaskWitness | None, applies: Applicability, recipe: Recipe
    ) -> None:
        self.model, self.witness, self.applies, self.recipe = model, witness, applies, recipe

    def scans(self, study: Study) -> list[Sequence[str]]:
        """Each series is a scan."""
        return [(uid,) for uid in study.series]

    def restore(
        self,
        files: Sequence[Path],
        samples: int,
        now: datetime | None,
        work: Path,  # noqa: ARG002  # of the protocol; only MR needs it
    ) -> Iterator[RestoredImage]:
        """Restore a series; see ``ScanRestoration``."""
        images = read_images(files).files
        self.applies.check([image.header for image in images], images[0].text("Units"))
        series = read_series(files, modality="PT")
        columns, rows, slices = shape = series.volume.shape
        self.applies.check_grid(shape, series.affine)
        prepared = self.model.prepare({IMAGE: series})
        restored = self.model.restore(prepared)
        grid = ((columns, rows, slices), series.affine)
        values = volume_on(self.model.finish(prepared, restored), *grid)
        deviation = None
        if samples:
            spread = deviation_of(self.model, prepared, samples)
            deviation = volume_on(self.model.finish(prepared, spread), *grid).astype(np.float32)
        yield RestoredImage(
            label=self.recipe.action,
            measures=compare_volumes(series.volume, values, voxel_sizes(series.affine)),
            decisions=decision_on(self.witness, prepared[IMAGE]) + decision_on(self.witness, restored),
            write=partial(self._write, series, values, now),
            deviation=deviation,
            affine=series.affine,
        )

    def _write(
        self,
        series: Series,
        values: NDArray[np.floating],
        now: datetime | None,
        folder: Path,
        comment: str,
    ) -> DerivedSeries:
        return write_derived_pet(series, values, series.units, self.recipe, folder, now=now, comment=comment)
