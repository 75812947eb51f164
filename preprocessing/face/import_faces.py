"""From folders of photographs to a cohort of faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.cohort import DATALIST_FILE, claim, remove_unfinished
from preprocessing.collect import existing_split, extend_split
from preprocessing.face.cohort_lists import write_lists
from preprocessing.face.crop import AUTOMATIC, Crop, load_face
from preprocessing.face.face_datalist import make_face_datalist
from preprocessing.face.face_files import is_complete, read_record, several_or_one, write_faces
from preprocessing.face.given_lists import GivenSections, ListFiles, read_given_lists
from preprocessing.face.kept_apart import check_apart
from preprocessing.face.layers import Field
from preprocessing.face.problems import Problems
from preprocessing.face.settings import check_seed, check_size
from preprocessing.face.source_faces import find_faces
from preprocessing.folder_lock import locked
from preprocessing.provenance import package_versions
from taskgan_ext.data.face_pairs import face_name
from taskgan_ext.data.training_subjects import SOURCE_SHA256
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
        ConfigError: size or seed is out of range, or both a section and lists are given.
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
        check_seed(self.seed)
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
    where it stopped; people who are new in the source join the cohort, and those of whom a photograph has
    changed are written again.

    Args:
        request: what to do.

    Raises:
        ConfigError: the folder holds a cohort with other settings, or source and cohort lie in one another.
        DataError: photographs or lists are missing or wrong; tells all of them.
        OSError: the folder cannot be made or written.
    """
    found = find_faces(request.images)
    faces = {identity: sorted(numbers) for identity, numbers in found.paths.items()}
    photographs = (path for numbered in found.paths.values() for path in numbered.values())
    check_apart(request.out, request.images, photographs, request.lists.paths().values())
    with locked(request.out):
        before = existing_split(request.out / DATALIST_FILE)
        given = _divide(request, faces, before)
        members = {identity for people in given.sections.values() for identity in people}
        source = {identity: found.paths[identity] for identity in sorted(members)}
        digests = _fingerprints(request, source)
        remove_unfinished(request.out)
        done = {who for who in source if _is_done(request.out, who, digests[who])}
        missing = {who: paths for who, paths in source.items() if who not in done}
        _check_pictures(request, missing)
        claim(request.out, request)
        _write_pictures(request, missing, digests)
        datalist = make_face_datalist(
            request.out,
            {identity: faces[identity] for identity in source},
            given.sections,
            name="imported faces",
            description="Photographs of people, cropped and at the working size",
            sources=digests,
        )
        write_lists(request.out, datalist, request.seed, given.pairs)
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


def _fingerprints(
    request: ImportRequest, source: Mapping[str, Mapping[int, Path]]
) -> dict[str, dict[int, str]]:
    """Identity to number to SHA-256 of the photograph."""
    problems, found = Problems(str(request.images)), {}
    for identity, numbered in source.items():
        found[identity] = dict.fromkeys(numbered, "")
        for number, path in numbered.items():
            try:
                found[identity][number] = sha256(path)
            except OSError as error:
                problems.add(f"{path}: expected a picture, cannot read it ({error.strerror})")
    problems.check()
    return found


def _is_done(cohort_dir: Path, identity: str, digests: Mapping[int, str]) -> bool:
    """Whether the pictures of a person are there and made of these photographs."""
    record = read_record(cohort_dir, identity)
    return is_complete(cohort_dir, identity, digests) and record == _record(identity, digests)


def _record(identity: str, digests: Mapping[int, str]) -> dict[str, Any]:
    return {SOURCE_SHA256: {face_name(identity, number): digests[number] for number in sorted(digests)}}


def _check_pictures(request: ImportRequest, source: Mapping[str, Mapping[int, Path]]) -> None:
    problems = Problems(str(request.images))
    paths = [path for numbered in source.values() for path in numbered.values()]
    for path in tqdm(paths, desc="checking", unit="picture"):
        try:
            _load(request, path)
        except DataError as error:
            problems.add(str(error))
    problems.check()


def _write_pictures(
    request: ImportRequest,
    source: Mapping[str, Mapping[int, Path]],
    digests: Mapping[str, Mapping[int, str]],
) -> None:
    with tqdm(desc="writing", total=sum(map(len, source.values())), unit="picture") as progress:
        for identity, numbered in source.items():
            pictures = ((number, _load(request, path)) for number, path in sorted(numbered.items()))
            write_faces(request.out, identity, pictures, _record(identity, digests[identity]))
            progress.update(len(numbered))


def _load(request: ImportRequest, path: Path) -> Field:
    return load_face(path, request.crop, request.size, 3 if request.colour else 1)
