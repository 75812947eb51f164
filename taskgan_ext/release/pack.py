"""Pack a verified bundle into an archive whose bytes follow from its files alone."""

import json
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import taskgan_ext
from taskgan_ext.errors import BundleError
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.digest import sha256
from taskgan_ext.release.check import METADATA
from taskgan_ext.release.contents import select_files
from taskgan_ext.release.manifest import MANIFEST, FileEntry, Manifest, parse_manifest
from taskgan_ext.release.verify import verify_bundle

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644


@dataclass(frozen=True)
class Packed:
    """What ``pack_bundle`` made.

    Args:
        archive: the file.
        manifest: the list in it.
        left_out: files of the folder that are not in it, sorted.
    """

    archive: Path
    manifest: Manifest
    left_out: list[str]


def pack_bundle(bundle: Path, out: Path, packages: Collection[str] = ()) -> Packed:
    """Verify a bundle and write ``out/NAME_vVERSION.zip``.

    Files are stored as they are: weights hardly shrink, and the archive does not depend on a version of
    zlib. Times, order and permissions are fixed, so that the same files give the same bytes everywhere.

    Args:
        bundle: its folder, with trained weights.
        out: folder for the archive; made where it is missing.
        packages: top-level packages of others that the configuration may name. The manifest does not record
            them: whoever checks the archive decides anew whom to trust.

    Returns:
        The archive and what is in it. An archive of the same bytes that is there already stays.

    Raises:
        TaskGANError: the bundle fails a check of ``verify_bundle``, or an archive of this version is there
            that holds something else.
    """
    bundle = bundle.resolve()
    paths = verify_bundle(bundle, packages)
    manifest = make_manifest(bundle, paths)
    target = out / f"{manifest.name}_v{manifest.version}.zip"
    with atomic_path(target) as temporary:
        write_archive(temporary, bundle, manifest)
        if target.exists() and sha256(target) != sha256(temporary):
            raise BundleError(
                f"{target}: holds another bundle of version {manifest.version}; a released version never "
                f"changes: raise it in {METADATA}, with a line in its changelog"
            )
    return Packed(target, manifest, select_files(bundle)[1])


def make_manifest(bundle: Path, paths: list[str]) -> Manifest:
    """List files with their sizes and sums.

    Args:
        bundle: folder of the bundle.
        paths: files below it.

    Returns:
        The manifest.

    Raises:
        BundleError: a name, the version, the number of files or their size is none that a manifest may have.
    """
    metadata = json.loads((bundle / METADATA).read_text(encoding="utf-8"))
    files = {path: FileEntry((bundle / path).stat().st_size, sha256(bundle / path)) for path in paths}
    manifest = Manifest(metadata["name"], metadata["version"], taskgan_ext.__version__, files)
    return parse_manifest(manifest.to_bytes(), str(bundle))


def write_archive(path: Path, bundle: Path, manifest: Manifest) -> None:
    """Write the files of a manifest, and the manifest, below one top folder.

    Args:
        path: the archive.
        bundle: folder that the files are taken from.
        manifest: names them.

    Raises:
        BundleError: a file changed since it was listed.
    """
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry(f"{manifest.name}/{MANIFEST}"), manifest.to_bytes())
        for name, entry in sorted(manifest.files.items()):
            content = (bundle / name).read_bytes()
            archive.writestr(_entry(f"{manifest.name}/{name}"), content)
            if sha256(bundle / name) != entry.sha256 or len(content) != entry.size:
                raise BundleError(f"{bundle / name}: changed while it was packed; try again")


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = _MODE << 16
    return info
