"""What the output gate says of a restored volume is seen by whoever opens it, or it is not written."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest

from taskgan_ext.clinical.open_bundle import ClinicalBundle
from taskgan_ext.clinical.output_gate import FLAGS, OutputGate
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.result import RESULT_FILE, Outcome
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import read_json

Write = Callable[..., Path]
IMPOSSIBLE = [2e30, 3e30]


def test_a_flag_is_in_every_image_and_in_the_result(
    gated: Callable[..., ClinicalBundle],
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    audited: list[dict[str, Any]],
) -> None:
    bundle = gated(peak_ratio=IMPOSSIBLE)
    result = process_folder(pet_series(tmp_path / "in"), tmp_path / "out", bundle, options)
    (entry,) = read_json(tmp_path / "out" / RESULT_FILE)["series"]
    assert (entry["outcome"], entry["flags"]) == ("flagged", ["peak_ratio"])
    assert entry["reason"] == FLAGS["peak_ratio"]
    assert result.written
    assert len(entry["files"]) == 6
    for file in entry["files"]:
        comment = pydicom.dcmread(tmp_path / "out" / file).ImageComments
        assert FLAGS["peak_ratio"] in comment
        assert "Check before use" in comment
    assert audited[0]["flags"] == ["peak_ratio"]


def test_a_flagged_series_can_be_withheld(
    gated: Callable[..., ClinicalBundle], options: ProcessOptions, pet_series: Write, tmp_path: Path
) -> None:
    bundle = gated(activity_ratio=IMPOSSIBLE)
    options = replace(options, deliver_flagged=False)
    result = process_folder(pet_series(tmp_path / "in"), tmp_path / "out", bundle, options)
    assert not result.written
    assert [path.name for path in (tmp_path / "out").iterdir()] == [RESULT_FILE]
    (entry,) = result.series
    assert (entry.outcome, entry.flags, entry.files) == (Outcome.WITHHELD, ("activity_ratio",), [])
    assert entry.measures["activity_ratio"] > 0


def test_a_decision_of_the_task_network_that_changes_is_a_flag() -> None:
    gate = OutputGate.from_dict({"task_agreement": True})
    assert gate.flags({}, (0, 1)) == ("task_disagrees",)
    assert gate.flags({}, (1, 1)) == gate.flags({}, ()) == ()
    assert OutputGate.from_dict({"task_agreement": False}).flags({}, (0, 1)) == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.89, 1.11])
def test_a_measure_out_of_bounds_or_not_finite_or_missing_is_a_flag(value: float) -> None:
    gate = OutputGate.from_dict({"activity_ratio": [0.9, 1.1]})
    assert gate.flags({"activity_ratio": value}) == gate.flags({}) == ("activity_ratio",)
    assert gate.flags({"activity_ratio": 0.9}) == ()


@pytest.mark.parametrize(
    "table", [{"sharpness": [0, 1]}, {"fit": [1, 0]}, {"fit": 1}, {"fit": [0, "a"]}, {"fit": [0, math.nan]}]
)
def test_a_gate_that_says_nothing_possible_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="gate"):
        OutputGate.from_dict(table)


def test_a_network_that_gives_no_numbers_writes_nothing(
    pet: ClinicalBundle,
    options: ProcessOptions,
    pet_series: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = pet.restoration.model
    restore = model.restore
    monkeypatch.setattr(model, "restore", lambda prepared: restore(prepared) * math.nan)
    result = process_folder(pet_series(tmp_path / "in"), tmp_path / "out", pet, options)
    assert [each.code for each in result.series] == ["nonfinite"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == [RESULT_FILE]
