"""Write pictures, alone or side by side."""

import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform
from monai.utils import ImageMetaKey

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import DataError
from taskgan_ext.io.picture import save_picture


class SavePicturesd(MapTransform):
    """Write a picture as PNG of 8 bits; those of several keys are joined into one, from left to right.

    Files are named as by MONAI's ``SaveImaged``: ``face/anna/anna_0001.jpg`` becomes
    ``<output_dir>/anna/anna_0001_restored.png`` where ``data_root_dir`` is ``face``. An image that was read
    from another folder than ``data_root_dir`` and those below it lies in ``output_dir`` itself.

    Args:
        keys: what is written; ``MetaTensor`` of shape ``(C, X, Y)`` or ``(C, X, Y, 1)``. The first that an
            item has gives the name of the file.
        output_dir: folder to write.
        data_root_dir: folder below which the folders of the inputs are kept.
        output_postfix: end of the names; empty keeps the names of the inputs.
        allow_missing_keys: leave out keys that an item does not have.

    Raises:
        DataError: the file is the one that the image was read from, or a value is no number.
        DependencyError: Pillow is not installed.
    """

    def __init__(
        self,
        keys: KeysCollection,
        output_dir: str | os.PathLike[str],
        data_root_dir: str | os.PathLike[str] = "",
        output_postfix: str = "restored",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.output_dir = Path(output_dir)
        self.data_root_dir = data_root_dir
        self.output_postfix = output_postfix

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write the file of one item.

        Args:
            data: an item with images in [0, 1].

        Returns:
            The item as it is.
        """
        item = dict(data)
        images = [item[key] for key in self.key_iterator(item)]
        source = Path(images[0].meta[ImageMetaKey.FILENAME_OR_OBJ])
        path = self._path_of(source)
        if path.resolve() == source.resolve():
            raise DataError(f"{path}: expected a file other than the input to write; name another output_dir")
        pictures = [plain_tensor(image).cpu().float() for image in images]
        flat = [picture.squeeze(-1) if picture.ndim == 4 else picture for picture in pictures]
        save_picture(np.concatenate([picture.numpy() for picture in flat], axis=-1), path)
        return item

    def _path_of(self, source: Path) -> Path:
        parent = Path(os.path.relpath(source.parent, self.data_root_dir)) if self.data_root_dir else Path()
        if ".." in parent.parts:
            parent = Path()
        postfix = f"_{self.output_postfix}" if self.output_postfix else ""
        return self.output_dir / parent / f"{source.stem}{postfix}.png"
