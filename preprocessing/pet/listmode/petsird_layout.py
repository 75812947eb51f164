"""PETSIRD files: the version, the header and what follows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from preprocessing.pet.listmode.yardl_reader import YardlReader
from preprocessing.pet.listmode.yardl_types import Choice, Record, YardlSchema
from preprocessing.provenance import package_versions
from taskgan_ext.io.optional_package import load_optional

MAGIC = b"yardl"
EVENT_BLOCK = 0
"""Index of ``EventTimeBlock`` among the kinds of time blocks."""
_STREAM_VERSION = 1
_MAX_SCHEMA_BYTES = 1 << 20
_RELEASES: Mapping[str, str] = MappingProxyType(
    {
        "1a0d24bdc1dcb0ea": "0.7",
        "a4f2077529e932bb": "0.8 or 0.9",
        "9783b302ea8af931": "0.10",
        "5a76b764eabb753d": "0.11",
    }
)
"""First digits of the SHA-256 of the schema to the releases of the SDK that wrote it; a schema names none."""
_UNNEEDED = frozenset(
    {
        "nonDetectingElements",
        "nonDetectingVolumes",
        "bulkMaterials",
        "gantryAlignment",
        "moduleSinglesUnitIdxLUTs",
        "singlesHistogramEnergyBinEdges",
        "modulePairSGIDLUT",
        "modulePairEfficienciesVectors",
    }
)
"""Fields of the header that only need to be skipped; the last one can be larger than the memory."""


@dataclass(frozen=True)
class PetsirdLayout:
    """The types that a file consists of.

    Attributes:
        version: of the SDK whose schema the file has.
        scanner: first part of the header.
        exam: second part, with what may tell who was scanned; it can be absent.
        block: a time block.
    """

    version: str
    scanner: Record
    exam: Choice
    block: Choice


def read_layout(reader: YardlReader) -> PetsirdLayout:
    """Read the beginning of a file, up to the header, and check its version.

    Args:
        reader: at the first byte.

    Raises:
        DependencyError: petsird is not installed.
        RefusedListMode: the file is of another version, or damaged.
    """
    petsird = load_optional("petsird", "a PETSIRD file", "taskgan-ext[pet]")
    if reader.read(len(MAGIC)) != MAGIC:
        raise reader.refuse("format_unknown", "expected a binary PETSIRD file")
    stream_version = int.from_bytes(reader.read(4), "little", signed=True)
    if stream_version != _STREAM_VERSION:
        raise reader.refuse(
            "version_mismatch", f"expected version {_STREAM_VERSION} of yardl streams, found {stream_version}"
        )
    length = reader.count()
    if length > _MAX_SCHEMA_BYTES:
        raise reader.refuse("header_invalid", f"expected a schema, found {length} bytes of something")
    schema = reader.read(length)
    own, version = petsird.BinaryPETSIRDReader.schema, package_versions(["petsird"])["petsird"]
    if schema != own.encode():
        found = _RELEASES.get(hashlib.sha256(schema).hexdigest()[:16])
        raise reader.refuse(
            "version_mismatch",
            f"expected a file of PETSIRD {_minor(version)}, found one of "
            + (f"PETSIRD {found}" if found else "an unknown version of PETSIRD")
            + "; convert it with the PETSIRD tools, or write it again with that version",
        )
    types = YardlSchema(json.loads(own)["types"], _UNNEEDED)
    header, block = types.compile("PETSIRD.Header"), types.compile("PETSIRD.TimeBlock")
    if not isinstance(header, Record) or not isinstance(block, Choice):
        raise TypeError("the schema of the SDK has no header and time blocks")
    scanner, exam = header.fields.values()
    if not isinstance(scanner, Record) or not isinstance(exam, Choice):
        raise TypeError("the header of the SDK's schema is not a scanner and an exam")
    return PetsirdLayout(version, scanner, exam, block)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
