"""Read NIfTI volumes, or say which file cannot be read."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.config import KeysCollection
from monai.transforms import LoadImaged

from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.keys import SUBJECT


class LoadVolumesd(LoadImaged):
    """MONAI's ``LoadImaged`` for NIfTI files, whose error names the file.

    Args:
        keys: paths that are replaced by their volumes; the files of a list become channels.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        DataError: a file is missing, truncated or damaged, or the files of a list differ in their grid.
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
        try:
            return super().__call__(data, reader)
        except Exception:
            _find_fault(data, list(self.key_iterator(dict(data))))
            raise


def _find_fault(data: Mapping[Hashable, Any], keys: Sequence[Hashable]) -> None:
    files = {key: data[key] if isinstance(data[key], list) else [data[key]] for key in keys}
    shapes = {key: [load_nifti(file)[0].shape for file in paths] for key, paths in files.items()}
    for key, found in shapes.items():
        if len(set(found)) > 1:
            raise DataError(
                f"{data.get(SUBJECT, 'a case')}: expected files of {key} on one grid, got the shapes {found} "
                f"of {', '.join(map(str, files[key]))}"
            )
