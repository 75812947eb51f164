"""Restore what a folder holds: derived series and one result file, or codes that say why not."""

import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.clinical.audit import audit
from taskgan_ext.clinical.delivery import check_places, deliver
from taskgan_ext.clinical.hashed_uid import hashed_uid
from taskgan_ext.clinical.interruption import interruption
from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.output_gate import FLAGS
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.restored_scan import RestoredImage
from taskgan_ext.clinical.result import RESULT_FILE, Outcome, SeriesResult, StudyResult
from taskgan_ext.clinical.study import Study, find_series
from taskgan_ext.dicom.derived.recipe import SHORT_SHA256
from taskgan_ext.errors import SERIES_CODES, DataError, RefusedInput
from taskgan_ext.io.atomic import TEMPORARY, write_json
from taskgan_ext.io.nifti import save_nifti


def process_folder(
    in_dir: Path, out_dir: Path, bundle: ClinicalBundle, options: ProcessOptions
) -> StudyResult:
    """Restore the scans of a folder.

    Each derived series is a folder ``<hashed series UID>-<label>`` that is there when it is whole;
    ``result.json`` comes last. The same input gives the same names and UIDs, so it may be repeated. Every
    series leaves a line for the auditor, and so does every file that cannot be told to belong to one.

    Args:
        in_dir: DICOM files of one or several series, in any order and under any names; never changed.
        out_dir: made where it is missing; what this function wrote before of the same scans is replaced.
        bundle: of ``open_bundle``.
        options: how.

    Returns:
        What became of each series.

    Raises:
        ConfigError: ``out_dir`` lies in ``in_dir``, or holds what could be confused with what is written.
        RefusedSeries: there is no folder to read.
        OSError: the output cannot be written.
    """
    check_places(in_dir, out_dir, options.flat)
    with interruption.allowed():
        study = find_series(in_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / RESULT_FILE).unlink(missing_ok=True)
    results = []
    for code in study.faults or ([] if study.series else ["no_file"]):
        results.append(_refused("", code, 0.0))
        _audit(results[-1], bundle)
    for scan in bundle.restoration.scans(study):
        for result in _process_scan(scan, study, bundle, out_dir, options):
            results.append(result)
            _audit(result, bundle)
    results.sort(key=lambda each: (each.series, each.label))
    found = StudyResult(bundle.name, bundle.version, bundle.weights_sha256, results)
    write_json(out_dir / RESULT_FILE, found.to_dict())
    return found


def _process_scan(
    scan: Sequence[str], study: Study, bundle: ClinicalBundle, out_dir: Path, options: ProcessOptions
) -> list[SeriesResult]:
    """Of a scan of several series, what is derived counts as made of the first."""
    begun = time.monotonic()
    name = hashed_uid(scan[0])
    files = [file for uid in scan for file in study.series[uid]]
    # What cannot be read may be slices of this scan, which only a count in the headers would show.
    remarks = ("unread_files",) if study.faults and not bundle.restoration.counted else ()
    results = []
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=out_dir, ignore_cleanup_errors=True) as folder:
        made, work = Path(folder) / "made", Path(folder) / "work"
        made.mkdir()
        work.mkdir()
        try:
            with interruption.allowed():
                for image in bundle.restoration.restore(files, options.uncertainty, options.now, work):
                    results.append(_gate(image, name, bundle, made, options, begun, remarks))
                    begun = time.monotonic()
        except (DataError, RuntimeError) as error:  # transforms of MONAI wrap what they raise
            found = error if isinstance(error, DataError) else find_user_error(error)
            if not isinstance(found, DataError):
                raise
            code = found.code if isinstance(found, RefusedInput) else "not_applicable"
            results = [_refused(each, code, time.monotonic() - begun) for each in map(hashed_uid, scan)]
            shutil.rmtree(made)
            made.mkdir()
        # Only now, so that a scan refused half way leaves nothing.
        names = deliver(made, out_dir, name, options.flat)
    return [replace(result, files=[names[file] for file in result.files]) for result in results]


def _gate(
    image: RestoredImage,
    name: str,
    bundle: ClinicalBundle,
    folder: Path,
    options: ProcessOptions,
    begun: float,
    remarks: Sequence[str],
) -> SeriesResult:
    flags = (*bundle.gate.flags(image.measures, image.decisions), *image.remarks, *remarks)
    measures = dict(image.measures)
    measures |= dict(zip(("task_before", "task_after"), map(float, image.decisions), strict=False))
    outcome = Outcome.RESTORED
    if flags:
        outcome = Outcome.FLAGGED if options.deliver_flagged else Outcome.WITHHELD
    files: list[str] = []
    if outcome is not Outcome.WITHHELD:
        target = folder / f"{name}-{image.label}"
        written = image.write(target, _comment(flags))
        files = [f"{target.name}/{file.name}" for file in written.files]
        if image.deviation is not None:
            map_file = folder / f"{name}-{image.label}_deviation.nii.gz"
            save_nifti(np.asarray(image.deviation), image.affine, map_file)
            files.append(map_file.name)
    return SeriesResult(
        series=name,
        outcome=outcome,
        label=image.label,
        reason="; ".join(FLAGS[flag] for flag in flags),
        flags=flags,
        # JSON has no infinity; the flag says what there is to say.
        measures={key: float(value) for key, value in measures.items() if math.isfinite(value)},
        files=files,
        seconds=time.monotonic() - begun,
    )


def _refused(name: str, code: str, seconds: float) -> SeriesResult:
    # The text of the refusal stays out: it may name files, and files can be named after patients.
    return SeriesResult(name, Outcome.REFUSED, code=code, reason=SERIES_CODES[code], seconds=seconds)


def _audit(result: SeriesResult, bundle: ClinicalBundle) -> None:
    audit(
        str(result.outcome),
        series=result.series,
        label=result.label,
        flags=list(result.flags),
        code=result.code,
        seconds=round(result.seconds, 3),
        bundle=bundle.name,
        version=bundle.version,
        weights=bundle.weights_sha256[:SHORT_SHA256],
    )


def _comment(flags: Sequence[str]) -> str:
    return f"Check before use: {'; '.join(FLAGS[flag] for flag in flags)}" if flags else ""
