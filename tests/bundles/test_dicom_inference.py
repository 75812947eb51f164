"""PET restored straight from a DICOM series is what it would be from a NIfTI file of the same volume."""

import shutil

import nibabel as nib
import numpy as np
import pytest
import torch
from bundle_runs import REPOSITORY, run_workflow, tiny_workflow

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.nifti import load_nifti, save_nifti

BUNDLE = REPOSITORY / "bundles" / "pet_denoising"


@pytest.fixture(scope="module")
def weights(tmp_path_factory, tiny_cohort):
    """Weights of a network that has learned nothing."""
    torch.manual_seed(0)
    workflow = tiny_workflow(BUNDLE, "inference", dataset_dir=str(tiny_cohort))
    network = workflow.parser.get_parsed_content("network")
    path = tmp_path_factory.mktemp("weights") / "model.pt"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def affine():
    """Oblique, and with the axes of DICOM: to the left, to the back, up."""
    turn = 0.2
    affine = np.eye(4)
    affine[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    affine[:3, :3] = affine[:3, :3] @ np.diag([-2.0, -2.0, 3.0])
    affine[:3, 3] = [30.0, 40.0, -20.0]
    return affine


@pytest.fixture(scope="module")
def series(tmp_path_factory, affine):
    """Two series of different subjects; the folder of one has a name with dots, as archives write them."""
    folder = tmp_path_factory.mktemp("series")
    for number, name in enumerate(("1.2.840.10", "1.2.840.11")):
        volume = np.random.default_rng(number).gamma(2, 4000, size=(18, 16, 6)).astype(np.float32)
        variant = PetVariant(empty_first_slice=True)
        write_pet_dicom(volume, affine, folder / name, seed=number, variant=variant)
    return folder


def infer(weights, source, out):
    places = {"ckpt_path": str(weights), "output_dir": str(out), "input": str(source)}
    run_workflow(BUNDLE, "inference", run_id="inferring", **places)
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*.nii.gz"))


def test_one_series_gives_one_volume_on_its_grid_in_its_unit(weights, series, tmp_path):
    source = read_series(series / "1.2.840.10")
    assert infer(weights, series / "1.2.840.10", tmp_path / "out") == ["1.2.840.10_restored.nii.gz"]
    restored, affine = load_nifti(tmp_path / "out" / "1.2.840.10_restored.nii.gz")
    np.testing.assert_allclose(affine, source.affine, atol=1e-4)

    # The same volume as a NIfTI file with the axes of the training data.
    turned = nib.as_closest_canonical(nib.Nifti1Image(source.volume, source.affine))
    save_nifti(np.asarray(turned.dataobj), turned.affine, tmp_path / "scan.nii.gz")
    infer(weights, tmp_path / "scan.nii.gz", tmp_path / "again")
    expected, other_affine = load_nifti(tmp_path / "again" / "scan_restored.nii.gz")
    assert not np.allclose(other_affine, affine)
    np.testing.assert_allclose(restored[::-1, ::-1], expected, rtol=1e-4)
    assert restored.shape == source.volume.shape
    assert restored.max() > 100  # Bq/ml, not the unit of the network


def test_every_folder_of_a_folder_is_a_case(weights, series, tmp_path):
    found = infer(weights, series, tmp_path / "out")
    assert found == [f"{name}/{name}_restored.nii.gz" for name in ("1.2.840.10", "1.2.840.11")]


def test_a_refused_series_stops_the_run_before_anything_is_written(weights, series, tmp_path):
    folder = shutil.copytree(series, tmp_path / "in")
    sorted((folder / "1.2.840.11").iterdir())[2].unlink()
    with pytest.raises(RuntimeError) as caught:
        infer(weights, folder, tmp_path / "out")
    error = find_user_error(caught.value)
    assert isinstance(error, RefusedSeries)
    assert error.code == "incomplete"
    assert not (tmp_path / "out").exists()


def test_a_sagittal_series_is_restored_where_it_lies(weights, tmp_path):
    affine = np.array([[0, 0, 3.0, -20], [2.0, 0, 0, -30], [0, -2.0, 0, 40], [0, 0, 0, 1]])
    volume = np.random.default_rng(5).gamma(2, 4000, size=(18, 16, 6)).astype(np.float32)
    write_pet_dicom(volume, affine, tmp_path / "sagittal")
    infer(weights, tmp_path / "sagittal", tmp_path / "out")
    restored, found = load_nifti(tmp_path / "out" / "sagittal_restored.nii.gz")
    source = read_series(tmp_path / "sagittal")
    assert restored.shape == source.volume.shape
    np.testing.assert_allclose(found, source.affine, atol=1e-4)
