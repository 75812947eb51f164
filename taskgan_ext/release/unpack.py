"""Unpack an archive of a bundle, whole or not at all."""

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from taskgan_ext.errors import BundleError
from taskgan_ext.release.archive_source import open_archive
from taskgan_ext.release.check import compare


def unpack_bundle(
    archive: Path, out: Path, sha256: str | None = None, packages: Collection[str] = ()
) -> Path:
    """Check an archive while it is unpacked beside its place, then move the folder there.

    Args:
        archive: made by ``pack``.
        out: folder to put the folder of the bundle into; made where it is missing.
        sha256: expected SHA-256 of the manifest, known from elsewhere.
        packages: as for :func:`.check_bundle`.

    Returns:
        The folder, ``out/NAME``.

    Raises:
        BundleError: the archive fails a check of :func:`.check_bundle`, or the folder is there already.
            Nothing is left behind then.
    """
    if not archive.is_file():
        raise BundleError(f"{archive}: expected the archive of a bundle, found none")
    with open_archive(archive) as source:
        out.mkdir(parents=True, exist_ok=True)
        # The name is that of io.atomic.TEMPORARY, whose package takes half a second to import.
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
        try:
            manifest = compare(source, str(archive), sha256, _Writer(temporary), packages)
            place = out / manifest.name
            if place.exists():
                raise BundleError(f"{place}: expected no such folder; remove it or choose another --out")
            temporary.chmod(0o755)
            temporary.rename(place)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return place


class _Writer:
    """Appends bytes to files below a folder; the paths were checked with the manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, path: str, content: bytes | memoryview) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab") as file:
            file.write(content)
