"""``python -m preprocessing mr synthesise``."""

import argparse
import sys
from pathlib import Path

from preprocessing.mr.synthesis_recipe import Recipe
from preprocessing.mr.synthesised_files import read_subject_maps, write_synthesised
from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.signal import null_inversion_time

DOUBLE_INVERSION = "DIR"
_DIR_PROTOCOL, _DIR_SECOND_TI = Protocol(11.0, 0.1, 3.21), 0.59
"""Fluid (T1 4.2 s) and white matter (0.88 s) are dark."""


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
        choices=(*CONTRASTS, DOUBLE_INVERSION),
        action="append",
        default=[],
        help="what to compute, once for each contrast (default: all but DIR, which inverts twice)",
    )
    parser.add_argument("--protocols", type=Path, help="JSON table of TR, TE and TI for every contrast")
    for option, time in (("--tr", "repetition"), ("--te", "echo")):
        parser.add_argument(option, type=float, metavar="S", help=f"{time} time in s, of a single --contrast")
    inversion = parser.add_mutually_exclusive_group()
    inversion.add_argument(
        "--ti",
        type=float,
        metavar="S",
        action="append",
        default=[],
        help="inversion time in s, likewise; several give several images",
    )
    inversion.add_argument(
        "--null-t1",
        type=float,
        metavar="S",
        action="append",
        default=[],
        help="instead of --ti: the inversion time at which tissue of this T1 in s has no signal",
    )
    parser.add_argument(
        "--second-ti",
        type=float,
        metavar="S",
        help="of DIR: from the second inversion to the excitation, in s",
    )
    parser.add_argument(
        "--signed", action="store_true", help="keep the sign of inversion recoveries, as in PSIR"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace images that are there")
    parser.set_defaults(run=_run_synthesise)


def _run_synthesise(arguments: argparse.Namespace) -> None:
    maps = read_subject_maps(arguments.maps)
    table = load_protocols() | dict(maps.protocols)
    if arguments.protocols:
        table |= load_protocols(arguments.protocols)
    table[DOUBLE_INVERSION] = _DIR_PROTOCOL
    names = list(dict.fromkeys(arguments.contrast or CONTRASTS))
    _check_options(arguments, names)
    recipes = [recipe for name in names for recipe in _recipes(name, table[name], arguments)]
    if arguments.signed and not any(recipe.signed for recipe in recipes):
        raise ConfigError(f"--signed: expected a contrast with an inversion, got {', '.join(names)}")
    for path in write_synthesised(maps, recipes, arguments.out, arguments.overwrite):
        sys.stdout.write(f"{path}\n")


def _recipes(name: str, usual: Protocol, arguments: argparse.Namespace) -> list[Recipe]:
    """The images of one contrast, one for each inversion time that was asked for."""
    tr = usual.repetition_time if arguments.tr is None else arguments.tr
    te = usual.echo_time if arguments.te is None else arguments.te
    nulled = [float(null_inversion_time(t1, tr)) for t1 in arguments.null_t1]
    times = arguments.ti or nulled or [usual.inversion_time]
    second = None
    if name == DOUBLE_INVERSION:
        second = _DIR_SECOND_TI if arguments.second_ti is None else arguments.second_ti
    return [
        Recipe(
            contrast=name,
            protocol=Protocol(tr, te, ti),
            second_inversion_time=second,
            signed=arguments.signed and ti is not None,
            number=number if len(times) > 1 else None,
        )
        for number, ti in enumerate(times, start=1)
    ]


def _check_options(arguments: argparse.Namespace, names: list[str]) -> None:
    own = (arguments.tr, arguments.te, arguments.second_ti, *arguments.ti, *arguments.null_t1)
    if len(names) != 1 and any(time is not None for time in own):
        raise ConfigError(
            "--tr, --te, --ti, --null-t1 and --second-ti change one contrast, "
            f"got {len(names)}; name it with --contrast"
        )
    double = names == [DOUBLE_INVERSION]
    if arguments.second_ti is not None and not double:
        raise ConfigError(f"--second-ti belongs to --contrast {DOUBLE_INVERSION}, got {names[0]}")
    if arguments.null_t1 and double:
        raise ConfigError("--null-t1 finds one inversion time, DIR has two; give --ti and --second-ti")
