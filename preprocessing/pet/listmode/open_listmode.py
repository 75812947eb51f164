"""Opening a list-mode file of any format that is known."""

from pathlib import Path

from preprocessing.pet.listmode.ge_file import GeFile
from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.petsird_file import PetsirdFile
from preprocessing.pet.listmode.siemens_file import SiemensFile
from preprocessing.pet.listmode.siemens_files import find_siemens_pair
from preprocessing.pet.listmode.simulated_file import SimulatedFile
from preprocessing.pet.listmode.word_file import FORMAT, header_path
from taskgan_ext.errors import DataError, RefusedListMode

_PETSIRD, _PETSIRD_TEXT, _HDF5, _DICOM = b"yardl", b'{"yardl"', b"\x89HDF\r\n\x1a\n", b"DICM"


def open_listmode(path: Path) -> ListModeFile:
    """Open a list-mode file; its content decides on the format.

    Args:
        path: PETSIRD, GE RDF9, the ``.l`` file of the simulator, or events or header of a Siemens scan.

    Returns:
        The file; its header was read and checked, its events were not.

    Raises:
        DataError: there is no such file.
        DependencyError: the format needs a package that is not installed.
        RefusedListMode: the content is of no known format, or broken; the codes are in ``refusal_codes``.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "none"
        raise DataError(f"{path}: expected a list-mode file, found {found}")
    with path.open("rb") as file:
        start = file.read(256)
    if start.startswith(_PETSIRD):
        return PetsirdFile(path)
    if start.startswith(_HDF5):
        return GeFile(path)
    if _is_simulated(path):
        return SimulatedFile(path)
    pair = find_siemens_pair(path)
    if pair is not None:
        return SiemensFile(*pair)
    raise RefusedListMode(*_unknown(path, start))


def _is_simulated(path: Path) -> bool:
    header = header_path(path)
    if not header.is_file():
        return False
    with header.open("rb") as file:
        return f'"{FORMAT}"'.encode() in file.read(256)


def _unknown(path: Path, start: bytes) -> tuple[str, str]:
    """Code and reason for a file of no format that can be read."""
    if start.startswith(_PETSIRD_TEXT):
        return "unsupported", f"{path}: expected binary PETSIRD, found its text form; convert it with the SDK"
    if start[128:132] == _DICOM:
        return "unsupported", (
            f"{path}: expected raw list mode, found DICOM; unpack it with the vendor's tools first"
        )
    if path.suffix.lower() == ".l":
        return "header_missing", (
            f"{path}: expected a header beside the events, such as {path.name}.hdr, or {path.name}.json of "
            "the simulator; found none: copy it too"
        )
    return "format_unknown", (
        f"{path}: expected a list-mode file (PETSIRD, Siemens .l with its header, GE RDF9 or .l of the "
        "simulator), found something else"
    )
