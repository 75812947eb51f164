"""The task network learns the property of the tiny cohort from the reference images."""

import pytest
import torch
from monai.data import DataLoader
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged
from tiny_training import make_tiny_networks, slice_data, slice_loader

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset
from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer
from taskgan_ext.errors import ConfigError, NonFiniteLossError
from taskgan_ext.losses.task_regression import task_cross_entropy_loss
from taskgan_ext.networks.densenet_task_network import DenseNetTaskNetwork
from taskgan_ext.networks.face_recogniser import FaceRecogniser
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.patch_task_network import PatchTaskNetwork
from taskgan_ext.transforms.scale_by_mean import ScaleByMeand

KEYS = ["image", "label"]


def slices_of(cohort, section):
    load = Compose(
        [LoadImaged(KEYS, reader="NibabelReader"), EnsureChannelFirstd(KEYS), ScaleByMeand(KEYS, level=4.75)]
    )
    return SliceDataset(load_datalist(cohort, section), load)


def trainer_of(network, loader, epochs=1, **settings):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    return TaskNetworkTrainer("cpu", epochs, loader, network, optimizer, **settings)


def test_property_of_unseen_subjects_is_learnt(tiny_cohort):
    network = make_tiny_networks().task_network
    data = slices_of(tiny_cohort, "training")
    trainer = trainer_of(network, DataLoader(data, batch_size=8, sampler=EpochSampler(data)), epochs=15)
    trainer.run()
    unseen = slices_of(tiny_cohort, ["validation", "test"])
    network.eval()
    with torch.no_grad():
        logit = network(torch.stack([item["label"] for item in unseen])).logit[:, 0]
    found = (logit > 0).int().tolist()
    wanted = [item["property"] for item in unseen]
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= 0.9 * len(wanted)
    assert trainer.state.metrics["loss"] < 0.1


def test_a_negative_number_of_epochs_is_refused_and_none_changes_nothing():
    network = make_tiny_networks().task_network
    with pytest.raises(ConfigError, match="max_epochs: expected at least 0, got -1"):
        trainer_of(network, [], epochs=-1)
    before = [value.clone() for value in network.state_dict().values()]
    trainer_of(network, [], epochs=0).run()
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values(), strict=True))


def patterns(seed, count=96):
    """Discs with stripes whose number is the class, as items of Python numbers like those of a data list."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    inside = (x - 15.5).hypot(y - 15.5) < 14
    items = []
    for number in range(count):
        phase, brightness = torch.rand(2, generator=generator)
        stripes = torch.sin(x * 0.4 * (number % 6) + 6.28 * phase)
        image = (1 + 50 * brightness) * inside * (1.5 + stripes)
        items.append({"label": image[None], "property": number % 6, "case": str(number)})
    return items


def face_recogniser():
    return FaceRecogniser(num_outputs=6, channels=(8, 16), embedding_size=16)


def dense_network():
    return DenseNetTaskNetwork(num_outputs=6, init_features=8, growth_rate=8, block_config=(2, 2))


@pytest.mark.parametrize(
    ("network", "std", "objective"),
    [
        (dense_network(), 0.1, "regression"),
        (PatchTaskNetwork(channels=(16, 24)), None, "regression"),
        (PatchTaskNetwork(channels=(16, 24)), None, "cross_entropy"),
        (face_recogniser(), None, "cross_entropy"),
    ],
    ids=["DenseNet", "patches", "patches by cross entropy", "angles between embeddings"],
)
def test_one_of_six_classes_is_learnt_from_integers(network, std, objective):
    loader = DataLoader(patterns(seed=0), batch_size=16)
    trainer = trainer_of(initialise(network, seed=0, std=std), loader, epochs=12, objective=objective)
    trainer.run()
    unseen = next(iter(DataLoader(patterns(seed=1), batch_size=96)))
    assert unseen["property"].dtype == torch.int64
    network.eval()
    with torch.no_grad():
        logit = network(unseen["label"]).logit
    assert float((logit.argmax(dim=1) == unseen["property"]).float().mean()) > 0.9


def test_loss_is_the_mean_squared_error_of_the_probability():
    network = make_tiny_networks(dtype=torch.float64).task_network
    data = slice_data(dtype=torch.float64)
    (batch,) = slice_loader(data, num_samples=4)
    network.train()
    with torch.no_grad():
        probability = torch.sigmoid(network(batch["label"]).logit[:, 0])
    trainer = trainer_of(network, [batch])
    trainer.run()
    assert trainer.state.metrics["loss"] == pytest.approx(
        float((probability - batch["property"]).square().mean()), rel=1e-6
    )
    assert isinstance(trainer.state.output, list)


def test_margin_reaches_the_cross_entropy():
    network = FaceRecogniser(num_outputs=6, channels=(4, 6), embedding_size=4).double()
    (batch,) = DataLoader(patterns(seed=0, count=8), batch_size=8)
    batch["label"] = batch["label"].double() / 50
    network.train()
    with torch.no_grad():
        expected = task_cross_entropy_loss(network(batch["label"]).logit, batch["property"], margin=2.4)
    trainer = trainer_of(network, [batch], objective="cross_entropy", margin=2.4)
    trainer.run()
    assert trainer.state.metrics["loss"] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    "settings", [{"margin": 1.0}, {"objective": "cross_entropy", "margin": -1.0}], ids=["unused", "negative"]
)
def test_margin_that_cannot_be_used_is_refused(settings):
    with pytest.raises(ConfigError, match="margin: expected a finite number of logit units"):
        trainer_of(make_tiny_networks().task_network, [], **settings)


def test_unknown_objective_is_refused():
    with pytest.raises(ConfigError, match="expected one of regression, cross_entropy, got 'hinge'"):
        trainer_of(make_tiny_networks().task_network, [], objective="hinge")


def test_loss_that_is_no_number_names_the_cases():
    (batch,) = slice_loader(slice_data(), num_samples=4)
    batch["label"][0, 0, 0, 0] = float("inf")
    with pytest.raises(NonFiniteLossError, match=batch["case"][0]):
        trainer_of(make_tiny_networks().task_network, [batch]).run()


def test_bfloat16_trains_and_clipping_limits_the_step():
    network = make_tiny_networks().task_network
    before = [parameter.detach().clone() for parameter in network.parameters()]
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    loader = slice_loader(slice_data(), num_samples=4)
    TaskNetworkTrainer("cpu", 1, loader, network, optimizer, max_gradient_norm=1e-3, amp=True).run()
    steps = [(new.detach() - old).flatten() for new, old in zip(network.parameters(), before, strict=True)]
    assert float(torch.cat(steps).norm()) == pytest.approx(1e-3, rel=1e-2)


def test_settings_within_settings_keep_their_place_in_the_name():
    settings = {"learning_rate": 0.1, "task": {"epochs": 3}}
    trainer = trainer_of(make_tiny_networks().task_network, [], hyperparameters=settings)
    assert trainer.hyperparameters == {"learning_rate": 0.1, "task.epochs": 3}
