"""Values of settings that cannot be meant are refused by name, before anything is trained."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.bundle.settings import COUNT, NUMBERS, RATE, Number, check_settings
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json

BUNDLES = Path(__file__).parents[3] / "bundles"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", "-3", "a whole number of at least 1, got -3; leave it out for 2"),
        ("epochs", "0", "a whole number of at least 1, got 0"),
        ("epochs", "2.5", "a whole number of at least 1, got 2.5"),
        ("task_epochs", "-1", "a whole number of at least 0, got -1"),
        ("batch_size", "0", "a whole number of at least 1, got 0; leave it out for 4"),
        ("learning_rate", "abc", "a number above 0, got 'abc'; leave it out for 0.001"),
        ("learning_rate", "0", "a number above 0, got 0"),
        ("mu_task", "1e999", "a number of at least 0, got inf"),
        ("seed", "x", "a whole number from 0 to 4294967295, got 'x'"),
        ("seed", "True", "a whole number from 0 to 4294967295, got True"),
        ("train::trainer::max_epochs", "-1", "a whole number of at least 1, got -1; leave it out for 2"),
        ("move#lr", "fast", "a number above 0, got 'fast'; leave it out for 0.001"),
        ("amp", "yes", "True or False, got 'yes'; leave it out for False"),
        ("level", "high", "a number, got 'high'; leave it out for 4"),
        (
            "crop",
            "64",
            "a list of 3, each a whole number of at least -1, got 64; leave it out for [32, 32, -1]",
        ),
        ("crop", "[64]", "a list of 3, each a whole number of at least -1, got [64]"),
        ("crop", "[64,64,1.5]", "a list of 3, each a whole number of at least -1, got [64, 64, 1.5]"),
        ("slices", "[1]", "a list of 2, each a whole number of at least 0, got [1]; correct it"),
        ("network_def::channels", "3", "a list, got 3; leave it out for [4, 8]"),
    ],
)
def test_a_value_of_another_kind_or_out_of_range_is_refused(words, name, value, expected):
    with pytest.raises(ConfigError) as caught:
        check_settings(words(f"--{name}", value))
    assert str(caught.value).startswith(f"--{'::'.join(re.split('#', name))}: expected {expected}")


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--epochs", "3", "--learning_rate", "1e-4", "--mu_task", "0", "--task_epochs=0"],
        ["--epochs", "$1 + 2", "--learning_rate", "@mu_task", "--epoch_samples", "None"],
        ["--amp", "--crop", "(16,16,-1)", "--slices", "[1,4]", "--level", "2.5"],
        ["--crop", "['@level',16,-1]", "--slices", "None"],
        ["--network_def::channels", "[8,16]", "--train::trainer::max_epochs", "$@epochs * 2"],
        ["--device", "cuda:0", "--run_name", "5", "--train::hyperparameters::seed", "1"],
    ],
)
def test_values_that_can_be_meant_are_accepted(words, more):
    check_settings(words(*more))


@pytest.mark.parametrize("more", [["--run_name"], ["--run_name", "--epochs", "3"], ["--device"]])
def test_a_setting_without_its_value_is_refused(words, more):
    with pytest.raises(ConfigError, match=f"{more[0]}: expected a value, got none; leave it out for"):
        check_settings(words(*more))


def test_all_faults_are_named_at_once(words):
    with pytest.raises(ConfigError, match=r"--epochs: .*; --learning_rate: "):
        check_settings(words("--epochs", "-1", "--learning_rate", "-1"))


def test_a_fault_of_a_file_is_named_with_the_file(words, train):
    own = train.with_name("own.json")
    write_json(own, {"batch_size": 0})
    arguments = words()
    arguments[4] = str([str(train), str(own)])
    with pytest.raises(ConfigError, match=r"^batch_size: expected .* got 0; correct own\.json$"):
        check_settings(arguments)
    check_settings([*arguments, "--batch_size", "2"])


def test_other_programs_are_left_alone(words):
    check_settings(["pytest", *words("--epochs", "-1")[1:]])


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none() | st.lists(st.integers()))
def test_a_count_is_a_positive_integer(value):
    assert COUNT.allows(value) == (type(value) is int and value >= 1)
    assert not RATE.allows(value) or (type(value) in {int, float} and 0 < value < float("inf"))
    assert Number(optional=True).allows(value) == (value is None or Number().allows(value))


@pytest.mark.parametrize(
    "file", sorted(BUNDLES.glob("*/configs/*.json")), ids=lambda file: "/".join(file.parts[-3::2])
)
def test_the_numbers_of_the_bundles_are_in_range(file):
    content = json.loads(file.read_text(encoding="utf-8"))
    content |= content.get("configs", {})
    assert all(number.allows(content[name]) for name, number in NUMBERS.items() if name in content)
