"""From folders of photographs to a cohort of faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.cohort import DATALIST_FILE, claim, remove_unfinished
from preprocessing.collect import existing_split, extend_split
from preprocessing.face.crop import AUTOMATIC, Crop, load_face
from preprocessing.face.face_datalist import write_face_datalist
from preprocessing.face.face_files import is_complete, several_or_one, write_faces
from preprocessing.face.given_lists import GivenSections, ListFiles, read_given_lists
from preprocessing.face.layers import Field
from preprocessing.face.pair_generator import pairs_file, write_missing_pairs
from preprocessing.face.problems import Problems
from preprocessing.face.settings import check_size
from preprocessing.face.source_faces import find_faces
from preprocessing.folder_lock import locked
from preprocessing.provenance import package_versions
from taskgan_ext.data.face_pairs import write_pairs
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.digest import sha256
from taskgan_ext.keys import SECTIONS

_PACKAGES = ("numpy", "pillow")


@dataclass(frozen=True)
class ImportRequest:
    """What a user asks an import to do.

    Attributes:
        images: folder with one folder of photographs per person.
        out: folder of the cohort.
        lists: of pairs and people; none lets the seed divide people among sections.
        crop: part of the photographs, see ``preprocessing.face.crop.load_face``.
        size: rows and columns of the pictures written.
        colour: RGB and not grey.
        seed: decides who is in which section, and the pairs that no list gives.
        section: where everybody goes; ``None`` lets the lists or the seed divide them.

    Raises:
        ConfigError: the size is out of range, or both a section and lists are given.
    """

    images: Path
    out: Path
    lists: ListFiles = field(default_factory=ListFiles)
    crop: Crop | str = AUTOMATIC
    size: int = 64
    colour: bool = False
    seed: int = 0
    section: str | None = None

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.section is not None and self.section not in SECTIONS:
            raise ConfigError(f"expected a section among {', '.join(SECTIONS)}, got {self.section!r}")
        if self.section is not None and self.lists.paths():
            raise ConfigError("expected either --section or lists of people and pairs, got both")

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable; lists by name and fingerprint."""
        return {
            "source": "imported",
            "images": self.images.resolve().name,
            "lists": {name: f"{path.name} {sha256(path)}" for name, path in self.lists.paths().items()},
            "crop": str(self.crop),
            "size": self.size,
            "colour": self.colour,
            "seed": self.seed,
            "section": self.section,
            "packages": package_versions(_PACKAGES),
        }


@dataclass(frozen=True)
class ImportResult:
    """What an import has done.

    Attributes:
        datalist: of the cohort.
        notices: what a user should know, one text each.
    """

    datalist: Mapping[str, Any]
    notices: tuple[str, ...]


def import_faces(request: ImportRequest) -> ImportResult:
    """Check, then write the pictures, the data list and the lists of pairs.

    Nothing is written before every list and every picture has been looked at. An interrupted import goes on
    where it stopped; people who are new in the source join the cohort.

    Args:
        request: what to do.

    Raises:
        ConfigError: the folder holds a cohort with other settings.
        DataError: photographs or lists are missing or wrong; tells all of them.
        OSError: the folder cannot be made or written.
    """
    found = find_faces(request.images)
    faces = {identity: sorted(numbers) for identity, numbers in found.paths.items()}
    with locked(request.out):
        before = existing_split(request.out / DATALIST_FILE)
        given = _divide(request, faces, before)
        members = {identity for people in given.sections.values() for identity in people}
        source = {identity: found.paths[identity] for identity in sorted(members)}
        remove_unfinished(request.out)
        missing = {who: paths for who, paths in source.items() if not is_complete(request.out, who, paths)}
        _check_pictures(request, missing)
        claim(request.out, request)
        _write_pictures(request, missing)
        datalist = write_face_datalist(
            request.out,
            {identity: faces[identity] for identity in source},
            given.sections,
            name="imported faces",
            description="Photographs of people, cropped and at the working size",
        )
        for section, pairs in given.pairs.items():
            write_pairs(request.out / pairs_file(section), pairs)
        changed = before != existing_split(request.out / DATALIST_FILE)
        write_missing_pairs(request.out, datalist, request.seed, refresh=changed, keep=tuple(given.pairs))
    return ImportResult(datalist, (*found.notices, *given.notices))


def _divide(
    request: ImportRequest, faces: Mapping[str, list[int]], before: Mapping[str, str]
) -> GivenSections:
    if request.section is not None:
        everybody = {name: sorted(faces) if name == request.section else [] for name in SECTIONS}
        return GivenSections(everybody, {})
    if request.lists.paths():
        return read_given_lists(request.lists, faces, request.seed)
    return GivenSections(extend_split(before, several_or_one(faces), seed=request.seed), {})


def _check_pictures(request: ImportRequest, source: Mapping[str, Mapping[int, Path]]) -> None:
    problems = Problems(str(request.images))
    paths = [path for numbered in source.values() for path in numbered.values()]
    for path in tqdm(paths, desc="checking", unit="picture"):
        try:
            _load(request, path)
        except DataError as error:
            problems.add(str(error))
    problems.check()


def _write_pictures(request: ImportRequest, source: Mapping[str, Mapping[int, Path]]) -> None:
    with tqdm(desc="writing", total=sum(map(len, source.values())), unit="picture") as progress:
        for identity, numbered in source.items():
            pictures = ((number, _load(request, path)) for number, path in sorted(numbered.items()))
            write_faces(request.out, identity, pictures)
            progress.update(len(numbered))


def _load(request: ImportRequest, path: Path) -> Field:
    return load_face(path, request.crop, request.size, 3 if request.colour else 1)
