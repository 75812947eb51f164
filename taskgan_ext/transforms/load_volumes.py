"""Read NIfTI volumes through the gate, as MONAI would."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from monai.config import KeysCollection
from monai.data import NibabelReader
from monai.transforms import LoadImaged
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.io.nifti_gate import check_nifti
from taskgan_ext.keys import SUBJECT


class LoadVolumesd(LoadImaged):
    """MONAI's ``LoadImaged`` for NIfTI files that pass the gate of ``taskgan_ext.io``.

    The volumes and their meta data are those of MONAI's ``NibabelReader``. No other reader is tried.

    Args:
        keys: paths that are replaced by their volumes; the files of a list become channels.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        RefusedSeries: a file is refused; names it.
        DataError: the files of a list differ in their grid.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, reader="NibabelReader", allow_missing_keys=allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any], reader: Any = None) -> dict[Hashable, Any]:  # noqa: ANN401
        """Read.

        Args:
            data: an item with paths.
            reader: another reader, as for MONAI's.

        Returns:
            The item with ``MetaTensor``.
        """
        if reader is None:
            _check_shapes(data, list(self.key_iterator(dict(data))))
        # LoadImage uses a reader given for one call only; where one of its own fails it tries others.
        return super().__call__(data, reader or _GatedReader())


@dataclass(frozen=True)
class _GatedVolume:
    """What ``NibabelReader`` asks of an image."""

    header: nib.Nifti1Header
    affine: NDArray[np.float64]
    voxels: NDArray[np.float32]


class _GatedReader(NibabelReader):
    def read(self, data: Any, **_: Any) -> list[_GatedVolume]:  # noqa: ANN401
        self.filenames = data
        return [_read(Path(path)) for path in data]

    def _get_array_data(self, img: _GatedVolume, _: Any) -> NDArray[np.float32]:  # noqa: ANN401
        return img.voxels


def _read(path: Path) -> _GatedVolume:
    voxels, affine = load_nifti(path)
    header = check_nifti(path).raw
    # As nibabel has it in memory: the voxels are scaled, and in no file.
    header["scl_slope"] = header["scl_inter"] = np.nan
    header["vox_offset"] = 0
    return _GatedVolume(header, affine, voxels)


def _check_shapes(data: Mapping[Hashable, Any], keys: Sequence[Hashable]) -> None:
    for key in keys:
        files = data[key] if isinstance(data[key], list) else [data[key]]
        found = [check_nifti(Path(file).expanduser()).shape for file in files]
        if len(set(found)) > 1:
            raise DataError(
                f"{data.get(SUBJECT, 'a case')}: expected files of {key} on one grid, got the shapes {found} "
                f"of {', '.join(map(str, files))}"
            )
