import pytest
import torch

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss, feature_matching_loss

REAL = [torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0], [2.0]])]
RESTORED = [torch.tensor([[3.0, 2.0], [3.0, 8.0]]), torch.tensor([[1.0], [1.0]])]


@pytest.mark.parametrize(
    ("per", "layers", "expected"),
    [
        ("batch", [0], ((2 - 3) ** 2 + (3 - 5) ** 2) / 2),
        ("sample", [0], (2**2 + 4**2) / 4),
        ("batch", [1], 0.0),
        ("sample", [-1], 1.0),
        ("batch", [0, 1], (2.5 + 0.0) / 2),
        ("sample", [0, 1], (5.0 + 1.0) / 2),
    ],
)
def test_known_values(per: str, layers: list[int], expected: float) -> None:
    assert feature_matching_loss(REAL, RESTORED, per, layers).item() == pytest.approx(expected)


def test_batch_matching_ignores_which_restored_image_belongs_to_which_real_one() -> None:
    shuffled = [values.flip(0) for values in RESTORED]
    matched = feature_matching_loss(REAL, RESTORED, "batch", [0, 1])
    torch.testing.assert_close(feature_matching_loss(REAL, shuffled, "batch", [0, 1]), matched)
    assert feature_matching_loss(REAL, shuffled, "sample", [0, 1]) != feature_matching_loss(
        REAL, RESTORED, "sample", [0, 1]
    )


def test_both_kinds_agree_for_a_batch_of_one() -> None:
    real, restored = [REAL[0][:1]], [RESTORED[0][:1]]
    assert feature_matching_loss(real, restored, "batch", [0]) == feature_matching_loss(
        real, restored, "sample", [0]
    )


@pytest.mark.parametrize("per", ["batch", "sample"])
def test_gradient_flows_to_the_restored_features_only(per: str) -> None:
    real, restored = REAL[0].clone().requires_grad_(), RESTORED[0].clone().requires_grad_()
    feature_matching_loss([real], [restored], per, [0]).backward()
    assert real.grad is None
    assert restored.grad is not None
    assert restored.grad.abs().sum() > 0


def test_default_matches_the_batch_mean_of_the_third_layer() -> None:
    loss = FeatureMatchingLoss()
    assert (loss.layers, loss.per) == ((2,), "batch")


def test_features_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"layer 0, got \(2, 2\) real and \(1, 2\) restored"):
        feature_matching_loss(REAL, [RESTORED[0][:1]], "batch", [0])


def test_missing_layer_is_refused() -> None:
    with pytest.raises(ConfigError, match="layers of a network that shows 2, got 2"):
        FeatureMatchingLoss()(REAL, RESTORED)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"per": "image"}, "per: expected 'batch' or 'sample', got 'image'"),
        ({"layers": []}, "at least one layer"),
    ],
    ids=str,
)
def test_wrong_setting_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FeatureMatchingLoss(**settings)
