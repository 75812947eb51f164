import logging
import sys

import onnx
import pytest
import torch
from ignite.engine import Engine

from taskgan_ext.errors import CheckpointError, DependencyError
from taskgan_ext.export import OnnxNetwork
from taskgan_ext.export.onnx_network import choose_providers
from taskgan_ext.export.trained_generator import load_generator

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.fixture
def checkpoint(exported):
    """The checkpoint beside its ONNX file."""
    return exported / "models" / "model.pt"


def test_it_gives_the_numbers_of_the_checkpoint(checkpoint, small_bundle):
    network, wanted = OnnxNetwork(checkpoint), load_generator(small_bundle).network
    image = torch.rand(3, 2, 8, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(network(image), wanted(image))
        transposed = image.mT.contiguous().mT
        torch.testing.assert_close(network(transposed), network(image), rtol=0, atol=0)
        torch.testing.assert_close(network(image.double()), network(image), rtol=0, atol=0)
    assert network.size_multiple == wanted.size_multiple
    assert not list(network.parameters())


def test_an_engine_opens_the_file_as_it_starts(checkpoint):
    network = OnnxNetwork(checkpoint)
    engine = Engine(lambda *_: None)
    network.attach(engine)
    assert network._session is None
    engine.run([0])
    assert network._session is not None


def test_threads_are_those_of_torch_unless_given(checkpoint):
    for threads in (None, 2):
        network = OnnxNetwork(checkpoint, threads=threads)
        found = network.open().get_session_options().intra_op_num_threads
        assert found == threads or torch.get_num_threads()


@pytest.mark.parametrize(
    ("device", "available", "wanted"),
    [
        ("cpu", [CUDA, CPU], [CPU]),
        ("cuda:1", [CUDA, CPU], [CUDA, CPU]),
        ("cuda:0", [CPU], [CPU]),
        ("mps", [CPU], [CPU]),
    ],
)
def test_a_gpu_is_used_where_images_and_build_allow_it(device, available, wanted):
    chosen = choose_providers(torch.device(device), available)
    assert [name for name, _ in chosen] == wanted
    if CUDA in wanted:
        assert chosen[0][1] == {"device_id": 1, "use_tf32": 0}


def test_the_log_says_what_computes(checkpoint, caplog):
    with caplog.at_level(logging.INFO, logger="taskgan_ext"):
        OnnxNetwork(checkpoint).open()
    assert [record for record in caplog.records if f"computes on {CPU}" in record.getMessage()]


def test_it_works_without_the_checkpoint(checkpoint):
    checkpoint.unlink()
    assert OnnxNetwork(checkpoint)(torch.rand(1, 2, 8, 8)).shape == (1, 1, 8, 8)


def test_an_export_of_other_weights_is_refused(checkpoint, train_on):
    train_on(seed=1)
    with pytest.raises(
        CheckpointError, match=r"made from other weights than those of .* make it with: do so"
    ):
        OnnxNetwork(checkpoint, make_with="do so").open()


def test_a_missing_file_says_what_makes_it(checkpoint):
    checkpoint.with_suffix(".onnx").unlink()
    with pytest.raises(CheckpointError) as caught:
        OnnxNetwork(checkpoint, make_with="python -m taskgan_ext.export small").open()
    path = checkpoint.with_suffix(".onnx")
    assert str(caught.value) == (
        f"{path}: expected the exported generator, found no file; "
        f"make it with: python -m taskgan_ext.export small --ckpt_path {checkpoint}"
    )


def test_a_file_that_was_never_compared_is_refused(checkpoint):
    path = checkpoint.with_suffix(".onnx")
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(CheckpointError, match="expected a file that was compared with its checkpoint"):
        OnnxNetwork(checkpoint).open()


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_damaged_file_is_refused_in_one_line(checkpoint, content):
    path = checkpoint.with_suffix(".onnx")
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(CheckpointError, match=r"cannot open it|was compared") as caught:
        OnnxNetwork(checkpoint).open()
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_named(checkpoint, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyError, match=r'pip install "taskgan-ext\[export\]"'):
        OnnxNetwork(checkpoint).open()
