"""A simulated PET cohort and its data list."""

from pathlib import Path
from typing import Any

from preprocessing.cohort import DATALIST_FILE, write_cohort
from preprocessing.collect import collect
from preprocessing.folder_lock import locked
from preprocessing.pet.cohort_settings import CohortSettings
from preprocessing.pet.subject import is_complete, list_pairs, write_subject


def simulate_cohort(
    cohort_dir: Path, num_subjects: int, settings: CohortSettings, workers: int = 1
) -> dict[str, Any]:
    """Simulate the subjects that are not there yet and write the data list.

    Args:
        cohort_dir: folder to write; made if missing.
        num_subjects: size of the cohort.
        settings: of the cohort.
        workers: number of processes, each on one thread; it changes no byte.

    Returns:
        The data list.

    Raises:
        ConfigError: a number is below 1, or the folder holds a cohort with other settings.
        DataError: a worker process died.
        TaskGANError: a subject cannot be simulated; the message names it.
    """
    with locked(cohort_dir):
        write_cohort(cohort_dir, num_subjects, settings, write_subject, is_complete, workers)
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
