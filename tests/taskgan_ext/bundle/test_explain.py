"""What MONAI raises for the faults that users make most becomes one line that says what to do."""

import sys

import pytest
from monai.bundle import ConfigParser, ConfigWorkflow

from taskgan_ext.bundle.explain import explain, summarise
from taskgan_ext.io.atomic import write_json


def error_of(id_, **content):
    """What MONAI raises for one id of a configuration."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # of any kind: the kind is MONAI's
        ConfigParser({"imports": ["$import torch"]} | content).get_parsed_content(id_)
    return caught.value


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A configuration file that the command line names."""
    file = tmp_path / "configs" / "train.json"
    write_json(file, {"learning_rate": 0.1, "run": [], "training": "%run", "evaluating": "%run"})
    monkeypatch.setattr(sys, "argv", ["monai", "run", "--config_file", str(file)])
    return file


def test_a_missing_id_is_named_with_the_nearest_one(files):
    line = explain(error_of("rate", rate="@learning_rates"))
    assert line == (
        "the configuration refers to @learning_rates, which no file defines (did you mean @learning_rate?)"
    )


def test_a_run_that_no_file_has_is_named_with_the_nearest_one(files):
    workflow = ConfigWorkflow(str(files), workflow_type="train", run_id="trainin", logging_file=False)
    with pytest.raises(ValueError, match="run ID") as caught:
        workflow.run()
    assert "did you mean training?" in explain(caught.value)


def test_a_package_that_is_not_installed_is_named():
    line = explain(error_of("net", net={"_target_": "no_such_package.Network"}))
    assert line == (
        "_target_ 'no_such_package.Network': package 'no_such_package' is not installed; install it with pip"
    )


def test_a_misspelt_class_is_named_with_the_nearest_one():
    line = explain(error_of("net", net={"_target_": "taskgan_ext.networks.UNetGenerater"}))
    assert line.startswith(
        "_target_ 'taskgan_ext.networks.UNetGenerater': taskgan_ext.networks has no 'UNetGenerater' "
        "(did you mean UNetGenerator"
    )


def test_a_class_of_another_package_without_its_path_is_explained():
    assert "full path" in explain(error_of("net", net={"_target_": "UNetGenerator"}))


def test_a_misspelt_argument_is_named_with_the_nearest_one():
    loss = {"_target_": "taskgan_ext.losses.TaskLoss", "matchh": "features"}
    line = explain(error_of("loss", loss=loss))
    assert line == "taskgan_ext.losses.TaskLoss takes no 'matchh' (did you mean match?)"


def test_an_argument_that_resembles_none_brings_the_list():
    loss = {"_target_": "taskgan_ext.losses.TaskLoss", "zzz": 1}
    assert "expected some of: " in explain(error_of("loss", loss=loss))


def test_a_missing_argument_is_named():
    line = explain(error_of("move", move={"_target_": "torch.optim.swa_utils.AveragedModel"}))
    assert line.startswith("torch.optim.swa_utils.AveragedModel: missing 1 required positional argument")


@pytest.mark.parametrize("fault", ["1/0", "numpi.e", "'a'"])
def test_an_expression_that_fails_is_shown_as_the_file_has_it(fault):
    line = explain(error_of("rate", base=2, rate=f"$@base + {fault}"))
    assert line.startswith(f"the expression $@base + {fault} of the configuration fails: ")


@pytest.mark.parametrize(
    "text",
    [
        "Torch not compiled with CUDA enabled",
        "No CUDA GPUs are available",
        "CUDA error: invalid device ordinal",
    ],
)
def test_a_gpu_that_is_not_there_is_explained(text):
    error = RuntimeError("Failed to evaluate ConfigExpression: \"$@net.to('cuda')\"")
    error.__cause__ = AssertionError(text)
    assert explain(error).startswith("device: the configuration asks for a GPU that is not there")


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"_target_": "torch.optim.Adam", "params": [], "lr": 0.1}, "torch.optim.Adam cannot be built from"),
        ({"_target_": "taskgan_ext.networks.UNetGenerator", "channels": 3}, "'int'"),
        ({"_target_": "DataLoader", "dataset": [1], "batch_size": 0}, "batch_size should be a positive"),
    ],
)
def test_a_value_that_a_component_refuses_is_one_line(component, expected):
    line = explain(error_of("step", step=component))
    assert expected in line
    assert "\n" not in line


def test_the_settings_that_the_component_was_given_are_named(words, monkeypatch):
    monkeypatch.setattr(
        sys, "argv", words("--learning_rate", "-1", "--crop", "[1,1,1]", "--move::betas", "x")
    )
    step = {"_target_": "torch.optim.Adam", "params": "$[torch.zeros(1)]", "lr": -1}
    line = explain(error_of("step", step=step))
    assert line.endswith("Invalid learning rate: -1; correct --learning_rate -1, --move::betas x")


def test_an_argument_that_a_parent_refuses_is_named():
    trainer = {"_target_": "taskgan_ext.engines.TaskNetworkTrainer", "max_epoch": 1, "device": "cpu"}
    trainer |= {"max_epochs": 1, "train_data_loader": [], "network": "$torch.nn.Linear(1, 1)", "optimizer": 1}
    line = explain(error_of("trainer", trainer=trainer))
    assert line.startswith(
        "taskgan_ext.engines.TaskNetworkTrainer takes no 'max_epoch' (did you mean max_epochs"
    )


@pytest.mark.parametrize("device", ["gpu", "gpu:0", "cuda:x", "cuda:"])
def test_a_device_that_does_not_exist_is_named(device):
    line = explain(error_of("move", device=device, move="$torch.zeros(1).to(@device)"))
    assert line.startswith("device: expected cpu, cuda or one GPU such as cuda:0, got ")


def test_a_path_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    error = error_of("make", path=tmp_path / "file" / "below", make="$@path.mkdir()")
    assert explain(error) == (
        f"{tmp_path}/file/below: Not a directory; give another path, or make this one usable"
    )


def test_a_path_that_was_dealt_with_is_not_blamed(tmp_path):
    error = KeyError("wrong")
    error.__context__ = FileNotFoundError(2, "No such file or directory", str(tmp_path))
    assert explain(error) is None


def test_an_error_within_a_component_of_others_keeps_its_traceback_and_names_the_component(
    tmp_path, monkeypatch
):
    (tmp_path / "own_component.py").write_text("class Own:\n    def __init__(self, x):\n        int(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    error = error_of("step", step={"_target_": "own_component.Own", "x": "a"})
    assert explain(error) is None
    assert summarise(error).startswith(
        "own_component.Own could not be built from the configuration: ValueError"
    )


def test_an_error_of_programming_is_not_explained():
    error = ValueError("wrong")
    assert explain(error) is None
    assert summarise(error) is None
    assert explain(None) is None
