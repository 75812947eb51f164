"""UIDs that follow from what a series was made of: made again, it is the same series."""

import hashlib
import json
from collections.abc import Sequence

from pydicom import Dataset
from pydicom.uid import UID

from taskgan_ext.dicom.derived.recipe import Recipe

UUID_BYTES = 16


def series_key(sources: Sequence[Dataset], recipe: Recipe, what: Sequence[str] = ()) -> str:
    """Make a fingerprint of all that a derived series is made of.

    Another image among the sources, another bundle, version, fingerprint of the weights or action give
    another one; the order of the sources does not.

    Args:
        sources: headers of all images of the source.
        recipe: what it is made by.
        what: further values that tell it from others of the same source and recipe.
    """
    return _digest(
        sorted({str(header.SeriesInstanceUID) for header in sources}),
        sorted({str(header.SOPInstanceUID) for header in sources}),
        [recipe.bundle, recipe.version, recipe.weights_sha256, recipe.action],
        list(what),
    ).hex()


def series_uid(key: str) -> UID:
    """Make the UID of a derived series, under 2.25 (PS3.5 annex B.2), of at most 44 characters.

    Args:
        key: of ``series_key``.
    """
    return _uid("series", key)


def image_uid(key: str, slice_index: int, source_uids: Sequence[str]) -> UID:
    """Make the UID of an image of a derived series.

    Args:
        key: of ``series_key``.
        slice_index: along the third axis: frames of one enhanced object share their UID.
        source_uids: SOPInstanceUID of the images that it is made of.
    """
    return _uid("image", key, slice_index, sorted(set(source_uids)))


def _uid(*parts: object) -> UID:
    return UID(f"2.25.{int.from_bytes(_digest(*parts)[:UUID_BYTES], 'big')}")


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(json.dumps(parts).encode()).digest()
