"""Contrasts of an MDME scan, from folder to folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from file_digests import digests

from taskgan_ext.clinical.open_bundle import ClinicalBundle, open_bundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.result import RESULT_FILE, Outcome
from taskgan_ext.dicom.derived.source_slices import read_source_slices
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.mr.protocol import CONTRASTS

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def mr(mr_bundle: Path) -> ClinicalBundle:
    return open_bundle(ProcessOptions(mr_bundle, "cpu"))


@pytest.mark.parametrize("series", ["one", "many"])
def test_every_contrast_of_a_scan_is_a_series_at_its_place(
    series: str, mr: ClinicalBundle, mr_bundle: Path, mr_scan: Write, tmp_path: Path
) -> None:
    folder = mr_scan(tmp_path / "in", series=series)
    before = digests(folder)
    result = process_folder(folder, tmp_path / "out", mr, ProcessOptions(mr_bundle, "cpu"))
    assert digests(folder) == before
    assert sorted(each.label for each in result.series) == sorted(CONTRASTS)
    assert {each.outcome for each in result.series} == {Outcome.RESTORED}
    assert len({each.series for each in result.series}) == 1
    source = read_source_slices(folder)
    uids = set()
    for each in result.series:
        derived = read_series(tmp_path / "out" / f"{each.series}-{each.label}", modality="MR")
        np.testing.assert_allclose(derived.affine, source.affine, atol=1e-9)
        assert np.isfinite(derived.volume).all()
        assert derived.volume.max() > 0
        assert all(each.label in header.SeriesDescription for header in derived.headers)
        uids.add(str(derived.headers[0].SeriesInstanceUID))
    assert len(uids) == len(CONTRASTS)


def test_other_mr_series_and_half_a_scan_are_refused_and_the_scan_beside_them_is_not(
    mr: ClinicalBundle,
    mr_bundle: Path,
    mr_scan: Write,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    whole, half = mr_scan(tmp_path / "in" / "a", seed=1), mr_scan(tmp_path / "in" / "b", seed=2)
    pet_series(tmp_path / "in" / "pet")
    next(half.iterdir()).unlink()
    result = process_folder(tmp_path / "in", tmp_path / "out", mr, ProcessOptions(mr_bundle, "cpu"))
    assert sorted(each.code for each in result.series if each.outcome is Outcome.REFUSED) == [
        "incomplete",
        "modality_mismatch",
    ]
    assert sum(each.outcome is Outcome.RESTORED for each in result.series) == len(CONTRASTS)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert len(written) == len(CONTRASTS) + 1
    assert RESULT_FILE in written
    assert len(audited) == len(CONTRASTS) + 2
    # A contrast that comes back is no scan.
    again = process_folder(tmp_path / "out", tmp_path / "more", mr, ProcessOptions(mr_bundle, "cpu"))
    assert {each.code for each in again.series} == {"not_applicable"}
    assert pydicom.dcmread(next(whole.iterdir())).Modality == "MR"


def test_a_scan_beside_files_that_cannot_be_read_is_flagged_since_they_may_be_its_slices(
    mr: ClinicalBundle, mr_bundle: Path, mr_scan: Write, tmp_path: Path
) -> None:
    last = max(mr_scan(tmp_path / "in").iterdir())
    last.with_name("damaged.dcm").write_bytes(last.read_bytes()[:600])
    result = process_folder(tmp_path / "in", tmp_path / "out", mr, ProcessOptions(mr_bundle, "cpu"))
    restored = [each for each in result.series if each.label]
    assert len(restored) == len(CONTRASTS)
    assert all("unread_files" in each.flags for each in restored)


def test_a_scan_that_is_refused_half_way_leaves_no_contrast(
    mr: ClinicalBundle,
    mr_bundle: Path,
    mr_scan: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, calls = mr.restoration.model, []
    restore = model.restore

    def fail_late(prepared: Any) -> Any:
        calls.append(None)
        return restore(prepared) * (np.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(model, "restore", fail_late)
    folder = mr_scan(tmp_path / "in", series="many")
    result = process_folder(folder, tmp_path / "out", mr, ProcessOptions(mr_bundle, "cpu"))
    assert {each.code for each in result.series} == {"nonfinite"}
    assert len(result.series) > 1  # each series of the scan
    assert [path.name for path in (tmp_path / "out").iterdir()] == [RESULT_FILE]
