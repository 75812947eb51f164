"""Images that do not lie on one grid never reach a network or a measure."""

import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.errors import DataError
from taskgan_ext.transforms.check_same_grid import CheckSameGridd

SPACING = torch.diag(torch.tensor([2.34, 2.34, 2.78, 1.0], dtype=torch.float64))


def item(affine=SPACING, shape=(1, 4, 4, 3)):
    return {
        "image": MetaTensor(torch.zeros(1, 4, 4, 3), affine=SPACING),
        "label": MetaTensor(torch.zeros(shape), affine=affine),
        "subject": "sub-007",
    }


def test_images_on_one_grid_pass_unchanged():
    data = item()
    assert CheckSameGridd(["label", "regions"], allow_missing_keys=True)(data) == data


@pytest.mark.parametrize(
    ("affine", "shape"),
    [
        pytest.param(
            SPACING @ torch.diag(torch.tensor([-1.0, 1, 1, 1]).double()), (1, 4, 4, 3), id="mirrored"
        ),
        pytest.param(SPACING + torch.eye(4).double().roll(3, 1) * 0.5, (1, 4, 4, 3), id="shifted"),
        pytest.param(SPACING, (1, 4, 4, 2), id="shorter"),
    ],
)
def test_other_grid_is_refused_by_name(affine, shape):
    with pytest.raises(DataError, match="sub-007: expected label on the grid of image"):
        CheckSameGridd("label")(item(affine, shape))
