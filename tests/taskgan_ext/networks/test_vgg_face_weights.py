"""Weight files of every make, written with a reduced twin, give the logits they gave where they were made."""

import logging
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_vgg_face import MEAN, faces, layers_of, make_twin, published_logits
from torch import Tensor

from taskgan_ext.errors import CheckpointError, ConfigError, DependencyError
from taskgan_ext.networks.vgg_face_layers import LAYERS
from taskgan_ext.networks.vgg_face_weights import load_vgg_face_weights

Layers = dict[str, Tensor]
Write = Callable[[Path, Layers], None]
FEATURES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
TORCHVISION = (*(f"features.{number}" for number in FEATURES), *(f"classifier.{n}" for n in (0, 3, 6)))


def state_dict(names: tuple[str, ...] = LAYERS, prefix: str = "", wrap: str = "") -> Write:
    def write(path: Path, layers: Layers) -> None:
        renamed = dict(zip(LAYERS, names, strict=True))
        content = OrderedDict(
            (f"{prefix}{renamed[layer]}.{kind}", layers[f"{layer}.{kind}"])
            for layer in LAYERS
            for kind in ("weight", "bias")
        )
        torch.save({wrap: content, "epoch": 3} if wrap else content, path)

    return write


def arrays(layers: Layers, dense: bool = False) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Rows, columns, inputs, outputs; fully connected layers as convolutions or with two axes."""
    for name in LAYERS:
        weight = layers[f"{name}.weight"].double().numpy()
        if name.startswith("fc"):
            side = 2 if name == "fc6" else 1
            weight = weight.reshape(len(weight), -1, side, side)
        weight = weight.transpose(2, 3, 1, 0)
        if dense and name.startswith("fc"):
            weight = weight.reshape(-1, weight.shape[3])
        yield name, weight.astype(np.float32), layers[f"{name}.bias"].numpy()


def cell(*values: object) -> np.ndarray:
    row = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        row[0, index] = value
    return row


def matconvnet(*, old: bool = False, mean: str = "") -> Write:
    def write(path: Path, layers: Layers) -> None:
        rows: list[dict[str, object]] = []
        for name, weight, bias in arrays(layers):
            pair = {"filters": weight, "biases": bias} if old else {"weights": cell(weight, bias)}
            rows += [{"type": "conv", "name": name, **pair}, {"type": "relu", "name": f"relu_{name}"}]
        rows.append({"type": "softmax", "name": "prob", "weights": cell()})
        net: dict[str, object] = {"layers": cell(*rows)}
        if mean:
            image = np.array([MEAN[name] for name in mean], np.float32).reshape(1, 1, 3)
            normalization = {"averageImage": np.tile(image, (4, 4, 1)) if old else image}
            net |= {"normalization": normalization} if old else {"meta": {"normalization": normalization}}
        pytest.importorskip("scipy.io").savemat(path, {"net": net} if old else net)

    return write


def keras(*, dense: bool = True, whole_model: bool = False) -> Write:
    def write(path: Path, layers: Layers) -> None:
        with pytest.importorskip("h5py").File(path, "w") as file:
            model = file.create_group("model_weights") if whole_model else file
            names = ["input_1"]
            model.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
            for name, weight, bias in arrays(layers, dense):
                group = model.create_group(name)
                group.attrs["weight_names"] = np.array([f"{name}/kernel:0", f"{name}/bias:0"], "S")
                group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = weight, bias
                names += [name, f"{name}/relu"]
                model.create_group(f"{name}/relu").attrs["weight_names"] = np.array([], "S1")
            model.attrs["layer_names"] = np.array(names, "S")

    return write


BGR_NAMES = tuple(name.replace("conv", "conv_") for name in LAYERS)
FILES = [
    pytest.param("a.pth", state_dict(), "auto", "rgb", id="conv1_1"),
    pytest.param("a.pt", state_dict(prefix="module."), "auto", "rgb", id="data parallel"),
    pytest.param("a.pth", state_dict(wrap="state_dict"), "auto", "rgb", id="checkpoint"),
    pytest.param("a.pth", state_dict(), "bgr", "bgr", id="conv1_1 known as BGR"),
    pytest.param("a.pth", state_dict(BGR_NAMES), "auto", "bgr", id="conv_1_1"),
    pytest.param("a.pth", state_dict(BGR_NAMES, prefix="module.net."), "auto", "bgr", id="two prefixes"),
    pytest.param("a.pth", state_dict(TORCHVISION), "rgb", "rgb", id="torchvision RGB"),
    pytest.param("a.pth", state_dict(TORCHVISION, prefix="model."), "bgr", "bgr", id="torchvision BGR"),
    pytest.param("a.mat", matconvnet(), "auto", "rgb", id="MatConvNet"),
    pytest.param("a.mat", matconvnet(mean="rgb"), "auto", "rgb", id="MatConvNet with mean"),
    pytest.param("a.mat", matconvnet(mean="bgr"), "auto", "bgr", id="MatConvNet with BGR mean"),
    pytest.param("a.mat", matconvnet(old=True, mean="rgb"), "auto", "rgb", id="MatConvNet of 2015"),
    pytest.param("a.h5", keras(), "auto", "bgr", id="Keras"),
    pytest.param("a.H5", keras(dense=False, whole_model=True), "auto", "bgr", id="Keras, convolutions only"),
    pytest.param("a.hdf5", keras(), "rgb", "rgb", id="Keras known as RGB"),
]


@pytest.fixture(scope="module")
def source() -> Layers:
    """Weights as some program trained them; the order of their channels is what a test takes it for."""
    return layers_of(make_twin(seed=3))


@pytest.mark.parametrize(("name", "write", "given", "order"), FILES)
def test_file_gives_the_logits_that_it_gave_where_it_was_made(
    tmp_path, caplog, source, name, write, given, order
) -> None:
    write(tmp_path / name, source)
    network = make_twin()
    with caplog.at_level(logging.INFO):
        assert load_vgg_face_weights(network, tmp_path / name, given) == order
    assert f"channels are {order.upper()}" in caplog.text
    found = network(faces()).logit
    torch.testing.assert_close(found, published_logits(source, faces(), order), rtol=1e-3, atol=1e-2)
    # The mean colour in the other order, or the channels, is another network.
    other = order[::-1]
    assert (found - published_logits(source, faces(), order, mean=other)).abs().max() > 1
    assert (found - published_logits(source, faces(), other)).abs().max() > 1


def test_weights_that_this_package_saved_come_back(tmp_path) -> None:
    trained, network = make_twin(seed=3), make_twin()
    torch.save(trained.state_dict(), tmp_path / "task.pt")
    assert load_vgg_face_weights(network, tmp_path / "task.pt") == "rgb"
    assert torch.equal(network(faces()).logit, trained(faces()).logit)


def test_torchvision_does_not_tell_its_channels(tmp_path, source) -> None:
    state_dict(TORCHVISION)(tmp_path / "a.pth", source)
    with pytest.raises(
        ConfigError, match=r"vgg16 does not tell .* give channel_order \(.*--task_channel_order\)"
    ):
        load_vgg_face_weights(make_twin(), tmp_path / "a.pth")
    with pytest.raises(ConfigError, match="channel_order: expected one of 'auto', 'rgb', 'bgr', got 'gbr'"):
        load_vgg_face_weights(make_twin(), tmp_path / "a.pth", "gbr")


def test_layers_that_are_missing_or_too_many_are_named_and_nothing_is_loaded(tmp_path, source) -> None:
    network = make_twin()
    before = network(faces()).logit
    content = {name: values for name, values in source.items() if not name.startswith("fc8")}
    torch.save({**content, "fc9.bias": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"it lacks fc8.weight, fc8.bias and it also holds fc9.bias"):
        load_vgg_face_weights(network, tmp_path / "a.pth")
    assert torch.equal(network(faces()).logit, before)


def test_other_shapes_are_named(tmp_path, source) -> None:
    state_dict()(tmp_path / "a.pth", source)
    with pytest.raises(CheckpointError, match=r"fc8.weight \(5, 12\) instead of \(7, 12\), fc8.bias \(5,\)"):
        load_vgg_face_weights(make_twin(num_outputs=7), tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("VGG_FACE.t7", b"", "no maintained package reads Torch7 files: take .* MatConvNet"),
        ("a.caffemodel", b"", "one of .pth, .pt, .mat, .h5, .hdf5, got '.caffemodel'"),
        ("a.pth", b"no weights", "expected a PyTorch state dict, tensors only"),
        ("a.mat", b"no weights" * 20, "expected a MATLAB file of version 7 or older"),
        ("a.mat", b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM", "save.*-v7"),
        ("a.h5", b"no weights", "expected a Keras file in HDF5"),
    ],
)
def test_file_of_another_kind_is_refused(tmp_path, name, content, message) -> None:
    if name.endswith(("mat", "h5")):
        pytest.importorskip({"mat": "scipy", "h5": "h5py"}[name.rpartition(".")[2]])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        load_vgg_face_weights(make_twin(), tmp_path / name)


def test_absent_file_and_foreign_state_dicts_are_refused(tmp_path) -> None:
    with pytest.raises(CheckpointError, match=r"a.pth: expected .* found no file"):
        load_vgg_face_weights(make_twin(), tmp_path / "a.pth")
    for content, message in (
        (
            {"layer1.weight": torch.zeros(2)},
            "whose first layer is conv1_1, conv_1_1 or features.0, found layer1",
        ),
        ({0: torch.zeros(2)}, "expected a state dict of tensors, got"),
        ([torch.zeros(2)], "expected a state dict of tensors, got list"),
        (make_twin(), "saved again with torch.save"),
    ):
        torch.save(content, tmp_path / "a.pth")
        with pytest.raises(CheckpointError, match=message):
            load_vgg_face_weights(make_twin(), tmp_path / "a.pth")


def test_matlab_files_of_other_structure_are_refused(tmp_path, source) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    for net, message in (
        ({"layers": cell({"weights": cell(np.zeros((3, 3)), np.zeros(3))})}, "expected the simplenn format"),
        ({"params": 1.0}, "net.layers, found net"),
    ):
        scipy_io.savemat(tmp_path / "a.mat", {"net": net})
        with pytest.raises(CheckpointError, match=message):
            load_vgg_face_weights(make_twin(), tmp_path / "a.mat")
    turned = source["conv2_1.weight"].permute(2, 3, 0, 1)
    matconvnet()(tmp_path / "a.mat", {**source, "conv2_1.weight": turned})
    with pytest.raises(
        CheckpointError, match=r"conv2_1: expected weights of \(rows, columns, 4 inputs, outputs"
    ):
        load_vgg_face_weights(make_twin(), tmp_path / "a.mat")


@pytest.mark.parametrize(("name", "module"), [("a.mat", "scipy.io"), ("a.h5", "h5py")])
def test_package_that_is_not_installed_is_named(tmp_path, monkeypatch, name, module) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).touch()
    with pytest.raises(DependencyError, match=f"needs {module[:4]}.*pip install"):
        load_vgg_face_weights(make_twin(), tmp_path / name)
