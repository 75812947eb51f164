"""Telling formats apart by their content, and the codes of refusal."""

import re
from pathlib import Path

import pytest
from listmode_files import ge_time_mark, write_ge, write_petsird, write_siemens

from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.refusal_codes import CODES
from taskgan_ext.errors import DataError, RefusedListMode

PET = Path(__file__).parents[4] / "preprocessing" / "pet"


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_petsird, "PETSIRD 0.12"),
        (write_siemens, "Siemens PETLINK 32 bit"),
        (lambda path: write_ge(path, ge_time_mark(5)), "GE RDF9"),
    ],
)
def test_content_decides_whatever_the_name(tmp_path, write, name):
    assert open_listmode(write(tmp_path / "scan.dat")).format.startswith(name)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("scan.l", b"\x00" * 64, "header_missing"),
        ("scan.bin", b"\x00" * 64, "format_unknown"),
        ("empty.bin", b"", "format_unknown"),
        ("scan.ndjson", b'{"yardl":{"version":1}}', "unsupported"),
        ("scan.ptd", bytes(128) + b"DICM" + bytes(64), "unsupported"),
        ("scan.petsird", b"yardl", "truncated"),
        ("scan.rdf", b"\x89HDF\r\n\x1a\n", "parse_error"),
        ("scan.hdr", b"!INTERFILE:=\n", "header_missing"),
    ],
)
def test_what_is_not_known_is_refused_by_name_and_code(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(path)
    assert caught.value.code == code
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(DataError, match="found none"):
        open_listmode(tmp_path / "none.l")
    with pytest.raises(DataError, match="found a folder"):
        open_listmode(tmp_path)


def test_every_code_of_a_refusal_is_listed_and_every_listed_code_is_used():
    used = set()
    for path in PET.rglob("*.py"):
        used |= set(re.findall(r'(?:RefusedListMode|refuse)\(\s*"(\w+)"', path.read_text()))
        used |= set(re.findall(r'return "(\w+)", \(?\s*f"\{path\}', path.read_text()))
    assert used == set(CODES)
