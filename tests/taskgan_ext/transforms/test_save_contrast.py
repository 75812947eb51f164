"""Files that inference writes for one synthesised contrast."""

import hashlib

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.transforms.save_contrast import SaveContrastd

AFFINE = torch.diag(torch.tensor([2.0, 2.0, 4.0, 1.0], dtype=torch.float64))
SHAPE = (1, 12, 10, 5)


def make_item():
    generator = torch.Generator().manual_seed(5)
    mask = torch.zeros(SHAPE)
    mask[:, 3:9, 2:8, 1:4] = 1
    return {
        "pred": MetaTensor(torch.rand(SHAPE, generator=generator), affine=AFFINE),
        "analytic": torch.rand(SHAPE, generator=generator),
        "mask": mask,
        "subject": "sub-01",
        "contrast": "T2FLAIR",
        "protocol": [9.0, 0.12, 2.47],
    }


@pytest.fixture
def save(tmp_path):
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"weights")
    return SaveContrastd(tmp_path / "out", weights)


def saved(save, item):
    """Write an item; its sidecar, image and difference."""
    assert save(item) == item
    folder = save.output_dir / "sub-01"
    sidecar = read_json(folder / "sub-01_acq-synth_FLAIR.json")
    return sidecar, *(
        load_nifti(folder / name)[0] for name in ("sub-01_acq-synth_FLAIR.nii.gz", sidecar["Difference"])
    )


def test_difference_is_that_of_network_and_physics(save):
    item = make_item()
    sidecar, image, difference = saved(save, item)
    assert np.array_equal(image, item["pred"][0].numpy())
    np.testing.assert_allclose(difference, (item["pred"] - item["analytic"])[0].numpy(), rtol=1e-6)
    assert sidecar["ModelSHA256"] == hashlib.sha256(b"weights").hexdigest()


def test_numbers_of_the_sidecar_are_those_of_the_map_in_the_brain(save):
    item = make_item()
    sidecar, _, difference = saved(save, item)
    in_brain = np.abs(difference)[item["mask"][0].numpy() > 0]
    assert sidecar["DifferenceMeanAbsolute"] == pytest.approx(in_brain.mean())
    assert sidecar["DifferencePercentile99Absolute"] == pytest.approx(np.quantile(in_brain, 0.99))


def test_outside_the_brain_and_the_sign_of_the_difference_do_not_count(save):
    item = make_item()
    names = ("DifferenceMeanAbsolute", "DifferencePercentile99Absolute")
    before = saved(save, item)[0]
    outside = item["mask"] == 0
    item["pred"], item["analytic"] = (
        torch.where(outside, 50.0, item["analytic"]),
        torch.where(outside, -50.0, item["pred"].as_tensor()),
    )
    item["pred"] = MetaTensor(item["pred"], affine=AFFINE)
    after = saved(save, item)[0]
    assert [after[name] for name in names] == pytest.approx([before[name] for name in names])


def test_a_network_that_follows_physics_differs_by_nothing(save):
    item = make_item()
    item["analytic"] = item["pred"].as_tensor()
    sidecar, _, difference = saved(save, item)
    assert not difference.any()
    assert sidecar["DifferenceMeanAbsolute"] == sidecar["DifferencePercentile99Absolute"] == 0
