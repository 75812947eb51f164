"""A task network that segments learns the lesions of the reference images beside the property."""

import pytest
import torch
from monai.data import DataLoader

from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer
from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.patch_task_network import PatchTaskNetwork


def spotted(seed, count=32):
    """Squares with a bright spot somewhere."""
    generator = torch.Generator().manual_seed(seed)
    items = []
    for number in range(count):
        x, y = torch.randint(8, 20, (2,), generator=generator).tolist()
        image, spot = torch.zeros(1, 32, 32), torch.zeros(1, 32, 32)
        image[:, 4:28, 4:28] = 1 + torch.rand(24, 24, generator=generator)
        spot[:, x : x + 4, y : y + 4] = 1
        items.append(
            {"label": image + 2 * spot, "regions": spot, "property": number % 2, "case": str(number)}
        )
    return items


def trainer_of(network, items, epochs=1):
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    return TaskNetworkTrainer("cpu", epochs, DataLoader(items, batch_size=8), network, optimizer)


def test_spots_of_unseen_images_are_found():
    network = initialise(PatchTaskNetwork(num_outputs=2, channels=(16, 24), segmentation=True), 0, std=None)
    trainer_of(network, spotted(seed=0), epochs=30).run()
    unseen = next(iter(DataLoader(spotted(seed=1), batch_size=32)))
    with torch.no_grad():
        found = network.eval()(unseen["label"])
    inside = torch.nn.functional.max_pool2d(unseen["regions"], 2) > 0
    overlap = 2 * float(((found.segmentation > 0) & inside).sum())
    assert overlap / float((found.segmentation > 0).sum() + inside.sum()) > 0.8


def test_missing_regions_say_what_to_do():
    items = [{key: item[key] for key in ("label", "property")} for item in spotted(seed=0, count=8)]
    with pytest.raises(ConfigError, match="expected 'regions' in every batch"):
        trainer_of(PatchTaskNetwork(num_outputs=2, segmentation=True), items).run()


def test_a_network_that_does_not_segment_needs_no_regions():
    items = [{key: item[key] for key in ("label", "property")} for item in spotted(seed=0, count=8)]
    trainer_of(PatchTaskNetwork(num_outputs=2), items).run()
