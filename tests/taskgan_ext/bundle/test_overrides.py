"""Settings that no configuration file knows are refused, with the nearest valid ones."""

import json

import monai.bundle
import pytest

from taskgan_ext.bundle.overrides import check_overrides
from taskgan_ext.errors import ConfigError

PROGRAM = f"{next(iter(monai.bundle.__path__))}/__main__.py"


@pytest.fixture
def train(tmp_path):
    """A configuration file with a few ids, and a delta beside it."""
    (tmp_path / "train.json").write_text(
        json.dumps(
            {
                "learning_rate": 0.1,
                "epochs": 1,
                "train": {"trainer": {"_target_": "taskgan_ext.engines.TaskGANTrainer", "max_epochs": 1}},
                "network": {"_target_": "taskgan_ext.networks.UNetGenerator", "channels": [4, 8]},
                "loader": {"_target_": "DataLoader", "dataset": []},
            }
        ),
        encoding="utf-8",
    )
    (tmp_path / "evaluate.json").write_text(
        json.dumps({"+train": {"handlers": []}, "judge": {"seed": 1}, "judge_epochs": 2}), encoding="utf-8"
    )
    return tmp_path / "train.json"


def check(train, *words):
    check_overrides([PROGRAM, "run", "training", "--config_file", str(train), *words])


def test_a_typo_is_refused_with_the_nearest_id(train):
    with pytest.raises(ConfigError, match=r"--learning_rat \(did you mean --learning_rate\?\).*train\.json"):
        check(train, "--learning_rat", "0.1")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("train::trainer::max_epoch", "train::trainer::max_epochs"),
        ("train#trainer#amq", "train::trainer::amp"),
        ("train::trainer::network_deff", None),
        ("train::trainr", "train::trainer"),
        ("network::channel", "network::channels"),
        ("network::dropuot", "network::dropout"),
    ],
)
def test_a_typo_below_the_top_level_is_refused(train, name, near):
    with pytest.raises(ConfigError) as caught:
        check(train, f"--{name}", "3")
    expected = f"unknown settings: --{name.replace('#', '::')}"
    assert str(caught.value).startswith(expected)
    assert near is None or str(caught.value).count(f"--{near}") == 1


@pytest.mark.parametrize(
    "name",
    [
        "network::dropout",  # an argument that the file leaves out
        "network::_disabled_",
        "train::trainer::key_metric",  # of MONAI's trainer, which the class passes it on to
        "loader::num_workers",  # of a class without its full path, which takes any name
        "_meta_::anything",
    ],
)
def test_a_new_argument_of_a_component_is_accepted(train, name):
    check(train, f"--{name}", "1")


def test_all_unknown_settings_are_named_at_once(train):
    with pytest.raises(ConfigError, match=r"--epoch \(.*--epochs.*; --zzzzzz"):
        check(train, "--epoch=3", "--zzzzzz", "--learning_rate", "0.2")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--learning_rate", "0.2"], id="word"),
        pytest.param(["--learning_rate=0.2"], id="equals-sign"),
        pytest.param(["--learning-rate", "0.2"], id="dash-in-the-name"),
        pytest.param(["-epochs", "-1"], id="one-dash-and-a-negative-value"),
        pytest.param(["--train#trainer#max_epochs", "2"], id="nested-with-hash"),
        pytest.param(["--train::trainer::max_epochs", "2"], id="nested-with-colons"),
        pytest.param(["--_meta_::version", "2"], id="metadata"),
        pytest.param(["--meta_file", "m", "--logging_file", "l", "--args_file", "a"], id="files"),
        pytest.param(["--run_id", "r", "--init_id", "i", "--final_id", "f"], id="run-ids"),
        pytest.param(["--workflow_type", "train", "--properties_path", "p"], id="workflow"),
        pytest.param(["--tracking", "mlflow", "--tracking_uri", "u", "--run_name", "r"], id="tracking"),
        pytest.param(["--", "--trace"], id="flags-of-fire"),
    ],
)
def test_known_settings_are_accepted(train, words):
    check(train, *words)


def test_ids_of_a_delta_count(train):
    both = str([str(train), str(train.with_name("evaluate.json"))])
    check_overrides([PROGRAM, "run", "--config_file", both, "--judge_epochs", "1", "--judge::seed", "3"])
    with pytest.raises(ConfigError, match="--judge_epochs"):
        check(train, "--judge_epochs", "1")


def test_tracking_ids_are_unknown_without_tracking(train):
    with pytest.raises(ConfigError, match="--experiment_name"):
        check(train, "--experiment_name", "e")


def test_ids_of_a_tracking_file_count(train, tmp_path):
    settings = tmp_path / "tracking.json"
    settings.write_text(json.dumps({"handlers_id": {}, "configs": {"team": "a"}}), encoding="utf-8")
    check(train, "--tracking", str(settings), "--team", "b")


@pytest.mark.parametrize("program", ["pytest", "/opt/monai/app/__main__.py"])
def test_command_lines_of_other_programs_are_none_of_our_business(train, program):
    check_overrides([program, "--config_file", str(train), "--learning_rat", "0.1"])


def test_without_a_config_file_nothing_is_checked():
    check_overrides([PROGRAM, "run", "--args_file", "args.json", "--anything", "1"])
