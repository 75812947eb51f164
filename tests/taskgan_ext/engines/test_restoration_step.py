"""The shared passes of a step give the gradients of the mathematics written down one loss at a time."""

import pytest
import torch
from tiny_training import make_tiny_networks, step_losses

from taskgan_ext.engines.restoration_step import restoration_step
from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import LOSS_DISCRIMINATOR, LOSS_GAN, LOSS_PIXEL, LOSS_TASK, LOSS_TASK_NETWORK
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss
from taskgan_ext.losses.task_regression import TaskLoss, task_regression_loss

TRAINING = ["frozen", "reference", "both"]


@pytest.fixture
def networks():
    return make_tiny_networks(dtype=torch.float64)


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(1)
    degraded, target = torch.rand(2, 4, 1, 32, 32, generator=generator, dtype=torch.float64)
    return degraded, target, torch.tensor([0, 1, 1, 0])


def run_step(networks, batch, losses, use_discriminator=True, use_task_network=True):
    degraded, target, prop = batch
    generator, discriminator, task_network = networks
    task_network.requires_grad_(losses.task_training != "frozen")
    task_network.train(losses.task_training != "frozen")
    return restoration_step(
        lambda: generator(degraded),
        target,
        prop,
        (discriminator if use_discriminator else None, task_network if use_task_network else None),
        losses,
    )


def gradients(network):
    return [None if p.grad is None else p.grad.clone() for p in network.parameters()]


def naive_gradients(networks, batch, losses):
    """Every loss by itself through passes of its own: G with D and T frozen, then D, then T."""
    degraded, target, prop = batch
    generator, discriminator, task_network = networks
    task_network.train(losses.task_training != "frozen")
    discriminator.requires_grad_(False)
    task_network.requires_grad_(False)
    pred = generator(degraded)
    real, restored = discriminator(target, prop), discriminator(pred, prop)
    total, _ = losses.objective(
        losses.pixel(pred, target),
        losses.matching(real.features, restored.features),
        losses.task(task_network(pred), task_network(target), prop),
    )
    total.backward()
    discriminator.requires_grad_(True)
    task_network.requires_grad_(True)
    losses.discriminator(
        discriminator(target, prop).logit, discriminator(pred.detach(), prop).logit
    ).backward()
    if losses.task_training != "frozen":
        loss = task_regression_loss(task_network(target).logit, prop)
        if losses.task_training == "both":
            loss = loss + task_regression_loss(task_network(pred.detach()).logit, prop)
        loss.backward()
    return total.detach(), [gradients(network) for network in networks]


@pytest.mark.parametrize("match", ["probabilities", "features"])
@pytest.mark.parametrize("per", ["batch", "sample"])
@pytest.mark.parametrize("task_training", TRAINING)
def test_gradients_equal_those_of_separate_passes(batch, task_training, per, match):
    losses = step_losses(
        task_training=task_training,
        matching=FeatureMatchingLoss(layers=(0, 2), per=per),
        task=TaskLoss(match=match),
    )
    assert_gradients_are_naive(lambda: make_tiny_networks(dtype=torch.float64), batch, losses)


def test_gradients_equal_those_of_separate_passes_for_classes_that_d_is_told(batch):
    degraded, target, _ = batch
    assert_gradients_are_naive(
        lambda: make_tiny_networks(dtype=torch.float64, num_classes=3),
        (degraded, target, torch.tensor([2, 0, 1, 2])),
        step_losses(task_training="both"),
    )


def assert_gradients_are_naive(make_networks, batch, losses):
    networks = make_networks()
    total, wanted = naive_gradients(make_networks(), batch, losses)
    _, found_total, _ = run_step(networks, batch, losses)
    torch.testing.assert_close(found_total, total, rtol=1e-12, atol=0)
    for network, of_network in zip(networks, wanted, strict=True):
        for found, gradient in zip(gradients(network), of_network, strict=True):
            assert (found is None) == (gradient is None)
            if gradient is not None:
                torch.testing.assert_close(found, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("task_training", TRAINING)
def test_no_gradient_is_zero_by_accident(networks, batch, task_training):
    run_step(networks, batch, step_losses(task_training=task_training))
    trained = networks[: 2 if task_training == "frozen" else 3]
    for network in trained:
        assert sum(float(gradient.abs().sum()) for gradient in gradients(network)) > 1e-3


def test_gradients_are_added_to_those_that_are_there(networks, batch):
    losses = step_losses(task_training="both")
    run_step(networks, batch, losses)
    once = [gradients(network) for network in networks]
    run_step(networks, batch, losses)
    for network, of_network in zip(networks, once, strict=True):
        for found, gradient in zip(gradients(network), of_network, strict=True):
            torch.testing.assert_close(found, 2 * gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("task_training", "match", "passes_of_t"),
    [
        ("frozen", "probabilities", 1),
        ("frozen", "features", 2),
        ("reference", "probabilities", 2),
        ("both", "probabilities", 2),
        ("both", "features", 2),
    ],
)
def test_each_network_passes_each_image_once(networks, batch, task_training, match, passes_of_t):
    calls = [0, 0, 0]
    for number, network in enumerate(networks):

        def count(*_, number=number):
            calls[number] += 1

        network.register_forward_hook(count)
    run_step(networks, batch, step_losses(task_training=task_training, task=TaskLoss(match=match)))
    assert calls == [1, 2, passes_of_t]


@pytest.mark.parametrize(
    ("weights", "use", "terms"),
    [
        ((0.0, 0.0), (False, False), {LOSS_PIXEL}),
        ((0.3, 0.0), (True, False), {LOSS_PIXEL, LOSS_GAN, LOSS_DISCRIMINATOR}),
        ((0.0, 0.1), (False, True), {LOSS_PIXEL, LOSS_TASK, LOSS_TASK_NETWORK}),
    ],
    ids=["L1", "GAN", "task"],
)
def test_network_without_weight_takes_no_part(networks, batch, weights, use, terms):
    _, _, found = run_step(networks, batch, step_losses(*weights, task_training="both"), *use)
    assert set(found) == terms
    for network, used in zip(networks[1:], use, strict=True):
        assert all((gradient is not None) == used for gradient in gradients(network))


def test_total_is_the_weighted_sum_and_nothing_keeps_a_graph(networks, batch):
    pred, total, terms = run_step(networks, batch, step_losses(0.3, 0.1, "both"))
    torch.testing.assert_close(
        total, terms[LOSS_PIXEL] + 0.3 * terms[LOSS_GAN] + 0.1 * terms[LOSS_TASK], rtol=1e-12, atol=0
    )
    assert not any(value.requires_grad for value in (pred, total, *terms.values()))
    torch.testing.assert_close(pred, networks.generator(batch[0]).detach())


def test_task_network_that_segments_is_not_trained_by_its_decision_alone():
    task = TaskLoss(segmentation_weight=1.0)
    with pytest.raises(ConfigError, match="task_training: expected 'frozen'"):
        step_losses(task_training="both", task=task)
    assert step_losses(task=task).task_training == "frozen"


def test_task_training_of_another_name_is_refused():
    with pytest.raises(
        ConfigError, match="task_training: expected one of 'frozen', 'reference', 'both', got 'freezed'"
    ):
        step_losses(task_training="freezed")
