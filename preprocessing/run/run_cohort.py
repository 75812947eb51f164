"""Do all cases of a cohort file that are not done yet."""

import shutil
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.cluster import map_on_cluster, parse_address
from preprocessing.cohort import DATALIST_FILE, remove_unfinished
from preprocessing.collect import existing_split
from preprocessing.folder_lock import locked
from preprocessing.provenance import package_versions
from preprocessing.run.case_kind import Case
from preprocessing.run.case_reader import LOG_FOLDER
from preprocessing.run.case_report import CaseReport, report_failure
from preprocessing.run.cohort_file import CohortFile
from preprocessing.run.cohort_list import write_cohort_list
from preprocessing.run.run_case import RECORD_FILE, read_record, run_case
from preprocessing.same_person import file_digests
from preprocessing.schedule import Outcome, map_cases
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import TEMPORARY, read_json, write_json

RUN_FILE = "run.json"
THREADS = "threads"
"""The scheduler that needs no cluster: a thread for each worker, which has a process for its cases."""
_PACKAGES = ("taskgan-ext", "numpy", "scipy", "torch", "nibabel", "pydicom", "SimpleITK", "distributed")


@dataclass(frozen=True)
class RunResult:
    """What a run has done.

    Attributes:
        reports: of all cases, in the order of the table.
        sections: of the data list, to the subjects in them.
    """

    reports: tuple[CaseReport, ...]
    sections: Mapping[str, list[str]]


