"""Archives that somebody made to harm: each is refused, and nothing is written outside, or at all."""

import hashlib
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from tiny_release import manifest_of, plain_bundle

from taskgan_ext.errors import BundleError
from taskgan_ext.release import check_bundle, unpack_bundle
from taskgan_ext.release.manifest import MANIFEST, FileEntry
from taskgan_ext.release.pack import write_archive

METADATA = b'{"name": "plain", "version": "1.2.3"}'


@pytest.fixture
def bundle(tmp_path):
    return plain_bundle(tmp_path / "source")


def unchanged(info):
    """Leave the entry of an archive as it is."""
    return info


def entry_of(content):
    return FileEntry(len(content), hashlib.sha256(content).hexdigest())


def write_zip(path, files, compression=zipfile.ZIP_DEFLATED, edit=unchanged):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            edit(info)
            archive.writestr(info, content)
    return path


def archive_with(path, *more, edit=unchanged):
    """A good archive, with more entries that the manifest lists where their names allow it."""
    manifest = manifest_of({"configs/metadata.json": entry_of(METADATA)})
    files = [
        (f"plain/{MANIFEST}", manifest.to_bytes()),
        ("plain/configs/metadata.json", METADATA),
        *((name, b"harm") for name in more),
    ]
    return write_zip(path, files, edit=edit)


def refuse(path, out, match):
    """Both commands refuse the archive, and the folder to unpack into stays empty."""
    with pytest.raises(BundleError, match=match) as found:
        check_bundle(path)
    assert "\n" not in str(found.value)
    with pytest.raises(BundleError, match=match):
        unpack_bundle(path, out)
    assert not out.exists() or list(out.iterdir()) == []


def test_an_archive_that_somebody_deflated_anew_passes(tmp_path):
    path = archive_with(tmp_path / "good.zip")
    assert check_bundle(path).files.keys() == {"configs/metadata.json"}
    folder = unpack_bundle(path, tmp_path / "out")
    assert check_bundle(folder) == check_bundle(path)


def test_entries_of_folders_are_passed_over(tmp_path, bundle):
    path = Path(shutil.make_archive(str(tmp_path / "made"), "zip", bundle.parent, bundle.name))
    with zipfile.ZipFile(path) as archive:
        assert {"plain/", "plain/configs/"} < set(archive.namelist())
    assert check_bundle(path) == check_bundle(bundle)
    folder = unpack_bundle(path, tmp_path / "out")
    assert check_bundle(folder) == check_bundle(bundle)


@pytest.mark.parametrize("name", ["../", "/", "/etc/", "plain/../../outside/", "plain//", "other/", "C:/"])
def test_an_empty_folder_elsewhere_is_refused(tmp_path, name):
    path = archive_with(tmp_path / "bad.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"")
    refuse(path, tmp_path / "out", "expected (plain paths below one folder|one top folder)")


def test_a_link_that_calls_itself_a_folder_is_refused(tmp_path):
    path = archive_with(tmp_path / "bad.zip")
    info = zipfile.ZipInfo("plain/configs/")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, b"")
    refuse(path, tmp_path / "out", "found a link or a special file")


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/outside",
        "plain/../../outside",
        "plain/./configs",
        "plain//configs",
        "plain\\..\\outside",
        "C:/outside",
        "plain/configs/",
        "plain/",
        "plain",
    ],
)
def test_a_path_that_leaves_the_folder_or_is_not_plain_is_refused(tmp_path, name):
    path = archive_with(tmp_path / "bad.zip", name)
    refuse(path, tmp_path / "out", "expected plain paths below one folder")
    assert not list(tmp_path.rglob("outside"))


def test_a_second_top_folder_is_refused(tmp_path):
    refuse(archive_with(tmp_path / "bad.zip", "other/x"), tmp_path / "out", "expected one top folder")


def test_an_added_file_is_refused(tmp_path):
    refuse(archive_with(tmp_path / "bad.zip", "plain/torch.py"), tmp_path / "out", r"'torch.py' was added")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_occurs_twice_is_refused(tmp_path):
    path = archive_with(tmp_path / "bad.zip", "plain/configs/metadata.json")
    refuse(path, tmp_path / "out", "a file occurs twice")


