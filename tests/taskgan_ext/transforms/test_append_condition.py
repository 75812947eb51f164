"""What the conditional network is told."""

import math

import pytest
import torch

from taskgan_ext.errors import DataError
from taskgan_ext.transforms.append_condition import AppendConditiond


def item(**changes):
    return {
        "image": torch.rand(2, 4, 4),
        "property": 2,
        "protocol": [5.0, 0.1, 0.0],
        "subject": "sub-01",
        **changes,
    }


def test_planes_are_one_hot_then_logarithms_of_the_times():
    source = item()
    planes = AppendConditiond("image", 4)(source)["image"]
    assert torch.equal(planes[:2], source["image"])
    wanted = torch.tensor([0, 0, 1, 0, math.log(5), math.log(0.1), math.log(5)])
    assert torch.equal(planes[2:], wanted[:, None, None].expand(-1, 4, 4))


def test_inversion_time_is_told():
    planes = AppendConditiond("image", 4)(item(protocol=[9.0, 0.12, 2.47]))["image"]
    assert float(planes[-1, 0, 0]) == pytest.approx(math.log(2.47))


def test_a_volume_gets_planes_of_its_own_size():
    planes = AppendConditiond("image", 6)(item(image=torch.zeros(3, 4, 5, 6)))["image"]
    assert planes.shape == (12, 4, 5, 6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"property": 4}, "a property from 0 to 3, got 4"),
        ({"property": "T1w"}, "got 'T1w'"),
        ({"protocol": [5.0, 0.1]}, "TR, TE and TI"),
        ({"protocol": [5.0, 0.0, 0.0]}, "TR, TE and TI"),
    ],
)
def test_what_cannot_be_told_is_refused(changes, said):
    with pytest.raises(DataError, match=said):
        AppendConditiond("image", 4)(item(**changes))
