"""``python -m taskgan_ext.release pack | check | unpack``."""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from taskgan_ext.errors import TaskGANError
from taskgan_ext.release.check import check_bundle
from taskgan_ext.release.contents import too_large_for_the_model_zoo
from taskgan_ext.release.manifest import Manifest
from taskgan_ext.release.unpack import unpack_bundle


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack, check or unpack a bundle and print what it is.

    Args:
        arguments: command line; ``None`` takes that of the process.

    Returns:
        Exit code: 0, or 2 when the bundle is refused, with one line on stderr.
    """
    options = build_parser().parse_args(arguments)
    try:
        text = {"pack": _pack, "check": _check, "unpack": _unpack}[options.command](options)
    except (TaskGANError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(text)
    return 0


def build_parser(prog: str = "python -m taskgan_ext.release") -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Args:
        prog: name of the command in its help.

    Returns:
        The parser.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Bundles as versioned archives with a manifest.")
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="verify a trained bundle and write NAME_vVERSION.zip")
    pack.add_argument("path", type=Path, metavar="BUNDLE_DIR", help="folder of the bundle")
    check = commands.add_parser(
        "check", help="compare a bundle with its manifest, and read its configuration, before use"
    )
    check.add_argument("path", type=Path, metavar="PATH", help="folder or archive")
    unpack = commands.add_parser("unpack", help="check an archive and unpack it, whole or not at all")
    unpack.add_argument("path", type=Path, metavar="ZIP", help="archive")
    for command in (pack, unpack):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    for command in (check, unpack):
        command.add_argument(
            "--sha256",
            metavar="HEX",
            help="expected SHA-256 of manifest.json, as pack printed it: then the bundle is that one, "
            "not only a whole one",
        )
    for command in (pack, check, unpack):
        command.add_argument(
            "--allow-package",
            action="append",
            default=[],
            metavar="NAME",
            help="an installed package of your own, or of somebody whom you trust, whose public classes and "
            "functions the configuration may name; may be given several times",
        )
    return parser


def _pack(options: argparse.Namespace) -> str:
    # Takes seconds for torch and MONAI, which the other commands need not wait for.
    from taskgan_ext.io.digest import sha256  # noqa: PLC0415
    from taskgan_ext.release.pack import pack_bundle  # noqa: PLC0415

    packed = pack_bundle(options.path, options.out, options.allow_package)
    for path in packed.left_out:
        sys.stderr.write(f"left out: {path}\n")
    for path in too_large_for_the_model_zoo(options.path, list(packed.manifest.files)):
        sys.stderr.write(f"{path} is over 25 MB: the model zoo wants it in large_files.yml\n")
    return f"{_describe(packed.manifest)}{packed.archive}\narchive sha256:  {sha256(packed.archive)}\n"


def _check(options: argparse.Namespace) -> str:
    return _describe(check_bundle(options.path, options.sha256, options.allow_package))


def _unpack(options: argparse.Namespace) -> str:
    folder = unpack_bundle(options.path, options.out, options.sha256, options.allow_package)
    return f"{folder}\n"


def _describe(manifest: Manifest) -> str:
    size = sum(entry.size for entry in manifest.files.values()) / 1e6
    digest = hashlib.sha256(manifest.to_bytes()).hexdigest()
    return (
        f"{manifest.name} {manifest.version}: {len(manifest.files)} files, {size:.1f} MB\n"
        f"manifest sha256: {digest}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