def test_another_top_folder_than_the_name_is_refused(tmp_path, bundle):
    path = tmp_path / "bad.zip"
    manifest = check_bundle(bundle)
    files = [(f"other/{name}", (bundle / name).read_bytes()) for name in [MANIFEST, *manifest.files]]
    refuse(write_zip(path, files), tmp_path / "out", "expected the top folder plain, found 'other'")


def test_a_link_is_refused(tmp_path):
    def edit(info):
        if info.filename.endswith("link"):
            info.external_attr = (stat.S_IFLNK | 0o777) << 16

    path = archive_with(tmp_path / "bad.zip", "plain/link", edit=edit)
    refuse(path, tmp_path / "out", "found a link or a special file")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    zeros = bytes(2**26)
    manifest = manifest_of({"configs/metadata.json": entry_of(METADATA), "bomb": entry_of(zeros)})
    files = [(MANIFEST, manifest.to_bytes()), ("configs/metadata.json", METADATA), ("bomb", zeros)]
    path = write_zip(tmp_path / "bad.zip", [(f"plain/{name}", content) for name, content in files])
    refuse(path, tmp_path / "out", "packed more tightly than any of a bundle: 'plain/bomb'")


def test_more_bytes_than_the_manifest_announces_are_not_unpacked(tmp_path):
    # The size in the directory of the archive says 4, the deflated stream holds a megabyte.
    path = tmp_path / "bad.zip"
    content = bytes(2**20)
    manifest = manifest_of({"configs/metadata.json": entry_of(METADATA), "x": entry_of(b"harm")})
    files = [(MANIFEST, manifest.to_bytes()), ("configs/metadata.json", METADATA), ("x", content)]
    write_zip(path, [(f"plain/{name}", each) for name, each in files])
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", len(content)), struct.pack("<L", 4)))
    refuse(path, tmp_path / "out", "x was changed")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_packing_are_unpacked_within_bounds(tmp_path, bundle, compression):
    manifest = check_bundle(bundle)
    files = [(f"plain/{name}", (bundle / name).read_bytes()) for name in [MANIFEST, *manifest.files]]
    assert check_bundle(write_zip(tmp_path / "good.zip", files, compression)) == manifest


def test_an_encrypted_file_is_refused(tmp_path):
    path = archive_with(tmp_path / "bad.zip")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refuse(path, tmp_path / "out", "found an encrypted one")


def test_a_comment_behind_the_archive_is_refused(tmp_path):
    path = archive_with(tmp_path / "bad.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"more"
    refuse(path, tmp_path / "out", "does not end as a plain zip archive")


def test_a_directory_of_the_archive_beyond_bounds_is_not_read(tmp_path):
    path = write_zip(tmp_path / "bad.zip", [(f"plain/f{number}", b"") for number in range(1100)])
    refuse(path, tmp_path / "out", "has more than 1000 files")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"no archive " * 9])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    refuse(path, tmp_path / "out", r"bad\.zip: expected")


def test_unpacking_gives_the_files_that_were_packed(tmp_path, bundle):
    path = tmp_path / "plain.zip"
    manifest = check_bundle(bundle)
    write_archive(path, bundle, manifest)
    folder = unpack_bundle(path, tmp_path / "out")
    assert folder == tmp_path / "out" / "plain"
    for name in [MANIFEST, *manifest.files]:
        assert (folder / name).read_bytes() == (bundle / name).read_bytes()
    assert [each.name for each in folder.parent.iterdir()] == ["plain"]


def test_a_folder_that_is_there_is_not_overwritten(tmp_path, bundle):
    path = tmp_path / "plain.zip"
    write_archive(path, bundle, check_bundle(bundle))
    (tmp_path / "out" / "plain").mkdir(parents=True)
    with pytest.raises(BundleError, match="expected no such folder"):
        unpack_bundle(path, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == [tmp_path / "out" / "plain"]


def test_a_disk_that_is_full_leaves_nothing(tmp_path, bundle, monkeypatch):
    path = tmp_path / "plain.zip"
    write_archive(path, bundle, check_bundle(bundle))

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taskgan_ext.release.unpack._Writer.__call__", fail)
    with pytest.raises(OSError, match="No space left"):
        unpack_bundle(path, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
