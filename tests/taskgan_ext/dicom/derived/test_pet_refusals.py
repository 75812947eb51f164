"""What cannot become a derived series is refused, and nothing half written is left."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from taskgan_ext.dicom.derived.loop_guard import is_derived_by_us
from taskgan_ext.dicom.derived.pet_series import write_derived_pet
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import ConfigError, DataError, RefusedSeries

Pet = Callable[..., Path]
Derive = Callable[..., tuple]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float, pet: Pet, recipe: Recipe, tmp_path: Path) -> None:
    source = read_series(pet())
    values = source.volume.copy()
    values[1, 2, 3] = bad
    with pytest.raises(RefusedSeries, match="got 1 that are not") as caught:
        write_derived_pet(source, values, "BQML", recipe, tmp_path / "out")
    assert caught.value.code == "nonfinite"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [np.zeros((10, 9, 4)), np.zeros((9, 10, 5)), np.zeros((10, 9, 5), int)])
def test_values_of_another_shape_or_kind_are_refused(
    wrong: np.ndarray, pet: Pet, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(RefusedSeries, match=r"floating-point values of shape \(10, 9, 5\)"):
        write_derived_pet(read_series(pet()), wrong, "BQML", recipe, tmp_path / "out")


def test_our_own_output_is_refused_as_input(pet: Pet, derive: Derive, recipe: Recipe, tmp_path: Path) -> None:
    source, done, images = derive(pet())
    assert not any(is_derived_by_us(header) for header in source.headers)
    own = read_series(done.folder)
    with pytest.raises(RefusedSeries, match="restore its source") as caught:
        write_derived_pet(own, own.volume, "BQML", recipe, tmp_path / "again")
    assert caught.value.code == "not_applicable"
    # One mark of the two is enough.
    del images[0].SeriesDescription, images[1].ContributingEquipmentSequence
    assert is_derived_by_us(images[0])
    assert is_derived_by_us(images[1])
    del images[0].ContributingEquipmentSequence
    assert not is_derived_by_us(images[0])


def test_a_series_is_whole_or_absent(
    pet: Pet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_series(pet())
    save, calls = Dataset.save_as, []

    def fill_disk(image: Dataset, path: Path, **options: object) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        save(image, path, **options)

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Dataset, "save_as", fill_disk)
    with pytest.raises(OSError, match="No space") as caught:
        write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")
    monkeypatch.undo()
    assert caught.value.filename == str(tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before
    write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")
    with pytest.raises(DataError, match="holds something; choose another"):
        write_derived_pet(source, source.volume, "BQML", recipe, tmp_path / "out")


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "a bundle"},
        {"bundle": "x" * 49},
        {"version": ""},
        {"weights_sha256": "ABC"},
        {"action": "restored\\twice"},
        {"action": "x" * 29},
        {"text": "größer"},
        {"text": "a\\b"},
        {"text": "line\n"},
    ],
    ids=str,
)
def test_a_recipe_that_does_not_fit_a_header_is_refused(change: dict[str, str], recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match=f"expected {next(iter(change))} to be"):
        replace(recipe, **change)