def run_cohort(cohort: CohortFile, scheduler: str = THREADS, workers: int | None = None) -> RunResult:
    """Do the cases that are missing, failed or were made from something else, and list all complete ones.

    The files of a case do not depend on scheduler and workers. However the run ends, complete cases stay.

    Args:
        cohort: what to do.
        scheduler: ``threads``, or ``dask://HOST:PORT`` of a cluster.
        workers: cases at once; ``None`` for one, or as many as the cluster takes.

    Raises:
        ConfigError: the scheduler or the number of workers is not possible, or the folder is in use for
            something else.
        DataError: the cluster does not answer, is lost or cannot run the cases.
        DependencyError: there is a cluster to use, but ``distributed`` is not installed.
        OSError: the folder cannot be made or written.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"expected at least 1 worker, got {workers}")
    address = None if scheduler == THREADS else parse_address(scheduler)
    with locked(cohort.out):
        before = _take_over(cohort)
        reports = {case.subject: CaseReport(case.subject, "not run") for case in cohort.cases}
        sections = {**before.get("sections", {}), **existing_split(cohort.out / DATALIST_FILE)}
        settings = {"scheduler": scheduler.partition(":")[0], "workers": workers}
        _write_run(cohort, settings, reports, sections)  # from here on the folder is known as ours
        try:
            _run(cohort, address, workers, reports)
        finally:
            _write_run(cohort, settings, reports, sections)
            _tidy_logs(cohort.out)
        complete = _refuse_twins(cohort, reports)
        split = write_cohort_list(cohort, complete, sections)
        sections |= {subject: section for section, members in split.items() for subject in members}
        _write_run(cohort, settings, reports, sections)
    return RunResult(tuple(reports.values()), split)


def _take_over(cohort: CohortFile) -> dict[str, Any]:
    """Put the folder in order and give what the last run has left in ``run.json``."""
    path = cohort.out / RUN_FILE
    before = read_json(path) if path.exists() else {}
    if before.get("kind", cohort.kind.name) != cohort.kind.name:
        raise ConfigError(
            f"{cohort.out} holds cases of kind {before['kind']}, not {cohort.kind.name}; choose another out"
        )
    strangers = [DATALIST_FILE] if not before and (cohort.out / DATALIST_FILE).exists() else []
    for case in cohort.cases:
        folder = cohort.out / case.subject
        if folder.exists() and not (folder / RECORD_FILE).is_file():
            strangers.append(case.subject)
    if strangers:
        names = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        raise ConfigError(f"{cohort.out} holds {names}, made by another command; choose another out")
    remove_unfinished(cohort.out)
    return before


def _run(
    cohort: CohortFile, address: str | None, workers: int | None, reports: dict[str, CaseReport]
) -> None:
    missing = []
    for case in cohort.cases:
        record = read_record(cohort.kind, case, cohort.out)
        if record is None:
            missing.append(case)
            _log(cohort.out, case.subject).unlink(missing_ok=True)
        else:
            reports[case.subject] = CaseReport(case.subject, "skipped", notices=_notices(record))
    if not missing:
        return
    with (
        _staging(cohort.out) as staging,
        closing(_outcomes(cohort, missing, address, workers, staging)) as outcomes,
        tqdm(total=len(cohort.cases), initial=len(cohort.cases) - len(missing), unit="case") as progress,
    ):
        failed = 0
        for outcome in outcomes:
            report = _report(cohort, missing[outcome.index], outcome)
            reports[report.subject] = report
            failed += report.state == "failed"
            progress.set_postfix(failed=failed, refresh=False)
            progress.update()


def _outcomes(
    cohort: CohortFile, cases: list[Case], address: str | None, workers: int | None, staging: Path
) -> Generator[Outcome, None, None]:
    calls = [(cohort.kind, case, cohort.out.resolve(), staging) for case in cases]
    if address is None:
        return map_cases(run_case, calls, workers or 1, cohort.trials)
    return map_on_cluster(run_case, calls, address, workers, staging, cohort.trials)


def _report(cohort: CohortFile, case: Case, outcome: Outcome) -> CaseReport:
    if outcome.error is None:
        record = read_record(cohort.kind, case, cohort.out)
        if record is not None:
            return CaseReport(
                case.subject, "done", outcome.attempts, outcome.seconds, notices=_notices(record)
            )
        unseen = DataError(
            "it was done, but its files are not here: out has to be on a disk that all workers share"
        )
        outcome = Outcome(outcome.index, None, unseen, outcome.attempts, outcome.seconds)
    log = _log(cohort.out, case.subject)
    has_log = log.is_file() and log.stat().st_size > 0
    report = report_failure(case, outcome, f"{LOG_FOLDER}/{log.name}" if has_log else "")
    _write_reason(cohort.out, report)
    return report


def _write_reason(out: Path, report: CaseReport) -> None:
    """Add the reason to the log of a subject: it may name files, so it is not for ``run.json``."""
    log = _log(out, report.subject)
    log.parent.mkdir(exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{report.code}: {report.reason}\n")


def _refuse_twins(cohort: CohortFile, reports: dict[str, CaseReport]) -> list[str]:
    """Take subjects that have an image of one before them out of the complete ones.

    Returns:
        The subjects that are complete.
    """
    complete: list[str] = []
    seen: dict[str, str] = {}
    for name, report in reports.items():
        if report.state not in ("done", "skipped"):
            continue
        own = file_digests(cohort.kind.subjects.list_items(cohort.out, name))
        other = next((seen[digest] for digest in own if digest in seen), None)
        if other is None:
            complete.append(name)
            seen |= own
            continue
        reason = (
            f"expected images of another person, but it has an image of {other}, byte by byte; one person "
            "under two names could end up in training and test"
        )
        reports[name] = replace(report, state="failed", code="same_person", reason=reason)
        _write_reason(cohort.out, reports[name])
    return complete


def _log(out: Path, subject: str) -> Path:
    return out / LOG_FOLDER / f"{subject}.log"


def _tidy_logs(out: Path) -> None:
    """Remove logs that say nothing: those of processes that were ended."""
    for path in out.glob(f"{LOG_FOLDER}/*.log"):
        if path.stat().st_size == 0:
            path.unlink()
    with suppress(OSError):  # there are logs in it, or there never was one
        (out / LOG_FOLDER).rmdir()


def _notices(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, record.get("notices", [])))


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder to work in. Attempts end when it is gone, even those that a lost run has left on a cluster."""
    folder = out.resolve() / f"{TEMPORARY}run-{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        # At once: removing file after file would race with those who still write there.
        gone = folder.rename(folder.with_name(f"{TEMPORARY}gone-{uuid.uuid4().hex}"))
        shutil.rmtree(gone, ignore_errors=True)


def _write_run(
    cohort: CohortFile,
    settings: Mapping[str, Any],
    reports: Mapping[str, CaseReport],
    sections: Mapping[str, str],
) -> None:
    write_json(
        cohort.out / RUN_FILE,
        {
            "kind": cohort.kind.name,
            "name": cohort.name,
            "seed": cohort.seed,
            "retries": cohort.trials.retries,
            "time_limit_s": cohort.trials.time_limit,
            **settings,
            "versions": package_versions(_PACKAGES),
            "sections": dict(sections),
            "cases": [report.to_dict() for report in reports.values()],
        },
    )
