"""Restore a PET series in memory, by the inference configuration of a bundle."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Compose, LoadImaged, SaveImaged
from monai.utils import ImageMetaKey, MetaKeys
from numpy.typing import NDArray

from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.source_grid import on_source_grid
from taskgan_ext.dicom.series import Series
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.keys import IMAGE, PRED
from taskgan_ext.transforms.load_dicom_series import UNITS, LoadDicomSeriesd
from taskgan_ext.transforms.load_scans import LoadScansd

READERS = (LoadImaged, LoadDicomSeriesd, LoadScansd)


class BundleRestoration:
    """Preprocessing, network, inferer and postprocessing of a bundle for series that are read already.

    What reads and what saves is left out of the transforms; the values are those of ``monai.bundle run``.

    Args:
        folder: of the bundle, with ``configs/inference.json``, ``configs/metadata.json`` and the weights that
            they name. The configuration is code: verify a bundle of other people before.
        device: such as ``cpu`` or ``cuda:0``; the configuration decides by default.
        action: what the bundle does to an image, for the description of what is made of it.

    Raises:
        DataError: a file of the configuration is missing or no JSON.
        CheckpointError: the weights are missing or do not fit the network.
    """

    def __init__(
        self, folder: str | os.PathLike[str], device: str | None = None, action: str = "denoised"
    ) -> None:
        root = Path(folder)
        metadata = read_json(root / "configs" / "metadata.json")
        parser = ConfigParser(read_json(root / "configs" / "inference.json"))
        parser["bundle_root"] = str(root)
        if device is not None:
            parser["device"] = f"$torch.device({device!r})"
        self.device: torch.device = parser.get_parsed_content("device")
        self.network: torch.nn.Module = parser.get_parsed_content("network")
        weights = Path(parser.get_parsed_content("ckpt_path"))
        load_weights(self.network, weights)
        self.network.eval()
        self.inferer = parser.get_parsed_content("inferer")
        self.preprocessing = _without(parser.get_parsed_content("preprocessing"), READERS)
        self.postprocessing = _without(parser.get_parsed_content("postprocessing"), (SaveImaged,))
        self.recipe = Recipe(metadata["name"], metadata["version"], sha256(weights), action)

    def __call__(self, series: Series) -> NDArray[np.floating]:
        """Restore.

        Args:
            series: a PET series.

        Returns:
            ``(X, Y, Z)`` on the axes of ``series.volume`` and in its unit, float32.

        Raises:
            RefusedSeries: ``output_gate``, the bundle gives a volume on another grid.
            DataError: the bundle refuses the volume.
        """
        item: dict[Any, Any] = self.preprocessing({IMAGE: _image_of(series)})
        with torch.inference_mode():
            batch = item[IMAGE].as_tensor().unsqueeze(0).to(self.device)
            item[PRED] = MetaTensor(self.inferer(batch, self.network)[0])
        restored = self.postprocessing(item)[PRED]
        columns, rows, slices = series.volume.shape
        return on_source_grid(
            restored[0].as_tensor().float().cpu().numpy(),
            restored.affine.cpu().numpy(),
            (columns, rows, slices),
            series.affine,
        )


def _without(compose: Any, kinds: tuple[type, ...]) -> Compose:  # noqa: ANN401
    if not isinstance(compose, Compose):
        raise ConfigError(f"expected a Compose of transforms in inference.json, got {type(compose).__name__}")
    return Compose([transform for transform in compose.transforms if not isinstance(transform, kinds)])


def _image_of(series: Series) -> MetaTensor:
    """As ``LoadDicomSeriesd`` gives it, but for the name of the file."""
    affine = torch.from_numpy(series.affine)
    meta = {
        ImageMetaKey.FILENAME_OR_OBJ: "series",
        MetaKeys.ORIGINAL_AFFINE: affine,
        MetaKeys.SPATIAL_SHAPE: series.volume.shape,
        MetaKeys.ORIGINAL_CHANNEL_DIM: 0,
        UNITS: series.units,
    }
    volume = torch.from_numpy(series.volume).contiguous().unsqueeze(0)
    return MetaTensor(volume, affine=affine, meta=meta)
