"""``python -m preprocessing mr synthesise``."""

import argparse
import sys
from pathlib import Path

from preprocessing.mr.synthesised_files import read_subject_maps, write_synthesised
from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols


def add_synthesise(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``synthesise``.

    Args:
        commands: of the parser of all MR commands.
    """
    parser = commands.add_parser(
        "synthesise",
        help="compute contrasts from relaxation maps by physics alone",
        description=(
            "Compute conventional contrasts from the T1, T2 and PD maps of a prepared subject, or of any "
            "folder with maps that are named as in BIDS. No network takes part. Times are those of the "
            "subject's own scans where they are known, else those of the protocol table."
        ),
    )
    parser.add_argument("maps", type=Path, metavar="DIR", help="folder of one subject with its maps")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--contrast",
        choices=CONTRASTS,
        action="append",
        default=[],
        help="what to compute, once for each contrast (default: all)",
    )
    parser.add_argument("--protocols", type=Path, help="JSON table of TR, TE and TI for every contrast")
    for option, time in (("--tr", "repetition"), ("--te", "echo"), ("--ti", "inversion")):
        parser.add_argument(option, type=float, metavar="S", help=f"{time} time in s, of a single --contrast")
    parser.set_defaults(run=_run_synthesise)


def _run_synthesise(arguments: argparse.Namespace) -> None:
    maps = read_subject_maps(arguments.maps)
    table = load_protocols() | dict(maps.protocols)
    if arguments.protocols:
        table |= load_protocols(arguments.protocols)
    protocols = {name: table[name] for name in arguments.contrast or CONTRASTS}
    times = (arguments.tr, arguments.te, arguments.ti)
    if any(time is not None for time in times):
        if len(protocols) != 1:
            raise ConfigError(
                f"--tr, --te and --ti change one contrast, got {len(protocols)}; name it with --contrast"
            )
        protocols = {name: _changed(protocol, *times) for name, protocol in protocols.items()}
    for path in write_synthesised(maps, protocols, arguments.out):
        sys.stdout.write(f"{path}\n")


def _changed(protocol: Protocol, tr: float | None, te: float | None, ti: float | None) -> Protocol:
    return Protocol(
        protocol.repetition_time if tr is None else tr,
        protocol.echo_time if te is None else te,
        protocol.inversion_time if ti is None else ti,
    )
