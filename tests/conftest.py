"""A cohort on disk and networks, both as small as they can be, for every test that walks through files."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_mr import write_tiny_mr_cohort
from tiny_training import TinyNetworks, make_tiny_networks, subject_volumes

from preprocessing.__main__ import main as preprocess
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti

AFFINE = np.array([[-3.0, 0, 0, 45], [0, 3, 0, -45], [0, 0, 4, -10], [0, 0, 0, 1]])
SECTIONS = {"training": 4, "validation": 2, "test": 2}

# Where the tests run in the background, the commands that they start would inherit that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


def write_subject(folder: Path, number: int, prop: int) -> dict[str, str | int]:
    """Write image, label and regions of one subject and give its item of the data list."""
    subject = f"sub-{number:03d}"
    item: dict[str, str | int] = {}
    for key, volume in subject_volumes(number, prop).items():
        item[key] = f"{subject}/{subject}_{key}.nii.gz"
        save_nifti(volume, AFFINE, folder / item[key])
    return item | {"property": prop, "subject": subject}


@pytest.fixture(scope="session")
def tiny_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``datalist.json``: 4 training, 2 validation and 2 test subjects of 32 x 32 x 6 voxels."""
    folder = tmp_path_factory.mktemp("tiny_cohort")
    numbers = iter(range(1, 1 + sum(SECTIONS.values())))
    sections = {
        section: [write_subject(folder, next(numbers), index % 2) for index in range(count)]
        for section, count in SECTIONS.items()
    }
    head = {
        "name": "tiny",
        "description": "Ellipses with a rim that is brighter in positive subjects",
        "modality": "PET",
        "property": {"name": "amyloid status", "type": "binary", "classes": ["negative", "positive"]},
    }
    write_json(folder / "datalist.json", {**head, **sections})
    return folder


@pytest.fixture(scope="session")
def tiny_mr_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``datalist.json``: six contrasts of 4 training, 2 validation and 2 test subjects."""
    return write_tiny_mr_cohort(tmp_path_factory.mktemp("tiny_mr_cohort"))


@pytest.fixture(scope="session")
def tiny_face_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``datalist.json``: four pictures each of 7 people to train, 1 to validate and 2 to test."""
    folder = tmp_path_factory.mktemp("tiny_face_cohort")
    size = ["--identities", "10", "--images-per-identity", "4", "--size", "32"]
    assert preprocess(["face", "simulate", *size, "--seed", "0", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def tiny_networks() -> Callable[..., TinyNetworks]:
    """Function ``tiny_networks(seed, dtype, in_channels, norm, dropout)`` that builds G, D and T."""
    return make_tiny_networks
