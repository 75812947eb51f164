"""Sealed bundles with small networks that have learned nothing, and scans for them."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_runs import REPOSITORY
from tiny_clinical import ANYTHING, change_json, make_pet_bundle
from tiny_mr import AFFINE as MR_AFFINE
from tiny_mr import TISSUES, tiny_regions
from tiny_release import trained_bundle, write_manifest

from preprocessing.mr.dicom_export import write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant
from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.clinical.audit import logger
from taskgan_ext.clinical.open_bundle import ClinicalBundle, open_bundle
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal
from taskgan_ext.release.contents import select_files

AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2.5, 0, 30], [0, 0, 3.0, 10], [0, 0, 0, 1]])
SHAPE = (18, 16, 6)


@pytest.fixture(scope="session")
def pet_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pet_bundle(tmp_path_factory.mktemp("clinical"))


@pytest.fixture(scope="session")
def pet(pet_bundle: Path) -> ClinicalBundle:
    """The PET bundle, opened."""
    return open_bundle(ProcessOptions(pet_bundle, "cpu"))


@pytest.fixture(scope="session")
def options(pet_bundle: Path) -> ProcessOptions:
    return ProcessOptions(pet_bundle, "cpu")


@pytest.fixture(scope="session")
def mr_bundle(tmp_path_factory: pytest.TempPathFactory, tiny_mr_cohort: Path) -> Path:
    """An MR bundle that was trained for an epoch, since its synthesis is tuned in training."""
    source = REPOSITORY / "bundles" / "mr_contrast_synthesis"
    bundle = trained_bundle(source, tiny_mr_cohort, tmp_path_factory.mktemp("clinical_mr"))
    shutil.rmtree(bundle / "eval")
    for state_of_training in select_files(bundle)[1]:
        (bundle / state_of_training).unlink()
    table = {"voxel_mm": ANYTHING, "shape": ANYTHING}
    change_json(bundle / "configs" / "clinical.json", applies_to=table, gate={"fit": [0, 1]})
    write_manifest(bundle)
    return bundle


@pytest.fixture
def pet_series() -> Callable[..., Path]:
    """Function ``pet_series(folder, seed=0, **variant)`` that writes six slices of amyloid PET."""

    def write(folder: Path, seed: int = 0, **variant: Any) -> Path:
        noise = np.random.default_rng(seed).gamma(2, 4000, size=SHAPE).astype(np.float32)
        write_pet_dicom(noise, AFFINE, folder, seed=seed, variant=PetVariant(**variant))
        return folder

    return write


@pytest.fixture
def mr_scan() -> Callable[..., Path]:
    """Function ``mr_scan(folder, seed=0, **variant)`` that writes an MDME scan of a head of ellipses."""

    def write(folder: Path, seed: int = 0, **variant: Any) -> Path:
        regions = tiny_regions(np.random.default_rng(seed))
        t1, t2 = (
            np.select([regions == code for code in TISSUES], [each[index] for each in TISSUES.values()], 1.0)
            for index in (0, 1)
        )
        signal = mdme_signal(t1, t2, np.where(regions > 0, 0.8, 0.0), MDMESequence())
        noise = np.random.default_rng(seed).normal(0, 0.01, (2, *signal.shape))
        signal = (signal + noise[0] + 1j * noise[1]).astype(np.complex64)
        write_mdme_dicom(
            signal, MR_AFFINE, MDMESequence(), folder, seed=seed, variant=DicomVariant(**variant)
        )
        return folder

    return write


@pytest.fixture
def audited() -> Iterator[list[dict[str, Any]]]:
    """Lines of the audit while a test runs, parsed."""
    lines: list[dict[str, Any]] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(record.getMessage()))

    handler, level = Reader(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def gated(pet: ClinicalBundle) -> Callable[..., ClinicalBundle]:
    """Function ``gated(**bounds)`` that gives the opened PET bundle with another gate."""

    def change(**table: Any) -> ClinicalBundle:
        return replace(pet, gate=type(pet.gate).from_dict(table))

    return change
