"""The trainer keeps the contract of MONAI's engines and of the paper."""

import logging

import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents
from monai.handlers import MeanAbsoluteError, StatsHandler, from_engine
from monai.transforms import Lambdad
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from taskgan_ext.engines.task_gan_trainer import TaskGANTrainer
from taskgan_ext.errors import ConfigError, NonFiniteLossError
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.keys import LOSS, LOSS_GAN, LOSS_PIXEL, LOSS_TASK, LOSS_TERMS

LOGGER = "tests.task_gan_trainer"


@pytest.fixture(scope="module")
def data():
    return slice_data()


@pytest.fixture
def networks():
    return make_tiny_networks()


def weights(network):
    return [value.clone() for value in network.state_dict().values()]


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_discriminator_learns_that_the_target_is_real_and_the_input_is_not(networks):
    zeros, ones = torch.zeros(4, 1, 32, 32), torch.ones(4, 1, 32, 32)
    batch = {"image": zeros, "label": ones, "property": torch.tensor([0, 1, 0, 1])}

    def margin():
        with torch.no_grad():
            logit = networks.discriminator(torch.cat([ones[:1], zeros[:1]])).logit
            return float(logit[0] - logit[1])

    before = margin()
    losses = step_losses()
    make_trainer(networks, [batch] * 20, losses).run()
    assert margin() > max(before, 0) + 1


@pytest.mark.parametrize("epochs", [0, -3])
def test_a_training_without_an_epoch_is_refused(networks, epochs):
    with pytest.raises(ConfigError, match=f"max_epochs: expected at least 1, got {epochs}"):
        make_trainer(networks, [], epochs=epochs)


def test_output_is_decollated_and_holds_every_loss_without_amp(networks, data):
    trainer = make_trainer(networks, slice_loader(data, num_samples=4), step_losses(task_training="both"))
    trainer.run()
    assert isinstance(trainer.state.output, list)
    assert len(trainer.state.output) == len(trainer.state.batch) == 4
    for item, result in zip(trainer.state.batch, trainer.state.output, strict=True):
        assert torch.equal(result["image"], item["image"])
        assert result["pred"].shape == result["label"].shape == (1, 32, 32)
        assert int(result["property"]) == item["property"]
        assert {name for name in result if name.startswith(LOSS)} == {LOSS, *LOSS_TERMS}
        assert all(isinstance(result[name], float) for name in (LOSS, *LOSS_TERMS))


def test_events_of_an_iteration_fire_in_order(networks, data):
    fired = []
    events = [
        IterationEvents.FORWARD_COMPLETED,
        IterationEvents.LOSS_COMPLETED,
        IterationEvents.BACKWARD_COMPLETED,
        IterationEvents.MODEL_COMPLETED,
    ]
    trainer = make_trainer(networks, slice_loader(data, num_samples=8))
    for event in events:
        trainer.add_event_handler(event, lambda _, event=event: fired.append(event))
    trainer.run()
    assert fired == events * 2


def test_stock_metrics_postprocessing_and_handlers_work(networks, data, caplog):
    clamp = Lambdad("pred", lambda pred: pred * 0 + 1)
    trainer = make_trainer(
        networks,
        slice_loader(data, num_samples=4),
        handlers=[StatsHandler(name=LOGGER, output_transform=from_engine(["loss"], first=True))],
        postprocessing=clamp,
        key_metric={"mae": MeanAbsoluteError(output_transform=from_engine(["pred", "label"]))},
    )
    logging.getLogger(LOGGER).addHandler(caplog.handler)
    trainer.run()
    labels = torch.stack([item["label"] for item in trainer.state.output])
    assert trainer.state.metrics["mae"] == pytest.approx(float((1 - labels).abs().mean()), rel=1e-5)
    assert f"Loss: {trainer.state.metrics['loss']:.4f}" in caplog.text


def test_metrics_of_an_epoch_are_the_means_of_its_losses(networks, data):
    seen = []
    trainer = make_trainer(networks, slice_loader(data), step_losses(task_training="both"))
    trainer.add_event_handler(
        IterationEvents.LOSS_COMPLETED, lambda engine: seen.append(dict(engine.state.output))
    )
    trainer.run()
    assert len(seen) == 6
    assert set(trainer.state.metrics) == {LOSS, *LOSS_TERMS}
    for name, mean in trainer.state.metrics.items():
        assert mean == pytest.approx(sum(float(output[name]) for output in seen) / 6, rel=1e-6)
    for output in seen:
        total = output[LOSS_PIXEL] + 0.3 * output[LOSS_GAN] + 0.1 * output[LOSS_TASK]
        torch.testing.assert_close(output[LOSS], total)


@pytest.mark.parametrize(
    ("weights_of_terms", "names"),
    [
        ((0.0, 0.0), {"loss", "loss_pixel"}),
        ((0.3, 0.0), {"loss", "loss_pixel", "loss_gan", "loss_discriminator"}),
        ((0.0, 0.1), {"loss", "loss_pixel", "loss_task"}),
    ],
    ids=["L1", "GAN", "task"],
)
def test_network_without_weight_is_left_alone(networks, data, weights_of_terms, names):
    before = [weights(network) for network in networks]
    trainer = make_trainer(networks, slice_loader(data, num_samples=4), step_losses(*weights_of_terms))
    trainer.run()
    assert set(trainer.state.metrics) == names
    changed = [not equal(weights(network), old) for network, old in zip(networks, before, strict=True)]
    assert changed == [True, weights_of_terms[0] > 0, False]


