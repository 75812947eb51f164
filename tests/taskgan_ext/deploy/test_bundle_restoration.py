"""A series restored in memory is what the command line makes of its folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow

from taskgan_ext.deploy.bundle_restoration import BundleRestoration
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.restored_file import read_restored
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import CheckpointError, DataError
from taskgan_ext.io.digest import sha256


def test_it_gives_the_values_of_monai_bundle_run_in_the_unit_of_the_source(
    bundle: Path, pet_folder: Path, tmp_path: Path
) -> None:
    workflow = ConfigWorkflow(
        config_file=str(bundle / "configs" / "inference.json"),
        workflow_type="infer",
        logging_file=False,
        bundle_root=str(bundle),
        device="$torch.device('cpu')",
        input=str(pet_folder),
        output_dir=str(tmp_path / "out"),
        run_id="inferring",
    )
    workflow.initialize()
    workflow.run()
    workflow.finalize()
    (file,) = (tmp_path / "out").rglob("*.nii.gz")

    series = read_series(pet_folder)
    restoration = BundleRestoration(bundle, device="cpu")
    values = restoration(series)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, read_restored(file, series.volume.shape, series.affine))
    done = write_derived_pet(series, values, series.units, restoration.recipe, tmp_path / "derived")
    back = read_series(done.folder).volume
    assert np.abs(back - values).max() <= values.max() / 32767


def test_its_recipe_names_the_bundle_and_its_weights(bundle: Path) -> None:
    recipe = BundleRestoration(bundle, device="cpu").recipe
    assert (recipe.bundle, recipe.action) == ("pet_denoising", "denoised")
    assert recipe.weights_sha256 == sha256(bundle / "models" / "model.pt")


def test_missing_or_foreign_weights_and_another_folder_are_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a JSON file, found none"):
        BundleRestoration(tmp_path)
    copy = shutil.copytree(bundle, tmp_path / "copy")
    torch.save({"foo": torch.zeros(1)}, copy / "models" / "model.pt")
    with pytest.raises(CheckpointError, match="they do not fit"):
        BundleRestoration(copy)
    (copy / "models" / "model.pt").unlink()
    with pytest.raises(CheckpointError, match="found no file"):
        BundleRestoration(copy)
