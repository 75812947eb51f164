"""A simulated cohort: many subjects on several processes, resumable, with the same bytes on any number."""

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

import taskgan_ext
from preprocessing.child_process import LostChildError
from preprocessing.schedule import map_cases
from taskgan_ext.errors import ConfigError, DataError, TaskGANError
from taskgan_ext.io.atomic import TEMPORARY, read_json, write_json

SETTINGS_FILE = "cohort.json"
DATALIST_FILE = "datalist.json"


class Settings(Protocol):
    """What all subjects of a cohort have in common; it is sent to other processes."""

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        ...


SettingsT = TypeVar("SettingsT", bound=Settings)
WriteSubject = Callable[[Path, int, SettingsT], None]
"""Simulates a subject by folder of the cohort, number from 0 and settings, and writes it."""


def subject_name(index: int) -> str:
    """``sub-001`` for the subject with index 0."""
    return f"sub-{index + 1:03d}"


def write_cohort(
    cohort_dir: Path,
    num_subjects: int,
    settings: SettingsT,
    write_subject: WriteSubject[SettingsT],
    is_complete: Callable[[Path, int], bool],
    workers: int = 1,
) -> None:
    """Simulate the subjects that are not there yet.

    An interrupted run goes on where it stopped, and a cohort can grow: complete subjects are kept, what a
    killed run was writing is removed. The caller holds the lock of the folder. Each subject depends on the
    settings and its own number only, so that the number of workers changes no byte.

    Args:
        cohort_dir: folder to write; made if missing.
        num_subjects: size of the cohort.
        settings: of the cohort.
        write_subject: writes one subject; a function of a module, so that other processes can call it.
        is_complete: whether the subject of a folder and number is there.
        workers: number of processes, each on one thread.

    Raises:
        ConfigError: a number is below 1, or the folder holds a cohort with other settings.
        DataError: a worker process died.
        TaskGANError: a subject cannot be simulated; the message names it.
    """
    if num_subjects < 1 or workers < 1:
        raise ConfigError(f"expected at least 1 subject and 1 worker, got {num_subjects} and {workers}")
    claim(cohort_dir, settings)
    remove_unfinished(cohort_dir)
    missing = [index for index in range(num_subjects) if not is_complete(cohort_dir, index)]
    # More processes than subjects would only set up what nobody uses.
    workers = min(workers, len(missing))
    with (
        closing(_simulate(cohort_dir, missing, settings, write_subject, workers)) as written,
        tqdm(total=num_subjects, initial=num_subjects - len(missing), unit="subject") as progress,
    ):
        for _ in written:
            progress.update()


def claim(cohort_dir: Path, settings: Settings) -> None:
    """Record the settings in a new folder; refuse a folder that was made with others.

    Args:
        cohort_dir: folder of the cohort.
        settings: of the cohort.

    Raises:
        ConfigError: the folder holds a cohort with other settings.
    """
    path = cohort_dir / SETTINGS_FILE
    wanted = {"version": taskgan_ext.__version__, **settings.to_dict()}
    if not path.exists():
        write_json(path, wanted)
        return
    found = read_json(path)
    different = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
    if different:
        changes = ", ".join(f"{key} {found.get(key)} there, {wanted.get(key)} here" for key in different)
        raise ConfigError(
            f"{cohort_dir} holds a cohort with other settings ({changes}); choose another folder"
        )


def remove_unfinished(cohort_dir: Path) -> None:
    """Remove files that a killed process was writing; the caller holds the lock of the folder.

    Args:
        cohort_dir: folder of the cohort.
    """
    for folder in ("", "sub-*/", "sub-*/*/"):
        for path in cohort_dir.glob(f"{folder}{TEMPORARY}*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _simulate(
    cohort_dir: Path,
    indices: list[int],
    settings: SettingsT,
    write_subject: WriteSubject[SettingsT],
    workers: int,
) -> Generator[int, None, None]:
    """Write the subjects and yield the index of each as it is done."""
    if workers <= 1:
        with _one_thread():
            for index in indices:
                with _naming(index):
                    write_subject(cohort_dir, index, settings)
                yield index
        return
    cases = [(cohort_dir, index, settings) for index in indices]
    with closing(map_cases(write_subject, cases, workers)) as outcomes:
        for outcome in outcomes:
            with _naming(indices[outcome.index]):
                if outcome.error is not None:
                    raise outcome.error
            yield indices[outcome.index]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums must not depend on how many threads share them."""
    import torch  # noqa: PLC0415 - takes a second, which --help and other commands need not wait

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _naming(index: int) -> Iterator[None]:
    """Name the subject in whatever error leaves the block."""
    try:
        yield
    except LostChildError as error:
        raise DataError(f"{subject_name(index)}: {error}; complete subjects are kept") from None
    except TaskGANError as error:
        raise error.naming(subject_name(index)) from error
    except Exception as error:
        error.add_note(f"while simulating {subject_name(index)}")
        raise
