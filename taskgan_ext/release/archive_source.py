"""The files of a bundle in a zip archive that anybody may have made."""

import contextlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from taskgan_ext.errors import BundleError
from taskgan_ext.release.manifest import MAX_FILES

MAX_RATIO = 100
"""Deflated weights and JSON shrink to a tenth at best; a bomb of zeros to a thousandth."""
READ_ERRORS = (OSError, EOFError, RuntimeError, UnicodeError, struct.error, zipfile.BadZipFile, zlib.error)
"""What ``zipfile`` and ``zlib`` raise of archives that are damaged or unusual."""
_END = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20
_MAX_DIRECTORY_BYTES = MAX_FILES * 1024
_ENCRYPTED = 1
_SMALL_BYTES = 2**20


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator["ArchiveSource"]:
    """Open an archive and turn whatever may be wrong with it into one error.

    Args:
        path: the file.

    Yields:
        Its files.

    Raises:
        BundleError: it is no zip archive, or one that is damaged, encrypted, commented, or larger in number
            of files than a bundle.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            _check_directory(file)
            archive = stack.enter_context(zipfile.ZipFile(file))
        except READ_ERRORS as error:
            raise BundleError(
                f"{path}: expected the archive of a bundle, but it cannot be read ({error})"
            ) from None
        yield ArchiveSource(path, archive)


def _check_directory(file: IO[bytes]) -> None:
    """Bound what ``zipfile`` will read into memory, which it takes from the end of the archive."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _END.size - _ZIP64_LOCATOR_BYTES))
    tail = file.read()
    if len(tail) < _END.size:
        raise zipfile.BadZipFile("it is too short")
    signature, *_, files, directory_bytes, _, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\x05\x06" or comment or tail.startswith(b"PK\x06\x07"):
        raise zipfile.BadZipFile("it does not end as a plain zip archive without a comment does")
    if files > MAX_FILES + 1 or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"it has more than {MAX_FILES} files")
    file.seek(0)


class ArchiveSource:
    """The files of a bundle in an archive with one top folder.

    Args:
        path: of the archive, for messages.
        archive: open for reading.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self.archive = archive
        self.top = archive.namelist()[0].partition("/")[0] if archive.namelist() else ""

    def sizes(self) -> Mapping[str, int]:
        """Path of every file below the top folder to its size in bytes.

        Entries of folders, as ``zip -r`` and ``shutil.make_archive`` write them, are passed over.

        Returns:
            The sizes that the archive announces; what is unpacked is compared with the manifest again.

        Raises:
            BundleError: a path is absolute, leaves the folder, is a link, or occurs twice; a file is
                encrypted or shrunk beyond ``MAX_RATIO``; or there is more than one top folder.
        """
        found: dict[str, int] = {}
        for info in self.archive.infolist():
            folder = _is_folder(info)
            self._check_entry(info, folder)
            top, _, name = info.filename.partition("/")
            if top != self.top:
                raise BundleError(f"{self.path}: expected one top folder, found two")
            if folder:
                continue
            if name in found:
                raise BundleError(f"{self.path}: a file occurs twice: {name!r}")
            found[name] = info.file_size
        return found

    def _check_entry(self, info: zipfile.ZipInfo, folder: bool) -> None:
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        parts = name.removesuffix("/").split("/") if folder else name.split("/")
        plain = not {"", ".", ".."} & set(parts) and not set(name) & set("\\:\0")
        if not plain or (len(parts) < 2 and not folder) or info.filename != name:
            raise BundleError(f"{self.path}: expected plain paths below one folder, found {name!r}")
        if kind not in {0, stat.S_IFDIR if folder else stat.S_IFREG}:
            raise BundleError(f"{self.path}: expected plain files, found a link or a special file: {name!r}")
        if info.flag_bits & _ENCRYPTED:
            raise BundleError(f"{self.path}: expected plain files, found an encrypted one: {name!r}")
        if info.file_size > max(_SMALL_BYTES, MAX_RATIO * info.compress_size):
            raise BundleError(f"{self.path}: a file is packed more tightly than any of a bundle: {name!r}")

    def open(self, path: str) -> IO[bytes]:
        """Open one of the files.

        Args:
            path: as ``sizes`` gives it.

        Returns:
            What the archive holds, unpacked as it is read.
        """
        return self.archive.open(f"{self.top}/{path}")


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith("/") and info.file_size == 0
