import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.pet.cohort_settings import CohortSettings
from taskgan_ext.errors import ConfigError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seed", -1),
        ("preset", "medium"),
        ("doses", ()),
        ("doses", (0.0,)),
        ("doses", (1.0,)),
        ("doses", (0.05, 0.01)),
        ("doses", (0.01, 0.01)),
        ("realisations", 0),
        ("realisations", 101),
        ("num_slices", 0),
        ("positive_fraction", 1.1),
        ("listmode_subjects", -1),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(setting, value):
    with pytest.raises(ConfigError, match=f"cohort setting {setting}: expected .*, got "):
        CohortSettings(**{setting: value})


@given(st.integers(1, 200), st.floats(0, 1))
def test_drawn_positives_meet_the_quota_for_every_cohort_size(num_subjects, fraction):
    settings = CohortSettings(positive_fraction=fraction)
    drawn = sum(settings.drawn_positive(index) for index in range(num_subjects))
    assert abs(drawn - num_subjects * fraction) <= 0.5 + 1e-9


def test_ten_of_forty_are_drawn_positive_as_in_the_paper():
    assert sum(CohortSettings().drawn_positive(index) for index in range(40)) == 10


def test_settings_survive_json():
    content = CohortSettings().to_dict()
    assert json.loads(json.dumps(content)) == content
