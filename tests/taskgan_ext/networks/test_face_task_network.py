"""T for faces: published weights, or a network of our own."""

import pytest
import torch

from taskgan_ext.networks import face_task_network
from taskgan_ext.networks.face_recogniser import FaceRecogniser
from taskgan_ext.networks.face_task_network import choose_face_network, epochs_beforehand
from taskgan_ext.networks.vgg_face import VGGFace


def test_without_weights_it_is_our_own_network_trained_beforehand() -> None:
    own = FaceRecogniser(num_outputs=3)
    assert choose_face_network(own) is own
    assert epochs_beforehand(5) == 5


@pytest.fixture
def published(monkeypatch) -> VGGFace:
    """A small VGG-Face, of the size that the package then makes: half a gigabyte otherwise."""

    def small() -> VGGFace:
        return VGGFace(7, channels=(4, 4, 4, 4, 4), hidden=8)

    torch.manual_seed(0)
    monkeypatch.setattr(face_task_network, "VGGFace", small)
    return small()


def test_with_weights_it_is_vgg_face_as_it_was_trained(tmp_path, published) -> None:
    torch.save(published.state_dict(), tmp_path / "vgg_face.pth")
    chosen = choose_face_network(FaceRecogniser(), tmp_path / "vgg_face.pth")
    for name, value in published.state_dict().items():
        torch.testing.assert_close(chosen.state_dict()[name], value)
    assert epochs_beforehand(5, tmp_path / "vgg_face.pth") == 0


def test_the_order_of_the_channels_may_be_given(tmp_path, published) -> None:
    torch.save(published.state_dict(), tmp_path / "vgg_face.pth")
    chosen = choose_face_network(FaceRecogniser(), tmp_path / "vgg_face.pth", "bgr")
    first = "stages.0.conv1_1.weight"
    torch.testing.assert_close(chosen.state_dict()[first], published.state_dict()[first].flip(1))
