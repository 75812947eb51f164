import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.adversarial import DiscriminatorLoss, discriminator_loss


@pytest.mark.parametrize(
    ("kind", "real", "restored", "expected"),
    [
        ("bce", 0.0, 0.0, 2 * math.log(2)),
        ("bce", math.log(3), -math.log(3), 2 * math.log(4 / 3)),
        ("lsgan", 0.5, 0.5, 0.5),
        ("lsgan", 1.0, 0.0, 0.0),
        ("hinge", 0.0, 0.0, 2.0),
        ("hinge", 2.0, -3.0, 0.0),
    ],
)
def test_known_values(kind: str, real: float, restored: float, expected: float) -> None:
    found = DiscriminatorLoss(kind)(torch.full((3, 1), real), torch.full((3, 1), restored))
    assert found.item() == pytest.approx(expected)


def test_bce_equals_that_of_torch() -> None:
    real, restored = torch.linspace(-90, 90, 7)[:, None], torch.linspace(70, -60, 7)[:, None]
    expected = binary_cross_entropy_with_logits(real, torch.ones(7, 1)) + binary_cross_entropy_with_logits(
        restored, torch.zeros(7, 1)
    )
    torch.testing.assert_close(discriminator_loss(real, restored), expected)


@pytest.mark.parametrize("kind", ["bce", "lsgan", "hinge"])
def test_gradient_is_that_of_finite_differences_and_function_equals_class(kind: str) -> None:
    logits = torch.tensor([[0.3], [-1.7], [2.2]], dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: discriminator_loss(x, 0.5 * x.square(), kind), (logits,))
    assert DiscriminatorLoss(kind)(logits, -logits) == discriminator_loss(logits, -logits, kind)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="kind: expected one of 'bce', 'lsgan', 'hinge', got 'wgan'"):
        DiscriminatorLoss("wgan")
    with pytest.raises(ConfigError, match="got 'wgan'"):
        discriminator_loss(torch.zeros(1, 1), torch.zeros(1, 1), "wgan")
