"""Network, transforms and tables of a bundle, ready to restore volumes that are in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Compose
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.keys import IMAGE, PRED

WRITERS = ("SaveImaged", "SaveContrastd", "SavePicturesd")
"""Transforms that ``inference.json`` ends with; here the values stay in memory."""


class BundleModel:
    """Preprocessing, network, inferer and postprocessing of ``inference.json``, without what writes files.

    The values are those of ``monai.bundle run``. The configuration is code: check a bundle with
    ``release.check_bundle`` before.

    Args:
        folder: of the bundle.
        device: such as ``cpu`` or ``cuda:0``; empty for what the configuration chooses.

    Raises:
        DataError: a file of the configuration is missing or no JSON.
        CheckpointError: the weights are missing or do not fit the network.
    """

    def __init__(self, folder: Path, device: str = "") -> None:
        self.folder = folder
        metadata = read_json(folder / "configs" / "metadata.json")
        self.name, self.version = str(metadata["name"]), str(metadata["version"])
        self.parser = ConfigParser(read_json(folder / "configs" / "inference.json"))
        self.parser["bundle_root"] = str(folder)
        if device:
            self.parser["device"] = f"$torch.device({device!r})"
        self.device: torch.device = self.parser.get_parsed_content("device")
        self.network: nn.Module = self.parser.get_parsed_content("network")
        weights = Path(self.parser.get_parsed_content("ckpt_path"))
        load_weights(self.network, weights)
        self.weights_sha256 = sha256(weights)
        self.network.eval()
        self.inferer = self.parser.get_parsed_content("inferer")
        self.preprocessing: Compose = self.parser.get_parsed_content("preprocessing")
        self.postprocessing = _without_writers(self.parser.get_parsed_content("postprocessing"))

    def prepare(self, item: Mapping[str, Any]) -> dict[Any, Any]:
        """Bring an item to what the network takes.

        Args:
            item: with what the first transform of ``preprocessing`` reads.

        Returns:
            The item; ``image`` is ``(C, X, Y, Z)`` in the unit of the network.
        """
        return dict(self.preprocessing(dict(item)))

    def restore(self, prepared: Mapping[Any, Any]) -> Tensor:
        """Run the network.

        Args:
            prepared: of ``prepare``.

        Returns:
            ``(1, X, Y, Z)``, float32, in the unit of the network, on the CPU.
        """
        with torch.inference_mode():
            batch = prepared[IMAGE].as_tensor().unsqueeze(0).to(self.device)
            return self.inferer(batch, self.network)[0].float().cpu()

    def finish(self, prepared: Mapping[Any, Any], restored: Tensor) -> MetaTensor:
        """Turn what the network gave into the unit and the axes of the input.

        Args:
            prepared: of ``prepare``.
            restored: of ``restore``.

        Returns:
            ``(1, X, Y, Z)`` with its affine.
        """
        item = dict(prepared) | {PRED: MetaTensor(restored, affine=prepared[IMAGE].affine)}
        item[PRED].copy_meta_from(prepared[IMAGE])
        return self.postprocessing(item)[PRED]


def _without_writers(compose: Any) -> Compose:  # noqa: ANN401 - what the configuration holds
    if not isinstance(compose, Compose):
        raise ConfigError(
            f"inference.json: expected postprocessing to be a Compose, found {type(compose).__name__}"
        )
    kept = [each for each in compose.transforms if type(each).__name__ not in WRITERS]
    return Compose(kept)
