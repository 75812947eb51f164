import pytest
import torch

from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import LOSS_GAN, LOSS_PIXEL, LOSS_TASK
from taskgan_ext.losses.objective import TaskGANObjective

PIXEL, GAN, TASK = torch.tensor(2.0), torch.tensor(3.0), torch.tensor(5.0)


def test_total_is_the_weighted_sum_and_terms_are_unweighted() -> None:
    total, terms = TaskGANObjective(lambda_gan=0.5, mu_task=0.1, pixel_weight=10)(PIXEL, GAN, TASK)
    assert total.item() == pytest.approx(20 + 1.5 + 0.5)
    assert {name: term.item() for name, term in terms.items()} == {LOSS_PIXEL: 2, LOSS_GAN: 3, LOSS_TASK: 5}


def test_gradient_passes_through_the_total_with_the_weights_and_not_through_the_terms() -> None:
    losses = [term.clone().requires_grad_() for term in (PIXEL, GAN, TASK)]
    total, terms = TaskGANObjective(0.5, 0.1)(*losses)
    total.backward()
    assert [loss.grad.item() for loss in losses] == pytest.approx([1.0, 0.5, 0.1])
    assert not any(term.requires_grad for term in terms.values())


def test_zero_weights_need_no_networks_and_no_terms() -> None:
    objective = TaskGANObjective(lambda_gan=0, mu_task=0)
    assert (objective.uses_discriminator, objective.uses_task_network) == (False, False)
    total, terms = objective(PIXEL)
    assert total == PIXEL
    assert list(terms) == [LOSS_PIXEL]


def test_term_of_weight_zero_is_reported_and_cannot_spoil_the_total() -> None:
    total, terms = TaskGANObjective(0.5, 0)(PIXEL, GAN, torch.tensor(float("nan")))
    assert total.item() == pytest.approx(3.5)
    assert terms[LOSS_TASK].isnan()


def test_missing_term_of_positive_weight_is_refused() -> None:
    objective = TaskGANObjective(0.5, 0.1)
    assert (objective.uses_discriminator, objective.uses_task_network) == (True, True)
    with pytest.raises(ValueError, match=r"expected loss_task, since its weight is 0.1, got None"):
        objective(PIXEL, GAN)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["lambda_gan", "mu_task", "pixel_weight"])
def test_negative_or_infinite_weight_is_refused(name: str, weight: float) -> None:
    with pytest.raises(ConfigError, match=f"{name}: expected a finite weight of at least 0, got {weight}"):
        TaskGANObjective(**{"lambda_gan": 1, "mu_task": 1, name: weight})
