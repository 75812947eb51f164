"""Whether the weights of a bundle are tensors only, finite, and those of its networks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.errors import BundleError, DataError
from taskgan_ext.handlers.load_weights import load_weights, read_weights
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.release.contents import WEIGHTS

NETWORKS = {
    WEIGHTS: ("configs/inference.json", "network_def"),
    "models/task_network.pt": ("configs/train.json", "task_network_def"),
}
"""Weights, and where the network is defined that they belong to."""
RECORD = "models/export.json"
TORCHSCRIPT = "models/model.ts"


def check_weights(bundle: Path, paths: Sequence[str]) -> None:
    """Load every file of weights into its network: strictly, and without running code from the file.

    A task network whose size follows from data that are not there cannot be built; then only the kind of
    content is checked.

    Args:
        bundle: its folder, whose configuration has passed ``lint_bundle``.
        paths: files to pack.

    Raises:
        BundleError: weights are not finite, or belong to a network that no configuration defines.
        CheckpointError: a file holds other types than tensors, or does not fit its network.
    """
    for path in [each for each in paths if each.endswith(".pt")]:
        config, id_ = NETWORKS.get(path, ("", ""))
        if config not in paths:
            raise BundleError(f"{bundle / path}: expected weights of {' or '.join(NETWORKS)} only")
        network = build_network(bundle / config, id_)
        if network is None:
            weights = read_weights(torch.nn.Module(), bundle / path)
        else:
            load_weights(network, bundle / path)
            weights = network.state_dict()
        if not all(bool(value.isfinite().all()) for value in weights.values()):
            raise BundleError(f"{bundle / path}: expected finite weights, found NaN or infinity; train again")


def build_network(config: Path, id_: str) -> Any:  # noqa: ANN401 - whatever the configuration names
    """Build one network of a configuration.

    Args:
        config: file.
        id_: of the network.

    Returns:
        The network; ``None`` where its size follows from training data, which are not there.

    Raises:
        BundleError: the configuration has no such id, or the network cannot be built.
    """
    parser = ConfigParser(ConfigParser.load_config_file(config))
    parser["bundle_root"] = str(config.parents[1])
    try:
        return parser.get_parsed_content(id_)
    # What a constructor raises is as open as what a configuration may give it.
    except Exception as error:
        if isinstance(find_user_error(error), DataError):
            return None
        raise BundleError(f"{config}: expected a network {id_}, but it cannot be built ({error})") from error


def check_exports(bundle: Path, paths: Sequence[str]) -> None:
    """Make sure that exported networks are those of the weights beside them.

    Args:
        bundle: its folder.
        paths: files to pack.

    Raises:
        BundleError: an export was made of other weights, or nothing tells of which.
    """
    exports = [path for path in paths if path.endswith((".onnx", ".onnx.data", ".pt2"))]
    again = "make it again with: python -m taskgan_ext.export BUNDLE_DIR"
    if exports and RECORD not in paths:
        raise BundleError(
            f"{bundle / exports[0]}: expected {RECORD}, which tells what it was made of; {again}"
        )
    if RECORD in paths:
        record = read_json(bundle / RECORD)
        listed = {f"models/{entry['file']}": entry["sha256"] for entry in record["formats"].values()}
        stale = [path for path in exports if listed.get(path) != sha256(bundle / path)]
        if record["checkpoint_sha256"] != sha256(bundle / WEIGHTS) or stale or listed.keys() - set(paths):
            raise BundleError(f"{bundle / RECORD}: expected exports of {WEIGHTS}, found others; {again}")
    if TORCHSCRIPT in paths:
        _compare_torchscript(bundle)


def _compare_torchscript(bundle: Path) -> None:
    weights = torch.load(bundle / WEIGHTS, map_location="cpu", weights_only=True)
    script = torch.jit.load(bundle / TORCHSCRIPT, map_location="cpu").state_dict()
    if script.keys() != weights.keys() or not all(torch.equal(script[key], weights[key]) for key in weights):
        raise BundleError(
            f"{bundle / TORCHSCRIPT}: expected the weights of {WEIGHTS}, found others; make it again with: "
            "python -m monai.bundle ckpt_export network_def"
        )
