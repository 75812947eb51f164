"""One attempt at one case, in a process of its own: its files are in place as a whole or not at all."""

import faulthandler
import os
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from preprocessing.run.case_kind import Case, CaseKind
from preprocessing.run.case_reader import LOG_FOLDER
from preprocessing.run.input_columns import without_paths
from taskgan_ext.errors import DataError, TaskGANError
from taskgan_ext.io.atomic import read_json, write_json

RECORD_FILE = "case.json"
"""In the folder of a subject: what it was made from. Without it the folder is not ours."""


def run_case(kind: CaseKind, case: Case, out: Path, staging: Path) -> None:
    """Do a case beside its place and move it there.

    What the case prints, and the traceback of an error that is none of a user, go to its log; nothing stays
    of a log with nothing in it.

    Args:
        kind: of the case.
        case: what to do.
        out: folder of the cohort.
        staging: folder to work in; what an earlier attempt at the case has left there is removed.

    Raises:
        TaskGANError: the case cannot be done.
        Exception: anything else that went wrong.
    """
    folder = staging / case.subject
    with _output_to(out / LOG_FOLDER / f"{case.subject}.log"):
        try:
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
            notices = kind.run(case.request, folder)
            if not kind.subjects.is_complete(folder, case.subject):
                raise AssertionError(f"the kind {kind.name} has ended without all files of the case")
            notices = [without_paths(text, case.inputs) for text in notices]
            record = {"kind": kind.name, "fingerprint": case.fingerprint, "notices": notices}
            write_json(folder / case.subject / RECORD_FILE, record)
            _put_in_place(folder, out / case.subject)
        except TaskGANError:
            raise
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def read_record(kind: CaseKind, case: Case, out: Path) -> dict[str, Any] | None:
    """Give the record of a case that is complete and up to date.

    Args:
        kind: of the case.
        case: what was to be done.
        out: folder of the cohort.

    Returns:
        The record, or ``None`` where the case is not there, or was made from something else.
    """
    try:
        record = read_json(out / case.subject / RECORD_FILE)
        current = record.get("fingerprint") == case.fingerprint and kind.subjects.is_complete(
            out, case.subject
        )
    except DataError:
        return None
    return record if current else None


def _put_in_place(folder: Path, target: Path) -> None:
    if target.exists():
        target.rename(folder / ".replaced")  # no subject can have such a name
    (folder / target.name).rename(target)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send all that this process and its libraries print to a file."""
    log.parent.mkdir(exist_ok=True)
    faulthandler.enable()  # so that a crash in a library says where
    own = [os.dup(stream.fileno()) for stream in (sys.stdout, sys.stderr)]
    try:
        with log.open("ab") as file:
            _flush_and_send([file.fileno()] * 2)
        yield
    finally:
        _flush_and_send(own)
        for handle in own:
            os.close(handle)
        with suppress(FileNotFoundError):
            if log.stat().st_size == 0:
                log.unlink()


def _flush_and_send(handles: list[int]) -> None:
    for stream, handle in zip((sys.stdout, sys.stderr), handles, strict=True):
        stream.flush()
        os.dup2(handle, stream.fileno())
