"""Writing low-dose copies of a list-mode file, with a report beside each."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.folder_lock import locked
from preprocessing.pet.listmode.copied_part import CopiedPart
from preprocessing.pet.listmode.event_part import EventPart, RandomPart
from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.reconstruct.dose_report import check_not_thinned
from preprocessing.pet.thin_request import PlannedCopy, ThinRequest, plan_copies
from preprocessing.provenance import package_versions
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256

_UNFINISHED = ".thinning-"
"""Start of the names of folders in which copies are written."""
_TO_RECONSTRUCT = (
    "Reconstruct with the settings of the full scan, its duration included, and divide the image by 'dose'. "
    "The copy has the randoms fraction and the dead time of the full dose, which an injection of a lower "
    "dose would not have."
)


@dataclass(frozen=True)
class ThinnedFile:
    """A low-dose copy.

    Attributes:
        path: the file of events.
        report: content of the JSON report beside it.
        was_there: whether it had been written before.
    """

    path: Path
    report: dict[str, Any]
    was_there: bool


def thin_file(source: Path, request: ThinRequest, out: Path) -> list[ThinnedFile]:
    """Write all low-dose copies of a file; those that are there already are kept.

    Args:
        source: the list-mode file, or the header of a Siemens scan.
        request: doses, mode and seed.
        out: folder to write, made if missing.

    Raises:
        ConfigError: the file was thinned before, or is too short for its windows.
        DataError: other files of the same names are there.
        RefusedListMode: the file is broken, or its format cannot be written.
    """
    file = open_listmode(source)
    check_not_thinned(file.path)
    copies = plan_copies(file, request, out)
    with locked(out):
        for unfinished in out.glob(f"{_UNFINISHED}*"):  # of a process that was killed
            shutil.rmtree(unfinished)
        present = _check_present(file, request, copies)
        missing = [copy for copy in copies if copy.path not in present]
        size = file.path.stat().st_size
        with tqdm(total=size * len(missing), unit="B", unit_scale=True, disable=not missing) as progress:
            for copy in missing:
                progress.set_description(copy.path.name, refresh=False)
                present[copy.path] = ThinnedFile(
                    copy.path, _write(file, request, copy, progress.update), was_there=False
                )
    return [present[copy.path] for copy in copies]


def _write(
    file: ListModeFile, request: ThinRequest, copy: PlannedCopy, progress: Callable[[int], object]
) -> dict[str, Any]:
    """Write a copy with all that belongs to it beside its place, and move it there, the events last.

    A kill may leave a part of the files. They are written again, and must be what is there.
    """
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=copy.path.parent))
    try:
        made = replace(copy, path=folder / copy.path.name)
        copied = file.copy_part(made.path, copy.part, request.keep_identity, progress)
        report = _report(file, request, copy, copied)
        write_json(made.report, report)
        beside = [*file.beside(made.path), made.path]
        for new in beside:
            old = copy.path.with_name(new.name)
            if old.exists() and sha256(old) != sha256(new):
                raise _is_another(old)
        for new in (made.report, *beside):
            new.replace(copy.path.with_name(new.name))
    finally:
        shutil.rmtree(folder)
    return report


def _report(
    file: ListModeFile, request: ThinRequest, copy: PlannedCopy, copied: CopiedPart
) -> dict[str, Any]:
    return {
        **_settings(request, file.path, copy),
        "format": file.format,
        "source_sha256": copied.source_sha256,
        "sha256": copied.copy_sha256,
        "events": {"source": vars(copied.read), "kept": vars(copied.kept)},
        "copied_unchanged": dict(copied.tags),
        "count_rate": copied.rate.to_dict(),
        "identity": "kept" if request.keep_identity else "removed",
        "facts": file.facts(),
        "warnings": list(file.warnings),
        "to_reconstruct": _TO_RECONSTRUCT,
        "versions": package_versions(("taskgan-ext", "numpy")),
    }


def _settings(request: ThinRequest, source: Path, copy: PlannedCopy) -> dict[str, Any]:
    """What decides on the content of a copy, beside the source."""
    settings: dict[str, Any] = {
        "subject": request.subject_of(source),
        "mode": request.mode,
        "dose": copy.dose,
        "realisation": copy.realisation,
        **_part_settings(copy.part),
    }
    return settings | ({"seed": request.seed} if request.mode == "bernoulli" else {})


def _part_settings(part: EventPart) -> dict[str, Any]:
    if isinstance(part, RandomPart):
        return {"keep": list(part.keep), "key": f"{part.key:032x}"}
    return {"window_ms": [part.start_ms, part.stop_ms]}


def _check_present(
    file: ListModeFile, request: ThinRequest, copies: Sequence[PlannedCopy]
) -> dict[Path, ThinnedFile]:
    """Find the copies that are whole; refuse files of the same names that are something else."""
    present, source_sha256 = {}, ""
    for copy in copies:
        files = (copy.path, *file.beside(copy.path), copy.report)
        there = [path for path in files if path.exists()]
        if not there:
            continue
        source_sha256 = source_sha256 or sha256(file.path)
        wanted = {
            **_settings(request, file.path, copy),
            "source_sha256": source_sha256,
            "identity": "kept" if request.keep_identity else "removed",
        }
        report = read_json(copy.report) if copy.report in there else wanted
        if any(report.get(key) != value for key, value in wanted.items()):
            raise _is_another(there[0])
        if len(there) == len(files):
            if report.get("sha256") != sha256(copy.path):
                raise _is_another(copy.path)
            present[copy.path] = ThinnedFile(copy.path, report, was_there=True)
    return present


def _is_another(path: Path) -> DataError:
    return DataError(
        f"{path} is there already, and it is not what this command would write; choose another place with "
        "--out, or remove it"
    )
