"""Whatever is wrong with a file of tensors, there is one message."""

import random

import pytest
import torch

from taskgan_ext.errors import CheckpointError
from taskgan_ext.handlers.load_weights import read_weights
from taskgan_ext.handlers.training_checkpoint import load_checkpoint
from taskgan_ext.io.tensor_file import load_tensors
from taskgan_ext.networks.vgg_face_files import read_vgg_face

READERS = [
    pytest.param(read_vgg_face, "a PyTorch state dict, tensors only", id="VGG-Face"),
    pytest.param(
        lambda path: read_weights(torch.nn.Linear(1, 1), path), "the weights of a Linear", id="weights"
    ),
    pytest.param(load_checkpoint, "a training checkpoint", id="checkpoint"),
]


@pytest.fixture
def path(tmp_path):
    """A whole file."""
    path = tmp_path / "a.pt"
    torch.save({"weight": torch.zeros(300), "bias": torch.ones(4, 4)}, path)
    return path


def broken_contents(whole):
    """Cut zips and random bytes, of which torch raises errors of ten kinds."""
    generator = random.Random(0)
    yield from (whole[:length] for length in range(0, len(whole), 97))
    yield from (generator.randbytes(generator.choice((1, 2, 5, 20, 200))) for _ in range(300))


def test_tensors_and_plain_types_come_back_on_the_cpu(path):
    found = load_tensors(path, "weights")
    assert torch.equal(found["bias"], torch.ones(4, 4))
    assert found["weight"].device.type == "cpu"


@pytest.mark.parametrize(("read", "expected"), READERS)
def test_damage_of_every_kind_is_one_message(path, read, expected):
    for content in broken_contents(path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: expected {expected}")
        assert "\n" not in str(caught.value)


def test_objects_are_refused_without_the_advice_to_trust_the_file(path):
    torch.save(torch.nn.Linear(1, 1), path)
    with pytest.raises(
        CheckpointError, match=r"cannot be read \(UnpicklingError: .*Linear.*\); mend it$"
    ) as caught:
        load_tensors(path, "weights", "; mend it")
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("content", [3, [torch.zeros(1)], {"weight": 1.0}])
def test_tensors_that_are_no_state_dict_are_refused(path, content):
    torch.save(content, path)
    with pytest.raises(
        CheckpointError, match="the weights of a Linear, a state dict of tensors, found something else; make"
    ):
        read_weights(torch.nn.Linear(1, 1), path, "command")
    with pytest.raises(
        CheckpointError, match=r"a training checkpoint, with epoch, .* found something else. Delete it"
    ):
        load_checkpoint(path)
