"""PET from folder to folder: what is written, what is refused, and that nothing else happens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_edits import Edit, change_all, remove
from file_digests import digests

from taskgan_ext.clinical.applicability import Applicability
from taskgan_ext.clinical.hashed_uid import hashed_uid
from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.result import RESULT_FILE, Outcome
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import suv_factor
from taskgan_ext.errors import ConfigError, RefusedSeries
from taskgan_ext.io.atomic import read_json

Write = Callable[..., Path]
NOW = datetime(2001, 2, 3, 4, 5, 6)


def name_of(folder: Path) -> str:
    """Of the series in a folder, as results call it."""
    return hashed_uid(str(pydicom.dcmread(next(folder.iterdir())).SeriesInstanceUID))


def test_a_series_is_restored_beside_its_source_and_told_of(
    pet: ClinicalBundle,
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    source_folder, out = pet_series(tmp_path / "in", empty_first_slice=True), tmp_path / "out"
    before = digests(source_folder)
    process_folder(source_folder, out, pet, options)
    assert digests(source_folder) == before

    name = name_of(source_folder)
    assert sorted(path.name for path in out.iterdir()) == sorted([f"{name}-denoised", RESULT_FILE])
    found = read_json(out / RESULT_FILE)
    assert found["notice"] == "research use only, not for diagnosis"
    assert (found["bundle"], found["version"]) == ("pet_denoising", pet.version)
    (entry,) = found["series"]
    assert [entry[key] for key in ("series", "outcome", "label", "code")] == [
        name,
        "restored",
        "denoised",
        "",
    ]
    assert {out / file for file in entry["files"]} == set(out.glob("*/*"))
    assert set(entry["measures"]) == {
        "activity_ratio",
        "peak_ratio",
        "local_change",
        "task_before",
        "task_after",
    }
    (line,) = audited
    assert (line["event"], line["series"], line["label"]) == ("restored", name, "denoised")
    assert set(line) == {
        *["time", "event", "series", "label", "flags", "code", "seconds", "bundle", "version", "weights"]
    }

    source, derived = read_series(source_folder), read_series(out / f"{name}-denoised")
    np.testing.assert_array_equal(derived.affine, source.affine)
    assert derived.units == source.units
    assert derived.volume.max() > 100
    assert suv_factor(derived.headers).factor == suv_factor(source.headers).factor
    for header in derived.headers:
        assert "research use only, not for diagnosis" in header.DerivationDescription


def test_the_same_input_gives_the_same_files_in_whatever_order_it_lies(
    pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder = pet_series(tmp_path / "in")
    options = replace(options, now=NOW)
    process_folder(folder, tmp_path / "out", pet, options)
    once = digests(tmp_path / "out")
    process_folder(folder, tmp_path / "out", pet, options)
    again = digests(tmp_path / "out")
    for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        (folder / str(number % 2)).mkdir(exist_ok=True)
        path.rename(folder / str(number % 2) / f"{number}")
    process_folder(folder, tmp_path / "turned", pet, options)
    turned = digests(tmp_path / "turned")
    for found in (once, again, turned):
        found.pop(RESULT_FILE)  # it tells the time that was taken
    assert once == again == turned
    assert len(once) == 6


def test_what_is_not_made_again_does_not_stay(
    gated: Callable[..., ClinicalBundle], options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder, out = pet_series(tmp_path / "in"), tmp_path / "out"
    strict = gated(peak_ratio=[2e30, 3e30])
    assert process_folder(folder, out, strict, options).written
    (out / "of somebody else").mkdir()
    withheld = process_folder(folder, out, strict, replace(options, deliver_flagged=False))
    assert [each.outcome for each in withheld.series] == [Outcome.WITHHELD]
    assert sorted(path.name for path in out.iterdir()) == ["of somebody else", RESULT_FILE]


def test_our_own_series_is_refused_as_a_source(
    pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    pet_series(tmp_path / "in")
    process_folder(tmp_path / "in", tmp_path / "out", pet, options)
    result = process_folder(tmp_path / "out", tmp_path / "more", pet, options)
    assert [each.code for each in result.series] == ["not_applicable"]
    assert [path.name for path in (tmp_path / "more").iterdir()] == [RESULT_FILE]


def of_another_tracer(files: list[Path]) -> None:
    for path in files:
        image = pydicom.dcmread(path)
        for agent in image.RadiopharmaceuticalInformationSequence:
            agent.Radiopharmaceutical = "Fluorodeoxyglucose F^18^"
            (code,) = agent.RadiopharmaceuticalCodeSequence
            code.CodeValue, code.CodeMeaning = "35321007", "Fluorodeoxyglucose F^18^"
        image.save_as(path)


def without_values(files: list[Path]) -> None:
    for path in files:
        image = pydicom.dcmread(path)
        image.PixelData = bytes(len(image.PixelData))
        image.save_as(path)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (change_all(Modality="CT"), "modality_mismatch"),
        (change_all(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), "sop_class"),
        (change_all(Units="PROPCPS"), "units_unsupported"),
        (change_all(SeriesType=["GATED", "IMAGE"]), "dynamic_series"),
        (change_all(RescaleSlope="0"), "slope_invalid"),
        (change_all(SeriesDescription="PET [AI denoised, research only]"), "not_applicable"),
        (of_another_tracer, "not_applicable"),
        (remove(2), "incomplete"),
        (without_values, "not_applicable"),
    ],
)
def test_a_series_that_must_not_be_restored_is_refused_and_the_next_one_restored(
    edit: Edit,
    code: str,
    pet: ClinicalBundle,
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    bad, good = pet_series(tmp_path / "in" / "bad", seed=1), pet_series(tmp_path / "in" / "good", seed=2)
    edit(sorted(bad.iterdir()))
    name = name_of(bad)
    result = process_folder(tmp_path / "in", tmp_path / "out", pet, options)
    found = {each.series: each for each in result.series}
    assert (found[name].outcome, found[name].code, found[name].files) == (Outcome.REFUSED, code, [])
    assert found[name_of(good)].outcome is Outcome.RESTORED
    folders = [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert folders == [f"{name_of(good)}-denoised"]
    assert {(line["series"], line["event"], line["code"]) for line in audited} == {
        (each.series, str(each.outcome), each.code) for each in result.series
    }


@pytest.mark.parametrize("table", [{"voxel_mm": [[2.1, 4]] * 3}, {"shape": [[0, 17]] * 3}])
def test_a_grid_unlike_that_of_the_training_is_refused(
    table: dict[str, Any], pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    restoration: Any = pet.restoration
    ranges = {name: [tuple(map(float, pair)) for pair in pairs] for name, pairs in table.items()}
    applies: Applicability = replace(restoration.applies, **ranges)
    kind = type(restoration)
    other = kind(restoration.model, restoration.witness, applies, restoration.recipe)
    pet_series(tmp_path / "in")
    result = process_folder(tmp_path / "in", tmp_path / "out", replace(pet, restoration=other), options)
    assert [each.code for each in result.series] == ["not_applicable"]


def test_files_that_belong_to_no_series_are_told_of_and_others_are_left_out(
    pet: ClinicalBundle,
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    folder = pet_series(tmp_path / "in")
    name = name_of(folder)
    (folder / "damaged.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"?" * 99)
    (folder / "readme.txt").write_text("hello", encoding="utf-8")
    result = process_folder(folder, tmp_path / "out", pet, options)
    assert [(each.series, each.outcome) for each in result.series] == [
        ("", Outcome.REFUSED),
        (name, Outcome.RESTORED),
    ]
    assert [line["event"] for line in audited] == ["refused", "restored"]


@pytest.mark.parametrize("kind", ["1.3.46.670589.11.0.0.12.1", "1.2.840.10008.5.1.4.1.1.481.2"])
def test_images_of_a_kind_that_is_not_read_are_told_of_by_their_series(
    kind: str, pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    restored = pet_series(folder / "read", seed=1)
    for path in pet_series(folder / "private", seed=2).iterdir():  # of a vendor's own kind, and doses
        image = pydicom.dcmread(path)
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = kind
        image.save_as(path)
    for path in sorted(pet_series(folder / "mixed", seed=3).iterdir())[:1]:
        image = pydicom.dcmread(path)
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = kind
        image.save_as(path)
    names = {each.name: name_of(each) for each in folder.iterdir()}
    result = process_folder(folder, tmp_path / "out", pet, options)
    assert {each.series: each.code for each in result.series} == {
        name_of(restored): "",
        names["private"]: "sop_class",
        names["mixed"]: "sop_class",
    }


def test_a_folder_without_images_is_refused_in_the_result(
    pet: ClinicalBundle, options: ProcessOptions, tmp_path: Path, audited: list[dict[str, Any]]
) -> None:
    (tmp_path / "in").mkdir()
    result = process_folder(tmp_path / "in", tmp_path / "out", pet, options)
    assert [each.code for each in result.series] == [line["code"] for line in audited] == ["no_file"]
    assert (tmp_path / "out" / RESULT_FILE).is_file()
    with pytest.raises(RefusedSeries, match="expected a folder with DICOM files"):
        process_folder(tmp_path / "none", tmp_path / "out", pet, options)


def test_an_output_folder_in_the_input_is_refused(
    pet: ClinicalBundle, options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    folder = pet_series(tmp_path / "in")
    for out in (folder, folder / "out"):
        with pytest.raises(ConfigError, match="outside of IN"):
            process_folder(folder, out, pet, options)
    assert len(digests(folder)) == 6
