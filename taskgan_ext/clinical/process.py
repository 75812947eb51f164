"""Restore what a folder holds: derived series and one result file, or codes that say why not."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from taskgan_ext.clinical.audit import audit
from taskgan_ext.clinical.hashed_uid import hashed_uid
from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.output_gate import FLAGS
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.restored_scan import RestoredImage
from taskgan_ext.clinical.result import RESULT_FILE, Outcome, SeriesResult, StudyResult
from taskgan_ext.clinical.study import Study, find_series
from taskgan_ext.errors import SERIES_CODES, RefusedSeries
from taskgan_ext.io.atomic import TEMPORARY, write_json
from taskgan_ext.io.nifti import save_nifti


def process_folder(
    in_dir: Path, out_dir: Path, bundle: ClinicalBundle, options: ProcessOptions
) -> StudyResult:
    """Restore the scans of a folder.

    Each derived series is a folder ``<hashed series UID>-<label>`` that is there when it is whole;
    ``result.json`` comes last. The same input gives the same names and UIDs, so it may be repeated.

    Args:
        in_dir: DICOM files of one or several series, in any order and under any names; never changed.
        out_dir: made where it is missing; what this function wrote before is replaced.
        bundle: of ``open_bundle``.
        options: how.

    Returns:
        What became of each series.

    Raises:
        ConfigError: the generator has no dropout, and samples are wanted.
        RefusedSeries: there is no folder to read.
        OSError: the output cannot be written.
    """
    study = find_series(in_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / RESULT_FILE).unlink(missing_ok=True)
    results = [
        result
        for scan in bundle.restoration.scans(study)
        for result in _process_scan(scan, study, bundle, out_dir, options)
    ]
    results += [_refused("", code, 0.0) for code in study.faults]
    if not results:
        results = [_refused("", "no_file", 0.0)]
    found = StudyResult(
        bundle.name,
        bundle.version,
        bundle.weights_sha256,
        sorted(results, key=lambda each: (each.series, each.label)),
    )
    write_json(out_dir / RESULT_FILE, found.to_dict())
    return found


def _process_scan(
    scan: Sequence[str], study: Study, bundle: ClinicalBundle, out_dir: Path, options: ProcessOptions
) -> list[SeriesResult]:
    """Of a scan of several series, what is derived counts as made of the first."""
    begun = time.monotonic()
    name = hashed_uid(scan[0])
    files = [file for uid in scan for file in study.series[uid]]
    results = []
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=out_dir, ignore_cleanup_errors=True) as folder:
        try:
            for image in bundle.restoration.restore(files, options.uncertainty, options.now):
                results.append(_gate(image, name, bundle, Path(folder), options, begun))
                begun = time.monotonic()
            # Only now, so that a scan refused half way leaves nothing.
            for made in sorted(Path(folder).iterdir()):
                _put(made, out_dir / made.name)
        except RefusedSeries as refusal:
            results = [_refused(name, refusal.code, time.monotonic() - begun)]
    for result in results:
        facts = {"flags": list(result.flags), "code": result.code, "seconds": round(result.seconds, 3)}
        audit(str(result.outcome), series=result.series, label=result.label, **_origin(bundle), **facts)
    return results


def _gate(
    image: RestoredImage,
    name: str,
    bundle: ClinicalBundle,
    folder: Path,
    options: ProcessOptions,
    begun: float,
) -> SeriesResult:
    flags = (*bundle.gate.flags(image.measures, image.decisions), *image.remarks)
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
        measures={key: float(value) for key, value in measures.items()},
        files=files,
        seconds=time.monotonic() - begun,
    )


def _refused(name: str, code: str, seconds: float) -> SeriesResult:
    # The text of the refusal stays out: it may name files, and files can be named after patients.
    return SeriesResult(name, Outcome.REFUSED, code=code, reason=SERIES_CODES[code], seconds=seconds)


def _comment(flags: Sequence[str]) -> str:
    return f"Check before use: {'; '.join(FLAGS[flag] for flag in flags)}" if flags else ""


def _origin(bundle: ClinicalBundle) -> dict[str, str]:
    return {"bundle": bundle.name, "version": bundle.version, "weights": bundle.weights_sha256[:12]}


def _put(made: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    made.rename(target)
