"""The weight files of VGG-Face that users have, each make read without running code from the file."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from taskgan_ext.errors import CheckpointError
from taskgan_ext.io.optional_package import load_optional
from taskgan_ext.io.tensor_file import load_tensors
from taskgan_ext.networks.vgg_face_layers import (
    LAYERS,
    ChannelOrder,
    VGGFaceLayers,
    layers_from_arrays,
    order_of_mean,
)

TORCHVISION_LAYERS = (
    *(f"features.{number}" for number in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
    *(f"classifier.{number}" for number in (0, 3, 6)),
)
"""What torchvision's ``vgg16`` calls the layers of ``LAYERS``."""
_PREFIX = re.compile(r"^((module|net|model|stages\.\d|head)\.)+")
_ISELAB_LAYER = re.compile(r"^conv_(\d_\d)")


def read_vgg_face(path: Path) -> VGGFaceLayers:
    """Read a weight file; its suffix tells how.

    ===================  =========================================================  ====================
    suffix               make                                                       channels
    ===================  =========================================================  ====================
    ``.pth``, ``.pt``    state dict with ``conv1_1`` to ``fc8`` (converted from     RGB
                         MatConvNet), also that of :class:`VGGFace` itself
    ``.pth``, ``.pt``    state dict with ``conv_1_1`` (converted from Torch7)       BGR
    ``.pth``, ``.pt``    state dict of torchvision's ``vgg16``                      as trained
    ``.mat``             MatConvNet; needs scipy                                    its mean, else RGB
    ``.h5``, ``.hdf5``   Keras; needs h5py                                          BGR
    ===================  =========================================================  ====================

    State dicts may stand under ``state_dict``, and their names behind ``module.``, ``net.`` or ``model.``.

    Args:
        path: the file.

    Returns:
        Its layers.

    Raises:
        CheckpointError: there is no such file, it cannot be read, or is of another make.
        DependencyError: the package that reads it is not installed.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: expected the weights of VGG-Face, found no file")
    readers: dict[str, Callable[[Path], VGGFaceLayers]] = {
        ".pth": _read_state_dict,
        ".pt": _read_state_dict,
        ".mat": _read_matconvnet,
        ".h5": _read_keras,
        ".hdf5": _read_keras,
    }
    if path.suffix.lower() in readers:
        return readers[path.suffix.lower()](path)
    hint = (
        "; no maintained package reads Torch7 files: take the authors' MatConvNet file (.mat), or save its "
        "layers from another program as a PyTorch state dict with the names conv_1_1 to fc8"
        if path.suffix.lower() == ".t7"
        else ""
    )
    raise CheckpointError(
        f"{path}: expected the weights of VGG-Face in one of {', '.join(readers)}, got {path.suffix!r}{hint}"
    )


def _read_state_dict(path: Path) -> VGGFaceLayers:
    content = load_tensors(
        path,
        "a PyTorch state dict, tensors only",
        "; a whole model has to be saved again with torch.save(model.state_dict(), ...) where its code is",
    )
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise CheckpointError(f"{path}: expected a state dict of tensors, got {type(content).__name__}")
    weights = {_PREFIX.sub("", name): value.float() for name, value in content.items()}
    layers = {name.rpartition(".")[0] for name in weights}
    make, order, rename = _make_of(layers, path)
    return VGGFaceLayers({rename(name): value for name, value in weights.items()}, make, order)


def _make_of(layers: set[str], path: Path) -> tuple[str, ChannelOrder | None, Callable[[str], str]]:
    if "conv1_1" in layers:
        return "a state dict with conv1_1 to fc8", "rgb", str
    if "conv_1_1" in layers:
        return "a state dict with conv_1_1 to fc8", "bgr", lambda name: _ISELAB_LAYER.sub(r"conv\1", name)
    if TORCHVISION_LAYERS[0] in layers:
        known = dict(zip(TORCHVISION_LAYERS, LAYERS, strict=True))

        def rename(name: str) -> str:
            layer, _, parameter = name.rpartition(".")
            return f"{known.get(layer, layer)}.{parameter}"

        return "a state dict of torchvision's vgg16", None, rename
    raise CheckpointError(
        f"{path}: expected a state dict of VGG-Face, whose first layer is conv1_1, conv_1_1 or features.0, "
        f"found {', '.join(sorted(layers)[:5]) or 'nothing'}"
    )


def _read_matconvnet(path: Path) -> VGGFaceLayers:
    scipy_io = load_optional("scipy.io", "a MatConvNet file (.mat)", "taskgan-ext[face]")
    try:
        content = scipy_io.loadmat(path, simplify_cells=True)
    except (ValueError, TypeError, OSError, RuntimeError, scipy_io.matlab.MatReadError) as error:
        raise CheckpointError(
            f"{path}: expected a MATLAB file of version 7 or older; save(..., '-v7') writes one ({error})"
        ) from None
    net = content.get("net", content)
    layers = _entry(net, "layers")
    if not isinstance(layers, list) or not all(isinstance(layer, Mapping) for layer in layers):
        raise CheckpointError(
            f"{path}: expected the simplenn format of MatConvNet with net.layers, found "
            f"{', '.join(name for name in content if not name.startswith('__')) or 'nothing'}"
        )
    arrays = [
        pair
        for layer in layers
        # Older versions of MatConvNet wrote filters and biases.
        if len(pair := tuple(layer.get("weights", (layer.get("filters"), layer.get("biases"))))) == 2
        and pair[0] is not None
    ]
    # Older versions had no meta either.
    means = (_entry(_entry(place, "normalization"), "averageImage") for place in (_entry(net, "meta"), net))
    order: ChannelOrder = next(filter(None, map(order_of_mean, means)), "rgb")
    return VGGFaceLayers(layers_from_arrays(arrays, str(path)), "a MatConvNet file", order)


def _entry(struct: object, name: str) -> Any:  # noqa: ANN401, whatever MATLAB stored
    return struct.get(name) if isinstance(struct, Mapping) else None


def _read_keras(path: Path) -> VGGFaceLayers:
    h5py = load_optional("h5py", "a Keras file (.h5)", "taskgan-ext[face]")
    try:
        with h5py.File(path, "r") as file:
            model = file.get("model_weights", file)
            stored = [_arrays_of(model[_text(name)]) for name in model.attrs["layer_names"]]
    except (OSError, KeyError) as error:
        raise CheckpointError(
            f"{path}: expected a Keras file in HDF5 with layer_names and weight_names, as save_weights of "
            f"Keras 1 and 2 writes it ({error})"
        ) from None
    arrays = [layer for layer in stored if layer]
    if any(len(layer) != 2 for layer in arrays):
        raise CheckpointError(f"{path}: expected a kernel and a bias in every layer that has weights")
    weights = layers_from_arrays([(kernel, bias) for kernel, bias in arrays], str(path))
    return VGGFaceLayers(weights, "a Keras file", "bgr")


def _arrays_of(group: Any) -> list[np.ndarray[Any, Any]]:  # noqa: ANN401, a group of h5py
    return [np.asarray(group[_text(name)]) for name in group.attrs["weight_names"]]


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
