"""``python -m taskgan_ext.clinical worker`` and ``dead-letters``."""

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

from taskgan_ext.clinical.bundle_arguments import add_bundle_options, options_of
from taskgan_ext.clinical.worker.connection import (
    PASSWORD_VARIABLE,
    USER_VARIABLE,
    Connection,
    read_credentials,
)
from taskgan_ext.clinical.worker.dead_letters import dead_letters, requeue
from taskgan_ext.clinical.worker.orthanc import Orthanc
from taskgan_ext.clinical.worker.run_worker import run_worker
from taskgan_ext.clinical.worker.worker_settings import WorkerSettings
from taskgan_ext.errors import ConfigError

SECONDS = {
    "interval": "between two looks at everything",
    "poll": "between two looks at what has changed",
    "settle": "without a new image, after which a scan counts as whole where its header does not tell",
    "patience": "without a new image, after which a scan with missing images is refused",
    "claim": "without a sign of life, after which the scan of another worker is taken over",
    "retry": "after the first failed attempt; each pause is twice the one before",
    "timeout": "for one scan",
}


def add_worker(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands ``worker`` and ``dead-letters``.

    Args:
        commands: of the parser.
    """
    parser = commands.add_parser(
        "worker",
        help="restore what arrives in an Orthanc, until it is told to stop",
        description=(
            "Look at all series of an Orthanc again and again, restore those that the bundle applies to, and "
            "store what is derived beside them. SIGTERM ends it within 30 s. Research use only, not for "
            "diagnosis."
        ),
    )
    _add_connection(parser)
    add_bundle_options(parser)
    _add_worker_options(parser)
    parser.set_defaults(run=_run)
    letters = commands.add_parser(
        "dead-letters",
        help="list the scans that a worker gave up, or have them tried again",
        description="List the scans of an Orthanc that a worker gave up after several failed attempts.",
    )
    _add_connection(letters)
    letters.add_argument(
        "--requeue", nargs="+", default=[], metavar="ID", help="have these tried again; all for each of them"
    )
    letters.set_defaults(run=_dead_letters)


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orthanc", required=True, metavar="URL", help="such as http://127.0.0.1:8042")
    parser.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help=f"one line USER:PASSWORD; else {USER_VARIABLE} and {PASSWORD_VARIABLE} of the environment",
    )
    parser.add_argument("--ca-file", type=Path, metavar="PEM", help="certificates to trust for https")
    parser.add_argument("--client-certificate", type=Path, metavar="PEM", help="of the worker, for https")
    parser.add_argument("--client-key", type=Path, metavar="PEM", help="if it is in a file of its own")


def _add_worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()),
        metavar="DIR",
        help="for a private folder with the scan that is worked on (default: %(default)s)",
    )
    parser.add_argument(
        "--description", default="", metavar="REGEX", help="only series whose description contains this"
    )
    parser.add_argument(
        "--send-to",
        default="",
        metavar="modality:NAME|peer:NAME",
        help="node of Orthanc's configuration that gets derived series too",
    )
    for name, meaning in SECONDS.items():
        default = getattr(WorkerSettings, name)
        parser.add_argument(
            f"--{name}",
            type=float,
            default=default,
            metavar="SECONDS",
            help=f"{meaning} (default: {default:g})",
        )
    parser.add_argument(
        "--attempts",
        type=int,
        default=WorkerSettings.attempts,
        metavar="N",
        help="that may fail before a scan is given up (default: %(default)s)",
    )
    parser.add_argument(
        "--memory-gib",
        type=float,
        default=WorkerSettings.memory_bytes / 2**30,
        metavar="GIB",
        help="that one scan may need beyond the loaded bundle, 0 for any (default: %(default)g)",
    )
    parser.add_argument(
        "--health",
        default="127.0.0.1:8044",
        metavar="ADDRESS:PORT",
        help="of /healthz and /metrics (default: %(default)s)",
    )


def _run(arguments: argparse.Namespace) -> int:
    times = {name: getattr(arguments, name) for name in SECONDS}
    return run_worker(
        WorkerSettings(
            process=options_of(arguments),
            connection=_connection(arguments),
            work=arguments.work,
            description=_pattern(arguments.description),
            send_to=arguments.send_to,
            attempts=arguments.attempts,
            memory_bytes=int(arguments.memory_gib * 2**30),
            health=_address(arguments.health),
            **times,
        )
    )


def _dead_letters(arguments: argparse.Namespace) -> int:
    wanted, found = set(arguments.requeue), 0
    with contextlib.closing(Orthanc(_connection(arguments))) as orthanc:
        for letter in dead_letters(orthanc):
            found += 1
            again = bool({letter.id, "all"} & wanted) and requeue(orthanc, letter)
            sys.stdout.write(
                f"{letter.level} {letter.id}: {letter.marker.code}, {letter.marker.attempts} attempts"
                + (", will be tried again\n" if again else "\n")
            )
            wanted.discard(letter.id)
    missing = sorted(wanted - {"all"})
    if missing:
        raise ConfigError(f"--requeue: expected dead letters, {', '.join(missing)} are none")
    if not found:
        sys.stdout.write("no dead letters\n")
    return 0


def _connection(arguments: argparse.Namespace) -> Connection:
    user, password = read_credentials(arguments.credentials)
    return Connection(
        arguments.orthanc,
        user,
        password,
        arguments.ca_file,
        arguments.client_certificate,
        arguments.client_key,
    )


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error as error:
        raise ConfigError(f"--description: expected a regular expression, got {text!r} ({error})") from None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) >= 2**16:
        raise ConfigError(f"--health: expected ADDRESS:PORT, got {text!r}")
    return host.strip("[]"), int(port)
