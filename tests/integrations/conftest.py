"""Fixtures: trained tiny bundles, studies, and a server with our app or the stock one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle_runs import BUNDLES, run_workflow

from taskgan_ext.data import load_datalist
from tests.integrations.label_server import INTEGRATION, LabelServer, label_python, running_server
from tests.integrations.tiny_bundle import copy_tiny_bundle


@pytest.fixture(scope="session")
def python_of_label() -> Path:
    """Python of the environment of MONAI Label; without it the test is skipped."""
    python = label_python()
    if python is None:
        pytest.skip(
            "no environment of MONAI Label; make one with: integrations/monailabel/make_environment.sh "
            "(TASKGAN_LABEL_PYTHON names the python of one elsewhere)"
        )
    return python


@pytest.fixture(scope="session")
def trained_bundles(
    python_of_label: Path,  # nothing is trained where there is no server
    tmp_path_factory: pytest.TempPathFactory,
    tiny_cohort: Path,
    tiny_mr_cohort: Path,
    tiny_face_cohort: Path,
) -> Path:
    """Folder with the three bundles, each trained for a moment on its tiny cohort."""
    folder = tmp_path_factory.mktemp("bundles")
    cohorts = {"pet": tiny_cohort, "mr": tiny_mr_cohort, "face": tiny_face_cohort}
    for bundle in BUNDLES:
        cohort = cohorts[bundle.name.split("_")[0]]
        copy = copy_tiny_bundle(bundle, folder)
        run_workflow(copy, "train", dataset_dir=str(cohort))
        for state in (copy / "models").glob("*_state.pt"):
            state.unlink()
    return folder


@pytest.fixture(scope="session")
def studies(
    tmp_path_factory: pytest.TempPathFactory, tiny_cohort: Path, tiny_mr_cohort: Path, tiny_face_cohort: Path
) -> Path:
    """PET images in a flat folder, as MONAI Label wants them; a prepared MR subject and a face beside."""
    folder = tmp_path_factory.mktemp("studies")
    for item in load_datalist(tiny_cohort, ("training", "test")):
        shutil.copy(item["image"], folder / f"{item['subject']}_property-{item['property']}.nii.gz")
    (mr, *_) = load_datalist(tiny_mr_cohort, "test")
    shutil.copytree(Path(mr["image"]).parent, folder / "mr")
    shutil.copy(load_datalist(tiny_face_cohort, "test")[0]["label"], folder / "face.png")
    return folder


@pytest.fixture(scope="session")
def server(
    python_of_label: Path, trained_bundles: Path, studies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelServer]:
    """A server with our app and the three bundles."""
    app = tmp_path_factory.mktemp("label") / "app"
    shutil.copytree(INTEGRATION / "app", app, ignore=shutil.ignore_patterns("model", "logs", "bin"))
    shutil.copytree(trained_bundles, app / "model")
    with running_server(python_of_label, app, studies) as running:
        yield running