@pytest.mark.parametrize(("training", "changes"), [("frozen", False), ("reference", True), ("both", True)])
def test_frozen_task_network_keeps_weights_and_statistics(networks, data, training, changes):
    before = weights(networks.task_network)
    make_trainer(networks, slice_loader(data, num_samples=8), step_losses(task_training=training)).run()
    assert equal(weights(networks.task_network), before) != changes
    assert networks.task_network.training == changes


@pytest.mark.parametrize(
    ("losses", "missing", "message"),
    [
        ((0.3, 0.0), "discriminator", "lambda_gan is 0.3: expected a discriminator and its optimiser"),
        ((0.3, 0.0), "discriminator_optimizer", "lambda_gan is 0.3: expected a discriminator and its opt"),
        ((0.0, 0.1), "task_network", "mu_task is 0.1: expected a task network"),
        ((0.0, 0.1), "task_optimizer", "task_training is 'both': expected an optimiser"),
    ],
)
def test_missing_part_is_named(networks, losses, missing, message):
    optimizers = [torch.optim.SGD(network.parameters(), lr=0.1) for network in networks]
    parts = {
        "discriminator": networks.discriminator,
        "discriminator_optimizer": optimizers[1],
        "task_network": networks.task_network,
        "task_optimizer": optimizers[2],
    }
    del parts[missing]
    with pytest.raises(ConfigError, match=message):
        TaskGANTrainer(
            "cpu",
            1,
            [],
            networks.generator,
            optimizers[0],
            step_losses(*losses, task_training="both"),
            **parts,
        )


def test_bfloat16_trains_and_gives_float32(networks, data):
    dtypes = set()
    networks.discriminator.register_forward_hook(lambda _, __, output: dtypes.add(output.logit.dtype))
    trainer = make_trainer(networks, slice_loader(data, num_samples=8), amp=True)
    before = weights(networks.generator)
    trainer.run()
    assert dtypes == {torch.bfloat16}
    assert trainer.state.output[0]["pred"].dtype == torch.float32
    assert all(output.dtype == torch.float32 for output in weights(networks.generator))
    assert not equal(weights(networks.generator), before)


def test_no_gradient_is_longer_than_the_limit(networks, data):
    before = [weights(network) for network in networks]
    trainer = make_trainer(
        networks,
        slice_loader(data, num_samples=4),
        step_losses(task_training="both"),
        optimizer=lambda parameters, **_: torch.optim.SGD(parameters, lr=1.0),
        max_gradient_norm=1e-3,
    )
    trainer.run()
    for network, old in zip(networks, before, strict=True):
        names = dict(network.named_parameters())
        steps = [
            (new - was).flatten()
            for (name, new), was in zip(network.state_dict().items(), old, strict=True)
            if name in names
        ]
        assert float(torch.cat(steps).norm()) == pytest.approx(1e-3, rel=1e-2)


def test_running_average_follows_the_generator_after_every_step(networks, data):
    ema = AveragedModel(networks.generator, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    trainer = make_trainer(networks, slice_loader(data), ema=ema)
    history = []
    trainer.add_event_handler(
        IterationEvents.MODEL_COMPLETED, lambda: history.append(weights(networks.generator))
    )
    trainer.run()
    average = history[0]  # the first update copies
    for step in history[1:]:
        average = [0.9 * old + 0.1 * new for old, new in zip(average, step, strict=True)]
    assert len(history) == 6
    for found, wanted in zip(ema.module.state_dict().values(), average, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("key", ["image", "label"])
def test_loss_that_is_no_number_names_the_cases_and_harms_nothing(networks, data, tmp_path, key):
    checkpoint = TrainingCheckpoint(
        tmp_path / "state.pt", {"network": networks.generator}, {"model": networks.generator}
    )
    trainer = make_trainer(networks, slice_loader(data), epochs=2, handlers=[checkpoint])

    def spoil(engine: Engine):
        if engine.state.epoch == 2:
            engine.state.batch[key][1, 0, 3, 3] = float("nan")

    trainer.add_event_handler(Events.ITERATION_STARTED, spoil)
    names = []
    trainer.add_event_handler(
        Events.ITERATION_STARTED, lambda engine: names.append(engine.state.batch["case"])
    )
    with pytest.raises(NonFiniteLossError, match="epoch 2, iteration 7: expected finite losses") as caught:
        trainer.run()
    assert all(name in str(caught.value) for name in names[-1])
    saved = torch.load(tmp_path / "model.pt", weights_only=True)
    assert equal(weights(networks.generator), list(saved.values()))


def test_another_inferer_runs_the_generator(networks, data):
    sizes = []

    def inferer(image, network):
        sizes.append(tuple(image.shape))
        return network(image)

    make_trainer(networks, slice_loader(data, num_samples=4), inferer=inferer).run()
    assert sizes == [(4, 1, 32, 32)]


def test_compiled_networks_keep_their_names_and_their_weights(networks, data):
    eager = make_tiny_networks()
    make_trainer(eager, slice_loader(data, num_samples=4)).run()
    # Code generation takes minutes on two cores; everything around it runs here.
    with torch.compiler.set_stance("force_eager"):
        make_trainer(networks, slice_loader(data, num_samples=4), compile=True).run()
    for compiled, plain in zip(networks, eager, strict=True):
        assert list(compiled.state_dict()) == list(plain.state_dict())
        assert equal(weights(compiled), weights(plain))
