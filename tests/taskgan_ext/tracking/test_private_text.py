"""A configuration that is told to others holds settings, and neither places nor names."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.tracking.private_text import clean_config, clean_parameters, is_place

OWN = {
    "dataset_dir": "$@bundle_root + '/data'",
    "device": "$torch.device('cpu')",
    "epochs": 24,
    "mode": "frozen",
    "network_def": {"_target_": "some.Network", "channels": [1, 2], "_desc_": "See the paper, fig. 2 / 3"},
    "handlers": [{"_target_": "Saver", "path": "$@ckpt_dir + '/training_state.pt'", "file": "model.pt"}],
}
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6).map(
    lambda text: f"{text}MUELLER"
)


def test_the_bundles_own_texts_stay():
    assert clean_config(OWN, [OWN]) == OWN


@given(NAMES, st.sampled_from(["dataset_dir", "task_weights", "bundle_root", "input", "exclude", "note"]))
def test_no_name_stays_in_a_place_or_an_unknown_setting(name, setting):
    for value in (name, [name], {"inner": name}, f"/home/{name}/data", f"$'{name}'", f"$@x + '/../{name}'"):
        found = json.dumps(clean_config({setting: value}, [OWN]), ensure_ascii=False)
        assert "MUELLER" not in found


@pytest.mark.parametrize("text", ["both", "reference", "0.5", "cuda:0"])
def test_a_word_stays_where_the_bundle_has_the_setting(text):
    assert clean_config({"mode": text}, [OWN]) == {"mode": text}


def test_a_word_that_is_a_file_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("MUELLER").touch()
    assert clean_config({"mode": "MUELLER"}, [OWN]) == {"mode": "<mode>"}


@pytest.mark.parametrize("text", ["/data/MUELLER", "~/MUELLER", "C:\\MUELLER", "MUELLER", "MUELLER/data"])
def test_a_path_that_was_written_into_the_bundle_goes(text):
    edited = OWN | {"dataset_dir": text}
    assert clean_config(edited, [edited])["dataset_dir"] == "<dataset_dir>"


@pytest.mark.parametrize(
    "text", ["$'/data/x'", "$open('~/x')", "$@root + '/../x'", "/x", "~", "D:/x", "\\\\x"]
)
def test_places_are_recognised(text):
    assert is_place(text)


@pytest.mark.parametrize(
    "text", ["$@root + '/models'", "model.pt", "", "https://x.org", "$torch.device('cpu')"]
)
def test_other_texts_are_no_places(text):
    assert not is_place(text)


def test_the_address_of_the_store_goes():
    assert clean_config({"tracking_uri": "http://user:secret@server", "epochs": 1}, [OWN]) == {"epochs": 1}


def test_parameters_are_numbers_words_and_fingerprints(tmp_path):
    weights = tmp_path / "MUELLER.h5"
    weights.write_bytes(b"content")
    settings = {
        "a": 0.5,
        "b": None,
        "c": [1, 2],
        "d": "both",
        "e": str(weights),
        "f": "/x/MUELLER",
        "g": ["A B"],
    }
    assert clean_parameters(settings) == {
        "a": "0.5",
        "b": "None",
        "c": "[1, 2]",
        "d": "both",
        "e": "sha256 ed7002b439e9",
        "f": "<text>",
        "g": "<texts>",
    }
