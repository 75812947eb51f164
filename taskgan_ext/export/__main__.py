"""``python -m taskgan_ext.export BUNDLE_DIR [--formats pt2 onnx] [--ID VALUE ...]``."""

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.errors import ConfigError, TaskGANError
from taskgan_ext.export.export_bundle import FORMATS, RECORD, export_bundle
from taskgan_ext.io.atomic import read_json


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a trained bundle and print how near each file comes to its checkpoint.

    Args:
        arguments: command line; ``None`` takes that of the process.

    Returns:
        Exit code: 0, or 2 when there is nothing to export or an export is not kept.
    """
    options, rest = build_parser().parse_known_args(arguments)
    try:
        paths = export_bundle(options.bundle, options.formats, read_overrides(rest))
    except TaskGANError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    found = read_json(paths[-1])["formats"]
    for path, name in zip(paths, options.formats, strict=False):
        checks = found[name]["checks"]
        largest = max(check["relative_difference"] for check in checks)
        sys.stdout.write(
            f"{path}: differs from the checkpoint by at most {largest:.1e} of the largest value, "
            f"on {len(checks)} shapes\n"
        )
    sys.stdout.write(f"{paths[-1]}\n")
    return 0


def build_parser(prog: str = "python -m taskgan_ext.export") -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Args:
        prog: name of the command in its help.

    Returns:
        The parser.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Write the generator of a trained bundle for other runtimes, beside its checkpoint.",
        epilog="Settings of inference.json that the training was given follow as --ID VALUE, as for "
        "python -m monai.bundle run; --ckpt_path FILE exports other weights.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE_DIR", help="folder of a trained bundle")
    parser.add_argument(
        "--formats",
        nargs="+",
        default=list(FORMATS),
        choices=FORMATS,
        help=f"default: {' '.join(FORMATS)}; {RECORD} tells what was measured",
    )
    return parser


def read_overrides(words: Sequence[str]) -> dict[str, Any]:
    """Read ``--ID VALUE`` pairs.

    Args:
        words: of a command line; ``--ID=VALUE`` is one word. A value that is a Python literal, such as a
            number or a list, becomes it; any other stays a text.

    Returns:
        Values by their ids.

    Raises:
        ConfigError: a word stands where an id should be, or an id has no value.
    """
    pairs: dict[str, Any] = {}
    remaining = list(words)
    while remaining:
        flag, equals, value = remaining.pop(0).partition("=")
        if not flag.startswith("--") or not (equals or remaining):
            raise ConfigError(f"expected settings as --ID VALUE, got {flag!r}")
        pairs[flag.removeprefix("--")] = _literal(value if equals else remaining.pop(0))
    return pairs


def _literal(text: str) -> Any:  # noqa: ANN401  # a setting may be anything
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    sys.exit(main())
