"""A simulated cohort: many subjects on several processes, resumable, with the same bytes on any number."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from os import _exit
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

import taskgan_ext
from preprocessing.collect import collect
from preprocessing.pet.cohort_settings import CohortSettings
from preprocessing.pet.subject import is_complete, list_pairs, subject_name, write_subject
from taskgan_ext.errors import ConfigError, DataError, TaskGANError
from taskgan_ext.io.atomic import read_json, write_json

SETTINGS_FILE = "cohort.json"
DATALIST_FILE = "datalist.json"


def simulate_cohort(
    cohort_dir: Path, num_subjects: int, settings: CohortSettings, workers: int = 1
) -> dict[str, Any]:
    """Simulate the subjects that are not there yet and write the data list.

    An interrupted run goes on where it stopped, and a cohort can grow: complete subjects are kept. Each
    subject depends on the seed and its own number only, so that the number of workers changes no byte.

    Args:
        cohort_dir: folder to write; made if missing.
        num_subjects: size of the cohort.
        settings: of the cohort.
        workers: number of processes, each on one thread.

    Returns:
        The data list.

    Raises:
        ConfigError: a number is below 1, or the folder holds a cohort with other settings.
        DataError: a worker process died.
        TaskGANError: a subject cannot be simulated; the message names it.
    """
    if num_subjects < 1 or workers < 1:
        raise ConfigError(f"expected at least 1 subject and 1 worker, got {num_subjects} and {workers}")
    _claim(cohort_dir, settings)
    missing = [index for index in range(num_subjects) if not is_complete(cohort_dir, index)]
    with tqdm(total=num_subjects, initial=num_subjects - len(missing), unit="subject") as progress:
        # More processes than subjects would only build scanners that nobody uses.
        for _ in _simulate(cohort_dir, missing, settings, min(workers, len(missing))):
            progress.update()
    return collect(
        [pair for index in range(num_subjects) for pair in list_pairs(cohort_dir, index)],
        cohort_dir / DATALIST_FILE,
        name="digital amyloid phantom",
        description=(
            "Simulated 18F-florbetaben brain PET in Bq/ml: reconstructions of randomly thinned events "
            "(image) and of all events (label) of the same scan"
        ),
        modality="PET",
        property_info={"name": "amyloid_status", "type": "binary", "classes": ["negative", "positive"]},
        seed=settings.seed,
    )


def _claim(cohort_dir: Path, settings: CohortSettings) -> None:
    """Record the settings in a new folder; refuse a folder that was made with others."""
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


def _simulate(cohort_dir: Path, indices: list[int], settings: CohortSettings, workers: int) -> Iterator[int]:
    """Write the subjects and yield the index of each as it is done."""
    if workers <= 1:
        with _one_thread():
            for index in indices:
                with _naming(index):
                    write_subject(cohort_dir, index, settings)
                yield index
        return
    # spawn: a forked child would inherit torch's thread pool in an undefined state.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        futures = {pool.submit(write_subject, cohort_dir, index, settings): index for index in indices}
        for future in as_completed(futures):
            with _naming(futures[future]):
                future.result()
            yield futures[future]
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Keep a worker to one thread, deaf to Ctrl-C (the parent ends it) and bound to its parent's life."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        _exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums must not depend on how many threads share them."""
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
    except BrokenProcessPool:
        raise DataError(
            f"a worker process died, at the latest with {subject_name(index)}; memory may be short: run "
            "again with fewer workers, complete subjects are kept"
        ) from None
    except TaskGANError as error:
        raise type(error)(f"{subject_name(index)}: {error}") from error
    except Exception as error:
        error.add_note(f"while simulating {subject_name(index)}")
        raise
