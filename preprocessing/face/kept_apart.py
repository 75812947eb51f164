"""An import writes nowhere near what a user gave: there it would delete the originals."""

from collections.abc import Iterable
from pathlib import Path

from preprocessing.face.cohort_lists import pairs_file
from preprocessing.face.face_files import IMAGES
from preprocessing.face.source_faces import source_root
from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import SECTIONS


def check_apart(out: Path, folder: Path, photographs: Iterable[Path], lists: Iterable[Path]) -> None:
    """Check that a cohort and what it is made of do not lie in one another, also through links.

    Args:
        out: folder of the cohort; it need not be there.
        folder: of the source, as ``find_faces`` takes it.
        photographs: of the source; each may be a link.
        lists: of pairs and people.

    Raises:
        ConfigError: a folder or photograph of the source lies in the cohort, or the cohort in the source; or
            a list would be replaced.
    """
    written = [out.resolve(), (out / IMAGES).resolve()]
    for source in dict.fromkeys((folder, source_root(folder))):
        place = source.resolve()
        if any(place.is_relative_to(path) or path.is_relative_to(place) for path in written):
            raise ConfigError(
                f"{out}: expected a folder to write that does not hold {source} nor lie in it, since the "
                "photographs there could be replaced; choose another folder with --out"
            )
    for photograph in photographs:
        place = photograph.resolve()
        if any(place.is_relative_to(path) for path in written):
            raise ConfigError(
                f"{out}: expected a folder to write without photographs of the source, but {photograph} is a "
                "link into it; choose another folder with --out"
            )
    replaced = {(out / pairs_file(section)).resolve() for section in SECTIONS}
    for path in lists:
        if path.resolve() in replaced:
            raise ConfigError(
                f"{path}: expected a list elsewhere, this file is one that the import writes; copy it"
            )
