"""A bundle that differs from its manifest is refused before anything in it is parsed."""

import contextlib
import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_release import plain_bundle, write_manifest

from taskgan_ext.errors import BundleError
from taskgan_ext.release import check_bundle
from taskgan_ext.release.manifest import MANIFEST
from taskgan_ext.release.pack import write_archive


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A bundle, for tests that put every byte back."""
    return plain_bundle(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def archive(shared, tmp_path_factory):
    """The archive of it."""
    path = tmp_path_factory.mktemp("archive") / "plain.zip"
    write_archive(path, shared, check_bundle(shared))
    return path


@pytest.fixture
def bundle(tmp_path):
    """A bundle to damage."""
    return plain_bundle(tmp_path)


def manifest_sum(bundle):
    return hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()


@contextlib.contextmanager
def flipped(path, place, bit):
    """The file with one bit the other way while the block runs."""
    content = path.read_bytes()
    place %= len(content)
    path.write_bytes(content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :])
    try:
        yield
    finally:
        path.write_bytes(content)


def test_a_bundle_as_it_was_packed_passes(bundle):
    manifest = check_bundle(bundle)
    assert (manifest.name, manifest.version) == ("plain", "1.2.3")
    assert manifest.files["models/model.pt"].size == 2048


def test_an_archive_and_its_folder_have_one_manifest(shared, archive):
    assert check_bundle(archive) == check_bundle(shared)


@settings(deadline=None)
@given(data=st.data(), place=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_one_flipped_bit_in_any_file_is_refused(shared, data, place, bit):
    path = data.draw(st.sampled_from(sorted(check_bundle(shared).files)))
    with flipped(shared / path, place, bit), pytest.raises(BundleError, match=f"{path} was changed"):
        check_bundle(shared)


@settings(deadline=None)
@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_one_flipped_bit_in_the_manifest_is_refused_where_its_sum_is_known(shared, place, bit):
    known = manifest_sum(shared)
    with (
        flipped(shared / MANIFEST, place, bit),
        pytest.raises(BundleError, match="expected a manifest with SHA"),
    ):
        check_bundle(shared, known)


@settings(deadline=None)
@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_one_flipped_bit_in_an_archive_is_refused_or_changes_no_file(shared, archive, place, bit):
    with flipped(archive, place, bit):
        try:
            found = check_bundle(archive)
        except BundleError:
            return
    # Times and permissions of the archive, which no one reads, and the version that packed it.
    assert (found.name, found.version, found.files) == ("plain", "1.2.3", check_bundle(shared).files)


@settings(deadline=None)
@given(length=st.integers(0, 2**16))
def test_a_part_of_an_archive_is_refused(archive, length):
    content = archive.read_bytes()
    archive.write_bytes(content[: length % len(content)])
    try:
        with pytest.raises(BundleError):
            check_bundle(archive)
    finally:
        archive.write_bytes(content)


def test_a_file_that_grew_by_others_of_the_same_size_is_refused(bundle):
    (bundle / "models/model.pt").write_bytes(bytes(2048))
    with pytest.raises(BundleError, match=r"models/model.pt was changed: its SHA-256"):
        check_bundle(bundle)


def test_another_size_is_told(bundle):
    (bundle / "LICENSE").write_bytes(b"MIT")
    with pytest.raises(BundleError, match="LICENSE was changed: expected 11 bytes, found 3"):
        check_bundle(bundle)


def test_a_missing_file_is_refused(bundle):
    (bundle / "configs/logging.conf").unlink()
    with pytest.raises(BundleError, match=r"configs/logging.conf is missing"):
        check_bundle(bundle)


@pytest.mark.parametrize(
    "path", ["torch.py", "configs/other.json", "models/data/x.pt", "scripts/__init__.py"]
)
def test_an_added_file_is_refused(bundle, path):
    (bundle / path).parent.mkdir(exist_ok=True)
    (bundle / path).write_text("import os")
    with pytest.raises(BundleError, match=f"'{path}' was added"):
        check_bundle(bundle)


def test_what_runs_write_is_not_looked_at(bundle):
    for name in ("data", "eval"):
        (bundle / name).mkdir()
        (bundle / name / "result.json").write_text("{}")
    check_bundle(bundle)


def test_no_manifest_is_refused_with_the_command_that_makes_one(bundle):
    (bundle / MANIFEST).unlink()
    with pytest.raises(BundleError, match=r"expected manifest.json.*taskgan_ext.release pack"):
        check_bundle(bundle)


def test_neither_folder_nor_archive_is_refused(tmp_path):
    with pytest.raises(BundleError, match="found neither"):
        check_bundle(tmp_path / "nothing")


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
def test_what_is_no_plain_file_is_refused_and_not_opened(bundle, tmp_path, kind):
    model = bundle / "models/model.pt"
    moved = model.rename(tmp_path / "elsewhere.pt")
    if kind == "link":
        model.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(model)
    else:
        (bundle / "models").rmdir()
        moved.rename(moved.parent / "model.pt")
        (bundle / "models").symlink_to(tmp_path)
    with pytest.raises(BundleError, match="found a link or a special file"):
        check_bundle(bundle)


def test_a_wrong_sum_of_the_manifest_is_refused(bundle):
    assert check_bundle(bundle, manifest_sum(bundle).upper())
    with pytest.raises(BundleError, match="expected a manifest with SHA-256 abc, found"):
        check_bundle(bundle, "abc")


def test_a_bundle_that_someone_packed_anew_passes_only_without_the_sum(bundle):
    known = manifest_sum(bundle)
    (bundle / "configs/inference.json").write_text('{"run": ["other"]}')
    write_manifest(bundle)
    check_bundle(bundle)
    with pytest.raises(BundleError, match="expected a manifest with SHA-256"):
        check_bundle(bundle, known)


@pytest.mark.parametrize(
    ("path", "content", "match"),
    [
        ("configs/inference.json", b'{"run": ["$evil"]}', r"inference\.json: run::0: '\$evil'"),
        ("configs/inference.json", b'{"a": {}, "a::_target_": "os.system"}', r"a: _target_ 'os\.system'"),
        ("configs/inference.json", b"{", r"inference\.json: expected JSON"),
        ("configs/inference.json", b"[" * 5000, r"inference\.json: expected JSON"),
        ("configs/inference.json", b'{"a": "$' + b"1+" * 5000 + b'1"}', r"inference\.json: "),
        ("configs/inference.json", b" " * (2**22 + 1), r"larger than any configuration"),
        ("configs/logging.conf", b"[handler_a]\nclass=os.system\n", r"logging\.conf: \[handler_a\] class"),
        (
            "configs/inference.yaml",
            b"run: [$evil]",
            r"expected files that bundles have, found 'configs/infer",
        ),
        ("scripts/__init__.py", b"evil", r"expected files that bundles have, found 'scripts/__init__"),
    ],
)
def test_a_sealed_bundle_that_could_run_other_code_is_refused_also_without_the_sum(
    bundle, path, content, match
):
    (bundle / path).parent.mkdir(exist_ok=True)
    (bundle / path).write_bytes(content)
    write_manifest(bundle)
    with pytest.raises(BundleError, match=match) as found:
        check_bundle(bundle)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("fields", [{"name": "other"}, {"version": "1.2.4"}])
def test_a_manifest_of_another_name_or_version_than_the_metadata_is_refused(bundle, fields):
    write_manifest(bundle, **fields)
    with pytest.raises(BundleError, match="another name or version than the manifest"):
        check_bundle(bundle)


def test_checking_imports_neither_torch_nor_monai_nor_a_configuration(shared):
    script = (
        "import sys; from pathlib import Path; from taskgan_ext.release import check_bundle\n"
        f"check_bundle(Path({str(shared)!r}))\n"
        "sys.exit(bool({'torch', 'monai', 'numpy', 'nibabel', 'pickle'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
