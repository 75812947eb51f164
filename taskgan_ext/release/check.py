"""Compare a bundle with its manifest and judge its configuration as text, before MONAI reads it."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from taskgan_ext.errors import BundleError
from taskgan_ext.release.archive_source import READ_ERRORS, open_archive
from taskgan_ext.release.bundle_source import BundleSource
from taskgan_ext.release.config_lint import LINTED, lint_texts
from taskgan_ext.release.contents import ALLOWED
from taskgan_ext.release.folder_source import FolderSource
from taskgan_ext.release.manifest import MANIFEST, MAX_MANIFEST_BYTES, FileEntry, Manifest, parse_manifest

METADATA = "configs/metadata.json"
MAX_TEXT_BYTES = 2**22
"""Of a configuration; those of bundles have a few thousand."""
_CHUNK_BYTES = 2**20

Sink = Callable[[str, bytes | memoryview], object]
"""Called with the path of a file and its next bytes; with no bytes at its beginning."""


def check_bundle(path: Path, sha256: str | None = None, packages: Collection[str] = ()) -> Manifest:
    """Compare every file of a bundle with the manifest in it, then read its configuration as text.

    Nothing but the manifest is parsed before all sums agree, and nothing is evaluated. Folders ``data`` and
    ``eval`` at the top of an unpacked bundle, which runs fill, are not looked at; anything else that was
    added is refused.

    Args:
        path: folder of a bundle, or its archive.
        sha256: expected SHA-256 of the manifest, known from elsewhere. Without it the check tells that the
            bundle is whole, not whom it comes from.
        packages: top-level packages of others that the configuration may name; those who trust them say so.

    Returns:
        The manifest.

    Raises:
        BundleError: the first difference; or a file that no bundle has, or a configuration that could run
            code that nobody reviewed (:mod:`.config_lint`).
    """
    with open_source(path) as source:
        return compare(source, str(path), sha256, packages=packages)


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[BundleSource]:
    """Open a bundle wherever it lies.

    Args:
        path: folder or archive.

    Yields:
        Its files.

    Raises:
        BundleError: there is neither, or the archive cannot be read.
    """
    if path.is_dir():
        yield FolderSource(path)
    elif path.is_file():
        with open_archive(path) as source:
            yield source
    else:
        raise BundleError(f"{path}: expected the folder of a bundle or its archive, found neither")


def compare(
    source: BundleSource,
    where: str,
    sha256: str | None = None,
    sink: Sink | None = None,
    packages: Collection[str] = (),
) -> Manifest:
    """Compare files with their manifest, then read the configuration among them as text.

    Args:
        source: the files.
        where: named in messages.
        sha256: as for :func:`check_bundle`.
        sink: receives all bytes as they are read, those of the manifest last.
        packages: as for :func:`check_bundle`.

    Returns:
        The manifest.

    Raises:
        BundleError: as for :func:`check_bundle`. What ``sink`` received until then is not to be used.
    """
    sizes = source.sizes()
    content = _read_manifest(source, sizes, where)
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256.strip().lower():
        raise BundleError(f"{where}: expected a manifest with SHA-256 {sha256}, found {found}")
    manifest = parse_manifest(content, f"{where}: {MANIFEST}")
    if source.top not in {"", manifest.name}:
        raise BundleError(f"{where}: expected the top folder {manifest.name}, found {source.top!r}")
    _compare_names(manifest, sizes, where)
    # What is judged are the bytes that had the right sum, not those of a second reading.
    texts = {path: bytearray() for path in manifest.files if path.endswith(LINTED)}
    _bound(manifest, texts, where)
    for path, entry in sorted(manifest.files.items()):
        for chunk in _verified(source, path, entry, where):
            if sink:
                sink(path, chunk)
            if path in texts:
                texts[path] += chunk
    _compare_metadata(manifest, bytes(texts.get(METADATA, b"")), where)
    _judge(manifest, texts, where, packages)
    if sink:
        sink(MANIFEST, content)
    return manifest


def _bound(manifest: Manifest, texts: Collection[str], where: str) -> None:
    for path in texts:
        if manifest.files[path].size > MAX_TEXT_BYTES:
            raise BundleError(f"{where}: {path} is larger than any configuration ({MAX_TEXT_BYTES} bytes)")


def _judge(manifest: Manifest, texts: Mapping[str, bytearray], where: str, packages: Collection[str]) -> None:
    strange = [path for path in manifest.files if not ALLOWED.fullmatch(path)]
    if strange:
        raise BundleError(f"{where}: expected files that bundles have, found {strange[0]!r}")
    lint_texts({path: bytes(text) for path, text in texts.items()}, where, packages)


def _read_manifest(source: BundleSource, sizes: Mapping[str, int], where: str) -> bytes:
    if MANIFEST not in sizes:
        raise BundleError(
            f"{where}: expected {MANIFEST}, found none; pack the bundle with: "
            "python -m taskgan_ext.release pack BUNDLE --out DIR"
        )
    with _opened(source, MANIFEST, where) as read:
        return read(MAX_MANIFEST_BYTES + 1)


def _compare_names(manifest: Manifest, sizes: Mapping[str, int], where: str) -> None:
    listed = {MANIFEST: None} | {path: entry.size for path, entry in manifest.files.items()}
    for path in sorted(listed.keys() | sizes.keys()):
        if path not in listed:
            raise BundleError(f"{where}: {path!r} was added: it is not in the manifest")
        if path not in sizes:
            raise BundleError(f"{where}: {path} is missing")
        expected = listed[path]
        if expected is not None and sizes[path] != expected:
            raise BundleError(f"{where}: {path} was changed: expected {expected} bytes, found {sizes[path]}")


def _verified(source: BundleSource, path: str, entry: FileEntry, where: str) -> Iterator[bytes]:
    """The bytes of a file, never more than the manifest announces; an error at the end if they are others."""
    digest = hashlib.sha256()
    left = entry.size
    yield b""
    with _opened(source, path, where) as read:
        while chunk := read(min(_CHUNK_BYTES, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            yield chunk
    if left or digest.hexdigest() != entry.sha256:
        raise BundleError(f"{where}: {path} was changed: its SHA-256 is not that of the manifest")


@contextlib.contextmanager
def _opened(source: BundleSource, path: str, where: str) -> Iterator[Callable[[int], bytes]]:
    try:
        with source.open(path) as file:
            yield file.read
    except READ_ERRORS as error:
        raise BundleError(f"{where}: {path} was changed or cannot be read ({error})") from None


def _compare_metadata(manifest: Manifest, metadata: bytes, where: str) -> None:
    try:
        found = json.loads(metadata)
        agree = (found["name"], found["version"]) == (manifest.name, manifest.version)
    except (ValueError, TypeError, KeyError, RecursionError):
        agree = False
    if not agree:
        raise BundleError(f"{where}: {METADATA} has another name or version than the manifest")
