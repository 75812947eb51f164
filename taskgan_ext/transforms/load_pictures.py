"""Read photographs as volumes of one slice."""

import logging
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from monai.utils import ImageMetaKey

from taskgan_ext.io.picture import has_colour, load_picture

logger = logging.getLogger(__name__)


class LoadPicturesd(MapTransform):
    """Read PNG, JPEG and PGM files; one slice on the last axis makes volumes of them.

    The first axis of space is that of the rows, the second that of the columns; MONAI's ``PILReader``
    exchanges them by default. The affine is the identity, in pixels. A warning names the first picture of the
    process whose colour is lost.

    Args:
        keys: paths that are replaced by their pictures.
        channels: 1 for grey, 3 for red, green and blue, whatever the file holds.
        allow_missing_keys: skip keys that an item does not have.

    Raises:
        DataError: a file is missing, truncated, damaged or of another kind; names it.
        DependencyError: Pillow is not installed.
    """

    warned: ClassVar[bool] = False

    def __init__(self, keys: KeysCollection, channels: int = 1, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.channels = channels

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Read.

        Args:
            data: an item with paths.

        Returns:
            The item with ``MetaTensor`` of shape ``(channels, X, Y, 1)``, float32 in [0, 1], whose meta data
            hold the path as ``filename_or_obj``.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            picture = torch.from_numpy(load_picture(item[key], self.channels))
            self._warn_of_lost_colour(str(item[key]))
            meta = {ImageMetaKey.FILENAME_OR_OBJ: str(item[key])}
            item[key] = MetaTensor(picture.unsqueeze(-1), affine=torch.eye(4, dtype=torch.float64), meta=meta)
        return item

    def _warn_of_lost_colour(self, path: str) -> None:
        if self.channels > 1 or LoadPicturesd.warned or not has_colour(path):
            return
        LoadPicturesd.warned = True
        logger.warning(
            "%s: expected grey pictures, got one in colour; it and others like it are read in grey. To keep "
            "colour, train, evaluate and restore with --picture_channels 3",
            path,
        )
