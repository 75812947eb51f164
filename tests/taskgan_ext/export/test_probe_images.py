from dataclasses import replace

import pytest
import torch

from taskgan_ext.export.probe_images import example_image, probe_images
from taskgan_ext.export.trained_generator import TrainedGenerator
from taskgan_ext.networks import ConditionalUNetGenerator, UNetGenerator

CLASSES, VALUES = 5, 3


@pytest.fixture(params=[2, 3])
def plain(request, tmp_path):
    network = UNetGenerator(request.param, channels=[4, 4], num_dropout_levels=0)
    return TrainedGenerator(network, tmp_path / "model.pt", "", 1, request.param, 4, (-2.0, 7.0))


@pytest.fixture
def conditional(tmp_path):
    network = ConditionalUNetGenerator(2, 3, CLASSES, VALUES, [4, 4], num_dropout_levels=0)
    return TrainedGenerator(
        network, tmp_path / "model.pt", "", 3 + CLASSES + VALUES, 2, network.size_multiple, (-3.0, 3.0)
    )


def test_the_network_takes_every_image(plain, conditional):
    for generator in (plain, conditional):
        for image in probe_images(generator):
            assert generator.network.eval()(image).shape == (len(image), 1, *image.shape[2:])


def test_no_image_has_the_batch_and_the_axes_of_the_example(plain):
    example = example_image(plain).shape
    shapes = [image.shape for image in probe_images(plain)]
    assert example not in shapes
    assert any(len({shape[axis] for shape in [example, *shapes]}) > 2 for axis in (0, 2, 3))


def test_values_fill_the_range_of_the_bundle(plain):
    images = torch.cat([image.flatten() for image in probe_images(plain)])
    assert -2 <= images.min() < 0
    assert 5 < images.max() <= 7


def test_they_are_the_same_in_every_call(plain):
    assert all(map(torch.equal, probe_images(plain), probe_images(plain)))
    shifted = replace(plain, value_range=(0.0, 9.0))
    torch.testing.assert_close(probe_images(plain)[1] + 2, probe_images(shifted)[1])


def test_conditions_are_planes_and_every_class_is_asked_for(conditional):
    asked = set()
    for image in probe_images(conditional):
        planes = image[:, 3:].flatten(2)
        torch.testing.assert_close(planes.amax(2), planes.amin(2))
        one_hot = planes[:, :CLASSES, 0]
        assert sorted(one_hot.unique().tolist()) == [0, 1]
        assert one_hot.sum(1).tolist() == [1] * len(image)
        asked |= set(one_hot.argmax(1).tolist())
    assert asked == set(range(CLASSES))
