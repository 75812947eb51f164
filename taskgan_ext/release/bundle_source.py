"""The files of a bundle, whether it lies in a folder or in an archive, before anything is known of them."""

import contextlib
from collections.abc import Mapping
from typing import IO, Protocol


class BundleSource(Protocol):
    """Where a bundle lies."""

    top: str
    """Name of the folder that unpacking makes; empty for a folder, whose name is the user's."""

    def sizes(self) -> Mapping[str, int]:
        """Path of every file below the bundle, with ``/``, to its size in bytes.

        Raises:
            BundleError: something there is no plain file of a bundle.
        """

    def open(self, path: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open one of these files for reading, in bytes.

        Args:
            path: as ``sizes`` gives it.
        """
