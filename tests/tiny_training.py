"""Subjects, networks and engines, all as small as they can be; importable by the processes of a test too."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from monai.data import DataLoader
from monai.transforms import Compose
from torch import nn

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset
from taskgan_ext.engines.restoration_step import StepLosses, TaskTraining
from taskgan_ext.engines.task_gan_trainer import TaskGANTrainer
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss
from taskgan_ext.losses.objective import TaskGANObjective
from taskgan_ext.networks.image_discriminator import ImageDiscriminator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork
from taskgan_ext.networks.unet_generator import UNetGenerator

SHAPE = (32, 32, 6)
RIM, INSIDE, REFERENCE = 1, 10, 20
UPTAKE = {0: 0.0, INSIDE: 2500.0, REFERENCE: 2000.0}
"""Bq/ml; that of the rim is the property."""


def ellipse_regions(generator: np.random.Generator) -> np.ndarray:
    """Label map of an ellipse: its rim, its inside, and a reference region at the back of the inside."""
    x, y, _ = np.meshgrid(*(np.arange(length) for length in SHAPE), indexing="ij")
    centre_x, centre_y = 15.5 + generator.uniform(-1, 1, 2)
    axis_x, axis_y = generator.uniform(9, 10), generator.uniform(11, 12)
    radius = np.hypot((x - centre_x) / axis_x, (y - centre_y) / axis_y)
    regions = np.where(radius < 1, RIM, 0)
    regions[radius < 0.75] = INSIDE
    regions[(radius < 0.75) & (y < centre_y - 4)] = REFERENCE
    return regions.astype(np.uint8)


def subject_volumes(number: int, prop: int) -> dict[str, np.ndarray]:
    """Image, label and regions of a subject in Bq/ml; the rim of a positive one is twice as bright."""
    generator = np.random.default_rng([number, 7])
    regions = ellipse_regions(generator)
    uptake = UPTAKE | {RIM: 4000.0 if prop else 2000.0}
    label = np.vectorize(uptake.__getitem__)(regions).astype(np.float32)
    image = generator.poisson(label / 200).astype(np.float32) * 200
    return {"image": image, "label": label, "regions": regions}


def slice_data(
    augment: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    dtype: torch.dtype = torch.float32,
    num_subjects: int = 4,
) -> SliceDataset:
    """Six slices of each subject, from memory, in network units."""
    items = []
    for number in range(1, num_subjects + 1):
        prop = number % 2
        volumes = subject_volumes(number, prop)
        items.append(
            {key: torch.from_numpy(volumes[key] / 2500).to(dtype)[None] for key in ("image", "label")}
            | {"property": prop, "subject": f"sub-{number:03d}"}
        )
    return SliceDataset(items, Compose([]), augment)


def slice_loader(data: SliceDataset, batch_size: int = 4, num_samples: int | None = None) -> DataLoader:
    """Batches in the order of an ``EpochSampler``."""
    return DataLoader(data, batch_size=batch_size, sampler=EpochSampler(data, num_samples=num_samples))


class TinyNetworks(NamedTuple):
    """G, D and T for images of 32 x 32 pixels."""

    generator: nn.Module
    discriminator: nn.Module
    task_network: nn.Module


def make_tiny_networks(
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    in_channels: int = 1,
    norm: str = "instance",
    dropout: float = 0.0,
    num_classes: int = 0,
) -> TinyNetworks:
    """Build G (three levels), D (three levels) and T (a ResNet of four blocks), with seeded weights.

    With ``num_classes`` D is told the class and T tells it, else the property is yes or no.
    """
    generator = UNetGenerator(
        in_channels=in_channels,
        channels=(8, 16, 16),
        norm=norm,
        dropout=dropout,
        num_dropout_levels=1,
        output_activation="softplus",
    )
    discriminator = ImageDiscriminator(channels=(8, 8, 16), num_classes=num_classes)
    task_network = ResNetTaskNetwork(
        block_inplanes=(4, 4, 8, 8), layers=(1, 1, 1, 1), stem_stride=1, num_outputs=max(num_classes, 1)
    )
    return TinyNetworks(
        *(
            initialise(network, seed + number, std=0.1).to(dtype)
            for number, network in enumerate((generator, discriminator, task_network))
        )
    )


def step_losses(
    lambda_gan: float = 0.3, mu_task: float = 0.1, task_training: TaskTraining = "frozen", **terms: nn.Module
) -> StepLosses:
    """Losses with weights that all matter."""
    terms.setdefault("matching", FeatureMatchingLoss(layers=(1, 2)))
    return StepLosses(TaskGANObjective(lambda_gan, mu_task), task_training=task_training, **terms)


def make_trainer(
    networks: TinyNetworks,
    batches: Iterable[Mapping[str, Any]],
    losses: StepLosses | None = None,
    epochs: int = 1,
    handlers: Sequence[Any] = (),
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    **settings: Any,
) -> TaskGANTrainer:
    """A trainer of all three networks on the CPU."""
    optimizers = [optimizer(network.parameters(), lr=1e-2) for network in networks]
    return TaskGANTrainer(
        "cpu",
        epochs,
        batches,
        networks.generator,
        optimizers[0],
        step_losses() if losses is None else losses,
        discriminator=networks.discriminator,
        discriminator_optimizer=optimizers[1],
        task_network=networks.task_network,
        task_optimizer=optimizers[2],
        train_handlers=handlers,
        **settings,
    )
