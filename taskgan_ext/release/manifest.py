"""The list of everything in a bundle, with the size and the SHA-256 of each file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskgan_ext.errors import BundleError

MANIFEST = "manifest.json"
"""Name of the list, at the top of the bundle."""
FORMAT = "taskgan-bundle-manifest-1"
MAX_MANIFEST_BYTES = 2**20
MAX_FILES = 1000
MAX_TOTAL_BYTES = 8 * 2**30
VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", flags=re.ASCII)

_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/){0,4}[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FIELDS = {
    "name": re.compile(r"[a-z][a-z0-9_]{0,99}"),
    "version": VERSION,
    "taskgan_ext": re.compile(r"[0-9][0-9A-Za-z.+]{0,49}"),
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """What a manifest says of one file.

    Args:
        size: bytes.
        sha256: 64 lower-case hexadecimal digits.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything in a bundle.

    Args:
        name: of the bundle and of the top folder of its archive.
        version: three numbers, as in ``metadata.json``.
        taskgan_ext: version of the package that packed the bundle.
        files: path below the folder of the bundle, with ``/``, to its entry; without the manifest.
    """

    name: str
    version: str
    taskgan_ext: str
    files: Mapping[str, FileEntry]

    def to_bytes(self) -> bytes:
        """The file; one manifest has one form, to the byte."""
        content = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "taskgan_ext": self.taskgan_ext,
            "files": {
                path: {"bytes": entry.size, "sha256": entry.sha256}
                for path, entry in sorted(self.files.items())
            },
        }
        return (json.dumps(content, indent=2) + "\n").encode("ascii")


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Read a manifest that anybody may have written.

    Args:
        content: the file; at most ``MAX_MANIFEST_BYTES`` bytes are parsed.
        where: named in the message of an error.

    Returns:
        The manifest, whose paths are relative, plain ASCII, without ``..`` and without two that differ in
        case alone.

    Raises:
        BundleError: it is anything else than what :meth:`Manifest.to_bytes` gives, or announces more than
            ``MAX_FILES`` files or ``MAX_TOTAL_BYTES`` bytes.
    """
    try:
        if len(content) > MAX_MANIFEST_BYTES:
            raise ValueError("it is too long")
        manifest = _from_json(json.loads(content.decode("ascii")))
        if manifest.to_bytes() != content:
            raise ValueError("it is not written in the one form that a manifest has")
    # The parser of JSON gives up on deep nesting with RecursionError, the rest is ValueError.
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BundleError(
            f"{where}: expected a manifest that 'python -m taskgan_ext.release pack' wrote ({error})"
        ) from None
    return manifest


def _from_json(content: Any) -> Manifest:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(content, dict) or list(content) != ["format", *_FIELDS, "files"]:
        raise ValueError("its fields are other ones")
    if not isinstance(content["files"], dict):
        raise ValueError("its files are no table")
    if content["format"] != FORMAT:
        raise ValueError("its format is another one")
    wrong = [name for name, shape in _FIELDS.items() if not shape.fullmatch(content[name])]
    if wrong:
        raise ValueError(f"its field {wrong[0]} is not of the form expected")
    files = {path: _entry(path, entry) for path, entry in content["files"].items()}
    if len({path.casefold() for path in files}) < len(files):
        raise ValueError("two of its paths differ in case alone")
    if len(files) > MAX_FILES or sum(entry.size for entry in files.values()) > MAX_TOTAL_BYTES:
        raise ValueError(f"it announces more than {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes")
    return Manifest(content["name"], content["version"], content["taskgan_ext"], files)


def _entry(path: str, entry: Any) -> FileEntry:  # noqa: ANN401 - whatever JSON holds
    if not _PATH.fullmatch(path) or path.casefold() == MANIFEST or path.endswith("."):
        raise ValueError("one of its paths is not a plain relative one")
    size, digest = entry["bytes"], entry["sha256"]
    if len(entry) != 2 or type(size) is not int or size < 0 or not _SHA256.fullmatch(digest):
        raise ValueError(f"its entry of {path} is not a size and a SHA-256")
    return FileEntry(size, digest)
