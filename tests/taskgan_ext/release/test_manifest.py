"""A manifest has one form, and nothing else is taken for one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_release import manifest_of

from taskgan_ext.errors import BundleError
from taskgan_ext.release.manifest import MAX_MANIFEST_BYTES, FileEntry, parse_manifest

DIGEST = "0" * 64
ENTRIES = st.builds(FileEntry, st.integers(0, 2**20), st.text("0123456789abcdef", min_size=64, max_size=64))
WORDS = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}[a-z0-9_]", fullmatch=True)
PATHS = st.lists(WORDS, min_size=1, max_size=3).map("/".join).filter(lambda path: path != "manifest.json")


def edited(**fields):
    """The bytes of a manifest with other fields, in the form that a manifest has."""
    content = json.loads(manifest_of({"LICENSE": FileEntry(3, DIGEST)}).to_bytes()) | fields
    return (json.dumps(content, indent=2) + "\n").encode()


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(PATHS, ENTRIES, max_size=3))
def test_what_is_written_is_read_again(files):
    manifest = manifest_of(files)
    assert parse_manifest(manifest.to_bytes(), "here") == manifest


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(PATHS, ENTRIES, max_size=3))
def test_the_order_of_files_changes_no_byte(files):
    assert manifest_of(files).to_bytes() == manifest_of(dict(reversed(files.items()))).to_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside",
        "configs/../../outside",
        "configs//run.json",
        "./LICENSE",
        "configs\\run.json",
        "C:/run.json",
        ".hidden",
        "trailing.",
        "",
        "configs/",
        "a\nb",
        "naïve",
        "manifest.json",
        "MANIFEST.json",
        "a/b/c/d/e/f",
        "x" * 300,
    ],
)
def test_a_path_that_is_not_plain_is_refused(path):
    with pytest.raises(BundleError, match="one of its paths is not a plain relative one"):
        parse_manifest(edited(files={path: {"bytes": 3, "sha256": DIGEST}}), "here")


@pytest.mark.parametrize(
    "entry",
    [
        {"bytes": -1, "sha256": DIGEST},
        {"bytes": 3.0, "sha256": DIGEST},
        {"bytes": True, "sha256": DIGEST},
        {"bytes": "3", "sha256": DIGEST},
        {"bytes": 3, "sha256": DIGEST[1:]},
        {"bytes": 3, "sha256": "A" * 64},
        {"bytes": 3, "sha256": None},
        {"bytes": 3},
        {"bytes": 3, "sha256": DIGEST, "mode": 7},
        {"sha256": DIGEST, "bytes": 3},
        [],
        None,
    ],
)
def test_an_entry_that_is_no_size_and_sum_is_refused(entry):
    with pytest.raises(BundleError, match="here: expected a manifest"):
        parse_manifest(edited(files={"LICENSE": entry}), "here")


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "taskgan-bundle-manifest-2"},
        {"name": "Plain"},
        {"name": "a/b"},
        {"name": ".."},
        {"name": 3},
        {"version": "1.2"},
        {"version": "01.2.3"},
        {"version": "1.2.3\n"},
        {"version": "\u0661.2.3"},
        {"taskgan_ext": ""},
        {"files": []},
        {"files": None},
        {"more": 1},
        {"files": {"big": {"bytes": 2**40, "sha256": DIGEST}}},
        {"files": {"a": {"bytes": 0, "sha256": DIGEST}, "A": {"bytes": 0, "sha256": DIGEST}}},
        {"files": {f"f{i:04d}": {"bytes": 0, "sha256": DIGEST} for i in range(1001)}},
    ],
)
def test_other_fields_than_those_of_a_manifest_are_refused(fields):
    with pytest.raises(BundleError, match="here: expected a manifest"):
        parse_manifest(edited(**fields), "here")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
        b" " * (MAX_MANIFEST_BYTES + 1),
        edited().replace(b"\n", b"\r\n"),
        edited() + b"\n",
        edited().replace(b'"name"', b'"name": "other", "name"'),
        edited().replace(b'"plain"', b'"pl\\u0061in"'),
    ],
    ids=range(12),
)
def test_bytes_of_another_form_are_refused(content):
    with pytest.raises(BundleError, match="here: expected a manifest"):
        parse_manifest(content, "here")
