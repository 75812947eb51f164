"""The same trainer, losses and data train on volumes: only ``spatial_dims`` and the data set differ."""

import torch
from ignite.engine import Events
from monai.data import CacheDataset, DataLoader
from monai.inferers import SlidingWindowInferer
from monai.transforms import RandSpatialCropd
from tiny_training import TinyNetworks, make_trainer, subject_volumes
from torch import nn

from taskgan_ext.inferers.padding import PaddingInferer
from taskgan_ext.networks.image_discriminator import ImageDiscriminator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork
from taskgan_ext.networks.unet_generator import UNetGenerator


def volume_networks() -> TinyNetworks:
    networks: list[nn.Module] = [
        UNetGenerator(
            spatial_dims=3,
            channels=(4, 8),
            norm="instance",
            num_dropout_levels=0,
            output_activation="softplus",
        ),
        ImageDiscriminator(spatial_dims=3, channels=(4, 8, 8)),
        ResNetTaskNetwork(spatial_dims=3, block_inplanes=(4, 4, 8, 8), layers=(1, 1, 1, 1), stem_stride=1),
    ]
    return TinyNetworks(*(initialise(network, seed, std=0.1) for seed, network in enumerate(networks)))


def test_volumes_train_and_are_restored_whole():
    torch.manual_seed(0)
    items = []
    for number in (1, 2):
        volumes = subject_volumes(number, number % 2)
        # Six slices are too few for a 3D network: each is repeated.
        pair = {
            key: torch.from_numpy(volumes[key] / 2500).repeat_interleave(3, dim=-1)[None]
            for key in ("image", "label")
        }
        items.append(pair | {"property": number % 2, "subject": f"sub-{number:03d}"})
    crop = RandSpatialCropd(["image", "label"], roi_size=(16, 16, 16), random_size=False).set_random_state(0)
    data = CacheDataset(items, crop, progress=False)
    networks = volume_networks()
    trainer = make_trainer(networks, DataLoader(data, batch_size=2), epochs=40)
    losses = []
    trainer.add_event_handler(
        Events.EPOCH_COMPLETED, lambda engine: losses.append(engine.state.metrics["loss_pixel"])
    )
    trainer.run()
    assert losses[-1] < 0.7 * losses[0]
    inferer = PaddingInferer(SlidingWindowInferer(roi_size=(16, 16, 16), overlap=0.5), multiple=4)
    whole = items[0]["image"][None, ..., :17]
    assert inferer(whole, networks.generator.eval()).shape == whole.shape
