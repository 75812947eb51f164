"""Times of the synthesis: found on a training set, kept in a file."""

import logging

import pytest
import torch
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import CheckpointError, ConfigError, DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis
from taskgan_ext.mr.tuning import times_on_border
from taskgan_ext.transforms.append_analytic import AppendAnalyticd
from taskgan_ext.transforms.scale_by_percentile import ScaleByPercentiled

KEYS = ["image", "maps", "label", "mask"]


def loading():
    return Compose(
        [
            LoadImaged(KEYS, reader="NibabelReader"),
            EnsureChannelFirstd(KEYS),
            ScaleByPercentiled("image", channel=6),
            ScaleByPercentiled("label"),
        ]
    )


@pytest.fixture(scope="module")
def items(tiny_mr_cohort):
    return load_datalist(tiny_mr_cohort, "training")


@pytest.fixture(scope="module")
def synthesis(items, tmp_path_factory):
    return TunedSynthesis(tmp_path_factory.mktemp("synthesis") / "model.pt", items, loading(), "abc")


def test_every_contrast_is_there_in_the_order_of_the_classes(synthesis):
    assert tuple(synthesis.entries) == CONTRASTS
    assert {name: entry.nominal for name, entry in synthesis.entries.items()} == load_protocols()


def test_times_of_exact_physics_are_found_again(synthesis):
    # The targets of the tiny cohort follow the equations, so nothing may be gained by other times.
    for name in ("T1w", "T2w", "STIR", "PDw"):
        entry = synthesis.entries[name]
        assert entry.tuned.times == pytest.approx(entry.nominal.times, rel=0.1)
        assert entry.scale == pytest.approx(entry.nominal_scale, rel=0.02)


def test_analytic_image_comes_close_to_a_scan_that_follows_the_physics(synthesis, items):
    for item in items[:6]:
        loaded = AppendAnalyticd(synthesis, compare=True)(loading()(dict(item)))
        inside = loaded["mask"] > 0
        error = (loaded["analytic"] - loaded["label"])[inside].as_tensor()
        assert float(error.square().mean().sqrt()) < 0.08, item["contrast"]


def test_analytic_channels_are_those_of_the_table(synthesis, items):
    loaded = AppendAnalyticd(synthesis, compare=True)(loading()(dict(items[3])))
    assert loaded["image"].shape[0] == 14
    assert "maps" not in loaded
    assert torch.equal(loaded["image"][8 + items[3]["property"]], loaded["analytic"][0])


def test_item_without_a_protocol_gets_the_nominal_one(synthesis, items):
    item = {key: value for key, value in items[3].items() if key != "protocol"}
    loaded = AppendAnalyticd(synthesis)(loading()(item))
    assert loaded["protocol"] == [9.0, 0.12, 2.47]


def test_file_gives_the_same_table_without_any_data(synthesis):
    synthesis.save()
    assert TunedSynthesis(synthesis.path.with_name("model.pt")).entries == synthesis.entries
    before = synthesis.path.read_bytes()
    synthesis.save()
    assert synthesis.path.read_bytes() == before


def test_file_tells_which_times_lie_on_the_border_of_the_search(synthesis):
    synthesis.save()
    found = {name: entry["border"] for name, entry in read_json(synthesis.path)["contrasts"].items()}
    assert found == {name: times_on_border(entry) for name, entry in synthesis.entries.items()}


def test_file_tells_how_the_training_scans_were_acquired(synthesis):
    synthesis.save()
    found = TunedSynthesis(synthesis.path.with_name("model.pt")).acquisition
    assert found == synthesis.acquisition
    assert found.voxel_mm == pytest.approx((4, 4, 5))
    assert found.times["delays"] == pytest.approx((0.146, 0.546, 1.879, 3.879))


@pytest.fixture(scope="module")
def few(items, tmp_path_factory):
    """Tuned on two of the six contrasts."""
    chosen = [item for item in items if item["contrast"] in ("T1w", "T2FLAIR")]
    return TunedSynthesis(tmp_path_factory.mktemp("few") / "model.pt", chosen, loading(), "abc")


def test_contrasts_without_scans_keep_the_times_of_the_table_and_their_channel(few, items):
    assert tuple(few.entries) == CONTRASTS
    assert [name for name, entry in few.entries.items() if entry.trained] == ["T1w", "T2FLAIR"]
    assert few.entries["STIR"].tuned == load_protocols()["STIR"]
    assert AppendAnalyticd(few)(loading()(dict(items[0])))["image"].shape[0] == 14


def test_contrasts_without_scans_have_the_unit_of_scaled_scans(few, synthesis):
    # The targets of the tiny cohort follow the equations, so that scans would give about the same factor.
    for name in ("T2w", "STIR", "PDw"):
        assert few.entries[name].scale == pytest.approx(synthesis.entries[name].nominal_scale, rel=0.1)


def test_contrasts_without_scans_are_named_as_the_file_is_written(few, caplog):
    with caplog.at_level(logging.WARNING):
        few.save()
    (notice,) = caplog.records
    assert notice.getMessage().startswith("no training scans of T1FLAIR, T2w, STIR, PDw:")
    assert TunedSynthesis(few.path.with_name("model.pt")).entries == few.entries


@pytest.mark.parametrize("change", [{"contrast": "T2-FLAIR"}, {"property": 2}])
def test_a_contrast_that_the_classes_do_not_know_is_refused(items, tmp_path, change):
    with pytest.raises(
        DataError, match=r"sub-\d+: expected a contrast among T1w, .* and as property its index"
    ):
        _ = TunedSynthesis(tmp_path / "model.pt", [items[3] | change], loading()).entries


def test_table_of_other_data_is_not_taken_over_silently(synthesis, items):
    synthesis.save()
    with pytest.raises(ConfigError, match="expected times tuned on the data list xyz, got abc"):
        TunedSynthesis(synthesis.path.with_name("model.pt"), items, loading(), "xyz").save()


def test_missing_file_says_what_makes_it(tmp_path):
    with pytest.raises(CheckpointError, match="found no file; make them with: make train"):
        _ = TunedSynthesis(tmp_path / "model.pt", make_with="make train").entries


def test_broken_file_is_named(synthesis, tmp_path):
    synthesis.save()
    content = read_json(synthesis.path)
    del content["contrasts"]["T1w"]["scale"]
    path = tmp_path / "synthesis.json"
    write_json(path, content)
    with pytest.raises(CheckpointError, match=r"synthesis.json: .*'scale'"):
        _ = TunedSynthesis(path.with_name("model.pt")).entries
