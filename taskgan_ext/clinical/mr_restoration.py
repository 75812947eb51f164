"""Synthesise MR contrasts from MDME scans."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from monai.data import MetaTensor
from numpy.typing import NDArray

from taskgan_ext.clinical.applicability import Applicability
from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.restored_scan import RestoredImage
from taskgan_ext.clinical.scan_restoration import decision_on, deviation_of, volume_on
from taskgan_ext.clinical.study import Study
from taskgan_ext.clinical.task_witness import TaskWitness
from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.derived_series import DerivedSeries
from taskgan_ext.dicom.derived.mr_series import write_derived_mr
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.source_slices import SourceSlices, read_source_slices
from taskgan_ext.dicom.image_gate import is_image
from taskgan_ext.dicom.parse_file import parse_file
from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import DataError, RefusedInput, RefusedSeries
from taskgan_ext.io.atomic import write_json
from taskgan_ext.keys import CONTRAST, MASK, PROPERTY, UNLIKE_TRAINING
from taskgan_ext.mr.list_contrasts import list_contrasts
from taskgan_ext.mr.prepared_files import write_prepared_files
from taskgan_ext.mr.prepared_subject import PreparedSubject, prepare_subject
from taskgan_ext.mr.reader.read import read_mdme

NAME = "scan"
"""Of the files of a scan within a folder that nobody else sees."""
FRAME = ("FrameOfReferenceUID", "Rows", "Columns", "PixelSpacing", "ImageOrientationPatient")
"""What the series of one scan share."""


class MrRestoration:
    """A bundle whose network makes contrasts of MDME scans.

    Args:
        model: the bundle.
        witness: its task network, or ``None``.
        applies: what it was trained on.
        recipe: what headers tell about it; each contrast gets its own.
    """

    counted = False

    def __init__(
        self, model: BundleModel, witness: TaskWitness | None, applies: Applicability, recipe: Recipe
    ) -> None:
        self.model, self.witness, self.applies, self.recipe = model, witness, applies, recipe
        self.synthesis = model.parser.get_parsed_content("synthesis")

    def scans(self, study: Study) -> list[Sequence[str]]:
        """Series with several images at one place and on one grid are a scan; all others are one each."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for uid, files in study.series.items():
            groups.setdefault(_grid_of(uid, files), []).append(uid)
        return [tuple(uids) for uids in groups.values()]

    def restore(
        self, files: Sequence[Path], samples: int, now: datetime | None, work: Path
    ) -> Iterator[RestoredImage]:
        """Make the contrasts of a scan; see ``ScanRestoration``."""
        source = read_source_slices(files)
        self.applies.check(source.headers, "")
        self.applies.check_grid(source.shape, source.affine)
        prepared = _prepare(files, work)
        write_prepared_files(prepared, work / "files", NAME)
        write_json(work / "files" / f"{NAME}.json", {"sequence": prepared.image.sequence.to_dict()})
        for item in list_contrasts(work / "files", self.synthesis):
            yield self._restore_one(item, source, prepared, samples, now)

    def _restore_one(
        self,
        item: dict[str, Any],
        source: SourceSlices,
        scan: PreparedSubject,
        samples: int,
        now: datetime | None,
    ) -> RestoredImage:
        prepared = self.model.prepare(item)
        restored = self.model.restore(prepared)
        grid = (source.shape, source.affine)
        values = volume_on(self.model.finish(prepared, restored), *grid)
        if not np.isfinite(values).all():
            raise RefusedSeries("nonfinite", "expected finite values, the network gave others")
        deviation = None
        if samples:
            spread = MetaTensor(deviation_of(self.model, prepared, samples))
            deviation = volume_on(self.model.finish(prepared, spread), *grid).astype(np.float32)
        found = decision_on(self.witness, restored, prepared[MASK])
        return RestoredImage(
            label=item[CONTRAST],
            measures={"fit": scan.quality.misfit},
            decisions=[item[PROPERTY], *found] if found else [],
            write=partial(self._write, source, values, self._contrast(item), now),
            remarks=("unlike_training",) if item[UNLIKE_TRAINING] else (),
            deviation=deviation,
            affine=source.affine,
        )

    def _contrast(self, item: dict[str, Any]) -> SynthesisedContrast:
        times = self.synthesis.entries[item[CONTRAST]].nominal
        return SynthesisedContrast(
            item[CONTRAST],
            times.repetition_time,
            times.echo_time,
            times.inversion_time,
            number=item[PROPERTY],
        )

    def _write(
        self,
        source: SourceSlices,
        values: NDArray[np.floating],
        contrast: SynthesisedContrast,
        now: datetime | None,
        folder: Path,
        comment: str,
    ) -> DerivedSeries:
        # Series that lie side by side in a viewer are told apart by what was made.
        recipe = replace(self.recipe, action=f"{self.recipe.action} {contrast.name}")
        return write_derived_mr(source, values, contrast, recipe, folder, now=now, comment=comment)


def _prepare(files: Sequence[Path], folder: Path) -> PreparedSubject:
    """Read the images and fit the maps; the reader takes a folder, and files may lie in several."""
    links = folder / "images"
    links.mkdir()
    for number, file in enumerate(files):
        link = links / f"{number:06d}.dcm"
        try:
            link.symlink_to(file.absolute())
        except OSError as error:  # its text names the file, which can be named after a patient
            raise OSError(error.errno, error.strerror, str(link)) from None
    try:
        return prepare_subject(read_mdme(links))
    except RefusedInput:
        raise
    except DataError as error:
        raise RefusedSeries("not_applicable", f"expected a whole MDME scan: {error}") from None


def _grid_of(uid: str, files: Sequence[Path]) -> tuple[str, ...]:
    try:
        with quiet_parser():
            headers = [parse_file(file) for file in files]
            places = {header.text("ImagePositionPatient") for header in headers}
            # What is of another kind is refused, and must not take a scan on the same grid with it.
            if len(places) < len(headers) and all(map(is_image, headers)):
                return tuple(headers[0].text(keyword) for keyword in FRAME)
    except RefusedSeries:
        return (uid,)  # refused again when it is read, and then alone
    return (uid,)
