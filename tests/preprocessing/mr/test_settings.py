import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.mr.effects import Effects
from preprocessing.mr.settings import SimulationSettings
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.mr.protocol import Protocol


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seed", -1),
        ("resolution", 3.0),
        ("num_slices", 0),
        ("num_slices", 31),
        ("patient_fraction", 1.1),
        ("tissue_spread", 0.5),
        ("file_format", "png"),
        ("vendor", "acme"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(setting, value):
    with pytest.raises(ConfigError, match=f"simulation setting {setting}: expected .*, got {value}"):
        SimulationSettings(**{setting: value})


@pytest.mark.parametrize("name", ["snr", "motion_sd", "rotation_sd", "shift_sd"])
def test_a_negative_effect_is_refused(name):
    with pytest.raises(ConfigError, match=f"effect {name}: expected 0 or more, got -1"):
        Effects(**{name: -1.0})


def test_no_effects_means_all_are_off():
    assert not any(Effects.none().to_dict().values())
    assert all(Effects().to_dict().values())


@pytest.mark.parametrize(
    ("protocols", "message"),
    [
        ({}, "got none"),
        ({"DIR": Protocol(5.0, 0.1)}, "got DIR"),
        ({"STIR": Protocol(0.4, 0.06, 0.3)}, "STIR: expected TR - TI above the 0.16 s"),
    ],
)
def test_protocols_that_cannot_be_simulated_are_refused(protocols, message):
    with pytest.raises(ConfigError, match=message):
        SimulationSettings(protocols=protocols)


def test_a_file_of_tissue_maps_serves_one_subject(tmp_path):
    path = tmp_path / "maps.nii.gz"
    with pytest.raises(DataError, match=r"maps\.nii\.gz: expected a file of tissue maps, found none"):
        SimulationSettings(tissue_maps=(path,))
    path.touch()
    with pytest.raises(ConfigError, match="got one twice"):
        SimulationSettings(tissue_maps=(path, tmp_path / "." / "maps.nii.gz"))


@given(st.integers(1, 200), st.floats(0, 1))
def test_patients_meet_the_quota_for_every_cohort_size(num_subjects, fraction):
    settings = SimulationSettings(patient_fraction=fraction)
    drawn = sum(settings.drawn_patient(index) for index in range(num_subjects))
    assert abs(drawn - num_subjects * fraction) <= 0.5 + 1e-9


def test_44_of_67_have_lesions_as_in_the_paper():
    settings = SimulationSettings()
    assert sum(settings.drawn_patient(index) for index in range(67)) == 44


def test_settings_survive_json():
    content = SimulationSettings().to_dict()
    assert json.loads(json.dumps(content)) == content
