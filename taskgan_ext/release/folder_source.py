"""The files of a bundle in a folder."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from taskgan_ext.errors import BundleError
from taskgan_ext.release.manifest import MAX_FILES

RUN_FOLDERS = frozenset({"data", "eval"})
"""What runs of a bundle read and write at its top; no configuration and no weights lie there."""


class FolderSource:
    """The files of a bundle in a folder, without its ``data`` and ``eval``.

    Args:
        folder: of the bundle.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = ""

    def sizes(self) -> Mapping[str, int]:
        """Path of every file to its size in bytes.

        Returns:
            Files only; folders, also empty ones, do not count.

        Raises:
            BundleError: a link, a pipe or a device is among them, there are more than ``MAX_FILES``, or the
                folder cannot be read.
        """
        found: dict[str, int] = {}
        try:
            for path, status in self._walk(self.folder):
                name = path.relative_to(self.folder).as_posix()
                if not stat.S_ISREG(status.st_mode):
                    raise BundleError(
                        f"{self.folder}: expected plain files, found a link or a special file: {name!r}"
                    )
                found[name] = status.st_size
                if len(found) > MAX_FILES + 1:
                    raise BundleError(f"{self.folder}: expected a bundle, found more than {MAX_FILES} files")
        except OSError as error:
            raise BundleError(
                f"{self.folder}: expected the folder of a bundle, but it cannot be read ({error.strerror})"
            ) from None
        return found

    def _walk(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                status = entry.stat(follow_symlinks=False)
                path = folder / entry.name
                if not stat.S_ISDIR(status.st_mode):
                    yield path, status
                elif folder != self.folder or entry.name not in RUN_FOLDERS:
                    yield from self._walk(path)

    def open(self, path: str) -> IO[bytes]:
        """Open one of the files.

        Args:
            path: as ``sizes`` gives it.

        Returns:
            The file, unbuffered.
        """
        return (self.folder / path).open("rb", buffering=0)
