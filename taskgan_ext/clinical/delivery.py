"""What was made of a scan, put into the output folder: whole series, and none of an earlier run."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydicom import dcmread

from taskgan_ext.dicom.parser_faults import quiet_parser
from taskgan_ext.errors import ConfigError


def check_places(in_dir: Path, out_dir: Path, flat: bool) -> None:
    """Refuse an output folder whose files would be taken for others.

    Args:
        in_dir: with the scans.
        out_dir: may be missing.
        flat: series get no folders.

    Raises:
        ConfigError: what is written would lie in the input; or beside images of an earlier run, which could
            not be told from those of this one.
    """
    if out_dir.resolve().is_relative_to(in_dir.resolve()):
        raise ConfigError("OUT: expected a folder outside of IN, which is only read; name another one")
    if flat and any(out_dir.glob("*.dcm")):
        raise ConfigError(
            "OUT: expected a folder without images, since series get no folders here; give an empty one"
        )


def deliver(made: Path, out_dir: Path, name: str, flat: bool) -> dict[str, str]:
    """Move what was made of a scan to the output folder.

    A series in a folder of its own appears at once. What an earlier run made of the same scan goes, also
    where it is not made again.

    Args:
        made: a folder with what was made, each named ``<name>-...``, on the file system of ``out_dir`` and
            with nothing beside it; emptied.
        out_dir: where it shall lie.
        name: of the scan.
        flat: no folders for series.

    Returns:
        Path of each file in ``made`` to its path in ``out_dir``, both relative and with ``/``.
    """
    moves = {path.relative_to(made).as_posix(): target for path, target in _targets(made, flat)}
    old = made.with_name("old")
    old.mkdir()
    for earlier in out_dir.glob(f"{name}-*"):
        # Renamed before it is deleted: a folder that is half deleted would look like half a series.
        earlier.rename(old / earlier.name)
    if flat:
        _move_all({made / source: out_dir / target for source, target in moves.items()})
    else:
        for each in sorted(made.iterdir()):
            each.rename(out_dir / each.name)
    shutil.rmtree(old)
    return moves


def _move_all(moves: Mapping[Path, Path]) -> None:
    """One by one, and back to none where it ends before the last."""
    try:
        for source, target in moves.items():
            source.replace(target)
    except BaseException:
        for target in moves.values():
            target.unlink(missing_ok=True)
        raise


def _targets(made: Path, flat: bool) -> Iterator[tuple[Path, str]]:
    with quiet_parser():
        for path in sorted(each for each in made.rglob("*") if each.is_file()):
            target = path.relative_to(made).as_posix()
            if flat and path.suffix == ".dcm":
                # Written here a moment ago: UIDs of our own, of digits and dots.
                image = dcmread(path, specific_tags=["SeriesInstanceUID", "SOPInstanceUID"])
                target = f"{image.SeriesInstanceUID}#{image.SOPInstanceUID}.dcm"
            yield path, target
