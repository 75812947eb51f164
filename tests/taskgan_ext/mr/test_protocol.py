"""The table of contrasts."""

import pytest

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols


def test_default_table_has_every_contrast_in_class_order():
    protocols = load_protocols()
    assert tuple(protocols) == CONTRASTS
    inverted = {name for name, protocol in protocols.items() if protocol.inversion_time is not None}
    assert inverted == {"T1FLAIR", "T2FLAIR", "STIR"}
    assert protocols["T2FLAIR"] == Protocol(9.0, 0.120, 2.47)


def test_table_survives_the_round_trip(tmp_path):
    protocols = load_protocols()
    write_json(tmp_path / "site.json", {name: protocol.to_dict() for name, protocol in protocols.items()})
    assert load_protocols(tmp_path / "site.json") == protocols


@pytest.mark.parametrize(
    "times",
    [
        (0.65, 0.7),
        (0.65, 0.0),
        (2.5, 0.01, 2.5),
        (2.5, 0.01, -1.0),
        (float("inf"), 0.01),
        (650, float("nan")),
    ],
    ids=["TE above TR", "no TE", "TI not below TR", "negative TI", "infinite TR", "nan"],
)
def test_impossible_times_are_refused(times):
    with pytest.raises(ConfigError, match="TE and TI between 0 and TR"):
        Protocol(*times)


@pytest.mark.parametrize("times", [(650, 10), (3000, 1.5), (50, 10, 2.5)])
def test_times_in_milliseconds_are_refused(times):
    with pytest.raises(ConfigError, match=r"TR of at most 60 s.*times are in seconds"):
        Protocol(*times)


def test_a_misspelt_contrast_is_named_with_its_file(tmp_path):
    write_json(tmp_path / "site.json", {"T1W": {"repetition_time": 0.5, "echo_time": 0.01}})
    with pytest.raises(ConfigError, match=r"site\.json: expected contrasts among T1w, .* got T1W"):
        load_protocols(tmp_path / "site.json")


@pytest.mark.parametrize(
    "entry",
    [
        {"repetition_time": 1.0},
        {"TR": 1.0, "TE": 0.1},
        [1.0, 0.1],
        {"repetition_time": 1.0, "echo_time": 2.0},
    ],
    ids=["missing time", "other names", "list", "impossible"],
)
def test_wrong_entry_is_named_with_its_file(tmp_path, entry):
    write_json(tmp_path / "site.json", {"T1w": entry})
    with pytest.raises(ConfigError, match=r"site\.json: T1w: expected repetition_time, echo_time"):
        load_protocols(tmp_path / "site.json")


def test_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"site\.json"):
        load_protocols(tmp_path / "site.json")
