"""Read volumes of either kind: NIfTI files and DICOM series."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from monai.config import KeysCollection
from monai.transforms import MapTransform

from taskgan_ext.transforms.load_dicom_series import LoadDicomSeriesd
from taskgan_ext.transforms.load_volumes import LoadVolumesd


class LoadScansd(MapTransform):
    """Read a path as a DICOM series if it is a folder, else as a NIfTI file; neither falls back on the other.

    What is no path is left to ``LoadDicomSeriesd``.

    Args:
        keys: paths that are replaced by their volumes; ``EnsureChannelFirstd`` gives both kinds the shape
            ``(1, X, Y, Z)``.
        modality: that a DICOM series must be of, as for ``LoadDicomSeriesd``.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        RefusedSeries: a file or a series is refused.
    """

    def __init__(
        self, keys: KeysCollection, modality: str | None = None, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.modality = modality

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Read.

        Args:
            data: an item with paths.

        Returns:
            The item with ``MetaTensor``.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            is_file = isinstance(item[key], str) and not Path(item[key]).is_dir()
            load = LoadVolumesd(key) if is_file else LoadDicomSeriesd(key, self.modality)
            item = load(item)
        return item
