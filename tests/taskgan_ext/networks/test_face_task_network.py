"""T for faces: published weights, or a network of our own."""

import torch
from torch import nn

from taskgan_ext.networks import face_task_network
from taskgan_ext.networks.face_recogniser import FaceRecogniser
from taskgan_ext.networks.face_task_network import choose_face_network, epochs_beforehand
from taskgan_ext.networks.vgg_face import VGGFace


def test_without_weights_it_is_our_own_network_trained_beforehand() -> None:
    own = FaceRecogniser(num_outputs=3)
    assert choose_face_network(own) is own
    assert epochs_beforehand(5) == 5


def test_with_weights_it_is_vgg_face_as_it_was_trained(tmp_path, monkeypatch) -> None:
    def small() -> nn.Module:
        return VGGFace(7, channels=(4, 4, 4, 4, 4), hidden=8)

    torch.manual_seed(0)
    published = small()
    torch.save(published.state_dict(), tmp_path / "vgg_face.pth")
    monkeypatch.setattr(face_task_network, "VGGFace", small)  # half a gigabyte otherwise
    chosen = choose_face_network(FaceRecogniser(), tmp_path / "vgg_face.pth")
    for name, value in published.state_dict().items():
        torch.testing.assert_close(chosen.state_dict()[name], value)
    assert epochs_beforehand(5, tmp_path / "vgg_face.pth") == 0
