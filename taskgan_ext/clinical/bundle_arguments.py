"""Options of the command line that say which bundle restores, and how."""

import argparse
from pathlib import Path

from taskgan_ext.clinical.process_options import ProcessOptions


def add_bundle_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how to restore.

    Args:
        parser: of a command.
    """
    parser.add_argument(
        "--bundle", type=Path, required=True, metavar="DIR", help="folder of the bundle, with manifest.json"
    )
    parser.add_argument(
        "--manifest-sha256", default="", metavar="HEX", help="expected SHA-256 of the manifest"
    )
    parser.add_argument(
        "--allow-unsealed", action="store_true", help="take a bundle without manifest.json, for research"
    )
    parser.add_argument("--device", default="", help="such as cpu or cuda:0")
    parser.add_argument(
        "--withhold-flagged", action="store_true", help="do not write what the output gate flags"
    )
    parser.add_argument(
        "--uncertainty",
        type=int,
        default=0,
        metavar="N",
        help="passes with dropout, for a map of their standard deviation (NIfTI)",
    )


def options_of(arguments: argparse.Namespace) -> ProcessOptions:
    """Read what ``add_bundle_options`` has added.

    Args:
        arguments: parsed.
    """
    return ProcessOptions(
        bundle=arguments.bundle,
        device=arguments.device,
        deliver_flagged=not arguments.withhold_flagged,
        uncertainty=arguments.uncertainty,
        manifest_sha256=arguments.manifest_sha256,
        allow_unsealed=arguments.allow_unsealed,
    )
