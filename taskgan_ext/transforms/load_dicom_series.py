"""Read DICOM series strictly, or stop."""

import logging
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from monai.utils import ImageMetaKey, MetaKeys

from taskgan_ext.io.optional_package import load_optional

UNITS = "units"
"""Key of ``MetaTensor.meta`` that holds Units (0054,1001) of PET, such as ``BQML``; empty for MR."""
SERIES_READER = "taskgan_ext.dicom.read_series"

logger = logging.getLogger(__name__)


class LoadDicomSeriesd(MapTransform):
    """Read a DICOM series by ``read_series``. A refusal reaches the caller; no other reader is tried.

    Args:
        keys: each a folder with the files of one series, a list of its files, or a ``Series`` that was read
            before, replaced by its volume.
        modality: ``PT`` or ``MR`` that the series must be of, ``None`` for either.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        RefusedSeries: the series cannot be trusted; with its code.
        DependencyError: pydicom is not installed.
    """

    def __init__(
        self, keys: KeysCollection, modality: str | None = None, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.modality = modality

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Read.

        Args:
            data: an item with folders or lists of files.

        Returns:
            The item with ``MetaTensor`` of shape ``(X, Y, Z)``, float32, whose meta data hold the affine
            to RAS mm, ``units``, and as ``filename_or_obj`` the name of the folder inside of it, from which
            names of results are made.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self._read(item[key])
        return item

    def _read(self, source: Any) -> MetaTensor:  # noqa: ANN401 - the class of a series needs pydicom
        load_optional("pydicom", "reading DICOM", "taskgan-ext[dicom]")
        reader = load_optional(SERIES_READER, "reading DICOM", "taskgan-ext[dicom]")
        if not isinstance(source, str | list):
            return _to_tensor(source, Path("series"))
        paths = [Path(path) for path in source] if isinstance(source, list) else Path(source)
        series = reader.read_series(paths, modality=self.modality)
        for warning in series.warnings:
            logger.warning("%s", warning)
        return _to_tensor(series, (paths[0].parent if isinstance(paths, list) else paths).absolute())


def _to_tensor(series: Any, folder: Path) -> MetaTensor:  # noqa: ANN401
    affine = torch.from_numpy(series.affine)
    volume = torch.from_numpy(series.volume).contiguous()
    meta = {
        # An ending for writers to take off: folders named by a UID have dots of their own.
        ImageMetaKey.FILENAME_OR_OBJ: str(folder / f"{folder.name}.dcm"),
        MetaKeys.ORIGINAL_AFFINE: affine,
        MetaKeys.SPATIAL_SHAPE: series.volume.shape,
        # As MONAI says it of files without channels; with a number its writer takes a volume for a picture.
        MetaKeys.ORIGINAL_CHANNEL_DIM: "no_channel",
        UNITS: series.units,
    }
    return MetaTensor(volume, affine=affine, meta=meta)
