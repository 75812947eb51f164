"""What is the same in all bundles is the same byte for byte."""

import pytest
from bundle_runs import BUNDLES

DELTAS = (
    "evaluate.json",
    "baseline_gan.json",
    "baseline_l1.json",
    "fine_tune.json",
    "multi_gpu_train.json",
    "onnx.json",
    "tracking.json",
    "logging.conf",
)


@pytest.mark.parametrize("name", DELTAS)
def test_delta_is_the_same_in_every_bundle(name):
    assert len({(bundle / "configs" / name).read_bytes() for bundle in BUNDLES}) == 1
