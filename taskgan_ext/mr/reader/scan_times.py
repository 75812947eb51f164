"""The times that the files of a conventional scan tell."""

from dataclasses import dataclass

from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.protocol import Protocol

GRADIENT_ECHO = "GR"
"""In ScanningSequence (0018,0020), PS3.3 C.8.3.1; dcm2niix keeps it under the same name."""
LEAST_TR, LEAST_TE = 0.1, 0.005
"""In s; below these a sequence that does not name itself is a gradient echo."""
FAR = 0.4
"""Relative difference from the table beyond which a scan may be of another contrast."""

_TAKEN = "the times of the protocol table are taken instead (change them with --protocols)"


@dataclass(frozen=True)
class ScanTimes:
    """Times in s, each ``None`` where the files do not tell it.

    Attributes:
        repetition_time: TR.
        echo_time: TE.
        inversion_time: TI; a TI of 0 is none.
        sequence: values of ScanningSequence, empty where the files do not tell it.
    """

    repetition_time: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    sequence: tuple[str, ...] = ()

    @property
    def is_gradient_echo(self) -> bool:
        """Whether TR and TI mean something else than in the (inversion recovery) spin echo of a protocol."""
        if self.sequence:
            return GRADIENT_ECHO in self.sequence
        return any(
            time is not None and time < least
            for time, least in ((self.repetition_time, LEAST_TR), (self.echo_time, LEAST_TE))
        )

    def __str__(self) -> str:
        names = (("TR", self.repetition_time), ("TE", self.echo_time), ("TI", self.inversion_time))
        return ", ".join(f"{name} {time:g} s" for name, time in names if time is not None)


@dataclass(frozen=True)
class MergedProtocol:
    """A protocol for which the files of a scan and a table were asked.

    Attributes:
        protocol: the times to take.
        origin: ``header`` or ``table``; or ``header, TI from table``, which names what the files lack.
        notices: what the user should know, one text each.
    """

    protocol: Protocol
    origin: str
    notices: tuple[str, ...] = ()


def merge_protocol(name: str, found: ScanTimes, table: Protocol) -> MergedProtocol:
    """Take each time from the files, or from the table where they do not tell it.

    Args:
        name: of the contrast, for the notices.
        found: times of the files.
        table: usual times of the contrast.

    Returns:
        The protocol; that of the table for a gradient echo, and where the times of the files are impossible.
    """
    if found.is_gradient_echo:
        text = f"{name} is a gradient echo ({found}), which is not modelled; {_TAKEN}"
        return MergedProtocol(table, "table", (text,))
    times = (
        ("TR", found.repetition_time, table.repetition_time),
        ("TE", found.echo_time, table.echo_time),
        ("TI", found.inversion_time, table.inversion_time),
    )
    try:
        protocol = Protocol(
            table.repetition_time if found.repetition_time is None else found.repetition_time,
            table.echo_time if found.echo_time is None else found.echo_time,
            table.inversion_time if found.inversion_time is None else found.inversion_time,
        )
    except ConfigError as error:
        return MergedProtocol(table, "table", (f"the files of {name} tell {found} ({error}); {_TAKEN}",))
    notices = []
    lacking = [time for time, told, usual in times if told is None and usual is not None]
    if lacking:
        notices.append(f"the files of {name} do not tell {' and '.join(lacking)}; {_TAKEN}")
    if found.inversion_time is not None and table.inversion_time is None:
        notices.append(
            f"{name} was scanned with an inversion (TI {found.inversion_time:g} s), which the protocol table "
            f"does not have for {name}; check that it is the right scan"
        )
    notices += [
        f"{time} of {name} is {told:g} s in its files and {usual:g} s in the protocol table; check that it "
        "is the right scan"
        for time, told, usual in times
        if told is not None and usual is not None and abs(told / usual - 1) > FAR
    ]
    whole = len(lacking) == sum(usual is not None for _, _, usual in times)
    origin = "header" if not lacking else "table" if whole else f"header, {' and '.join(lacking)} from table"
    return MergedProtocol(protocol, origin, tuple(notices))
