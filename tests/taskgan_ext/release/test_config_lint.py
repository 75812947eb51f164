"""What a configuration may call and evaluate is a short list, and everything beside it is refused unread."""

import json

import pytest
from bundle_runs import BUNDLES
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgan_ext.errors import BundleError
from taskgan_ext.release.allowed_expressions import is_allowed_expression
from taskgan_ext.release.allowed_targets import is_allowed_target
from taskgan_ext.release.config_lint import lint_bundle, lint_config, lint_logging
from taskgan_ext.release.contents import ALLOWED


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_the_bundles_of_this_project_pass(bundle):
    paths = [path.relative_to(bundle).as_posix() for path in (bundle / "configs").iterdir()]
    lint_bundle(bundle, [path for path in paths if ALLOWED.fullmatch(path)])


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "eval",
        "open",
        "torch.os.system",
        "torch.load",
        "torch.hub.load",
        "torch.optim.os.system",
        "torch.utils.cpp_extension.load",
        "monai.bundle.run",
        "monai.bundle.ConfigWorkflow",
        "monai.data.utils.os.system",
        "monai.apps.utils.download_url",
        "monai.apps.nnunet.nnUNetV2Runner",
        "nnUNetV2Runner",
        "AutoRunner",
        "download_url",
        "taskgan_ext.os.system",
        "taskgan_ext.io.optional_package.load_optional",
        "taskgan_ext.io.optional_package.importlib.import_module",
        "taskgan_ext.bundle.messages.sys.exit",
        "taskgan_ext.bundle.overrides.monai_run",
        "taskgan_ext.bundle.overrides._names",
        "taskgan_ext.dicom.decode_child.main",
        "taskgan_ext.networks.NoSuchNetwork",
        "taskgan_ext.networks",
        "taskgan_ext",
        "taskgan_ext.",
        "taskgan_ext_evil.networks.UNetGenerator",
        "taskgan_ext.networks...UNetGenerator",
        "taskgan_ext.networks/../networks.UNetGenerator",
        "scripts.network.MyNet",
        "$__import__('os').system",
        "@target",
        "",
        None,
        3,
        ["os.system"],
        {"_target_": "os.system"},
    ],
)
def test_a_target_that_nobody_reviewed_is_refused(target):
    assert not is_allowed_target(target)
    assert lint_config({"run": [{"_target_": target}]}) == [f"run::0: _target_ {target!r}"]


@pytest.mark.parametrize(
    "target",
    [
        "Compose",
        "DataLoader",
        "SupervisedEvaluator",
        "MLFlowHandler",
        "monai.transforms.RandFlipd",
        "monai.networks.nets.UNet",
        "torch.nn.L1Loss",
        "torch.optim.AdamW",
        "torch.optim.lr_scheduler.StepLR",
        "ignite.metrics.Loss",
        "taskgan_ext.networks.UNetGenerator",
        "taskgan_ext.networks.unet_generator.UNetGenerator",
        "taskgan_ext.bundle.start_bundle",
        "taskgan_ext.io.presentation.Presentation",
    ],
)
def test_what_networks_are_built_fed_and_measured_with_is_allowed(target):
    assert is_allowed_target(target)
    assert lint_config({"_target_": target}) == []


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "import os",
        "import os.path",
        "import torch as t",
        "import torch, os",
        "from os import system",
        "import torch; import os",
        "exec('import os')",
        "eval('1')",
        "open('file')",
        "print(1)",
        "torch.os.system('true')",
        "torch.load('file')",
        "torch.hub.load('a', 'b')",
        "torch",
        "@network.__class__",
        "@network.load_state_dict(@other)",
        "@network.module.__init__",
        "@network.to(open('file'))",
        "@network.to(**@other)",
        "@network.to(*@other)",
        "@network[0]",
        "(1).__class__.__mro__",
        "''.join(['a'])",
        "lambda: 1",
        "[x for x in @list]",
        "(yield)",
        "f'{@a}'",
        "a := 1",
        "10 ** 10 ** 10",
        "1 << 99999",
        "{**@a}",
        "@a; @b",
        "1 +",
        "",
        "\0",
        "(" * 500,
        "os",
        "reference_of_the_configuration.__class__",
        "monai.bundle.run('x')",
        "monai.utils.set_determinism.__globals__",
        "torch.device(torch.load('x'))",
    ],
)
def test_an_expression_that_nobody_reviewed_is_refused(expression):
    assert not is_allowed_expression(expression)
    assert len(lint_config({"a": {"b": f"${expression}"}})) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "import monai",
        "@seed + 1",
        "@bundle_root + '/models/model.pt'",
        "@train::trainer.run()",
        "@train#trainer.run()",
        "@network_def.to(@device)",
        "@weight > 0",
        "torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "monai.handlers.from_engine(['pred', 'label'])",
        "not @flag and (@a or @b)",
        "-1 * @rate / 2",
    ],
)
def test_arithmetic_choice_and_listed_calls_are_allowed(expression):
    assert is_allowed_expression(expression)
    assert lint_config([f"${expression}"]) == []


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_judged_without_an_error(text):
    assert is_allowed_expression(text) in {True, False}
    assert is_allowed_target(text) in {True, False}
    assert isinstance(lint_config({"a": f"${text}", "b": text}), list)


@pytest.mark.parametrize(
    "text",
    [
        "/home/somebody/data",
        "~/data",
        "C:\\data",
        "c:/data",
        "\\\\server\\share",
        "file:///data",
        "python -m preprocessing pet --out /scratch/data",
        "$'/mnt/data' + @name",
        "$'/mnt/data'",
        "$'python -m x --out /mnt/data ' + @bundle_root",
        "$@bundle_root + '/../other'",
        "../other",
        "$monai.utils.path_to_sqlite_uri('/var/mlruns.db')",
        "%/etc/other.json::run",
        "%other.json::run",
        "%configs/other.json",
    ],
)
def test_a_path_of_somebodys_machine_and_other_files_are_refused(text):
    assert len(lint_config({"dataset_dir": text})) == 1


@pytest.mark.parametrize(
    "text", ["%run", "%train::handlers", "@a::b", "1/2", "PET / MR", "n/a", "https://example.org/x", "a: b"]
)
def test_plain_texts_and_references_are_allowed(text):
    assert lint_config({"a": text}) == []


def test_a_debugger_is_refused():
    assert lint_config({"a": {"_target_": "Compose", "_mode_": "debug"}}) == ["a: _mode_ 'debug'"]


def test_every_place_of_a_configuration_is_looked_at():
    bad = "$__import__('os')"
    content = {"a": [{"_disabled_": bad}, [bad]], "_requires_": [bad], "imports": [bad], "_meta_": {"b": bad}}
    assert [line.partition(":  ")[0].split(": ")[0] for line in lint_config(content)] == [
        "a::0::_disabled_",
        "a::1::0",
        "_requires_::0",
        "imports::0",
        "_meta_::b",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "class=logging.FileHandler",
        "class=os.system",
        "args=(__import__('os').system('true'),)",
        "args=('file', 'w')",
        "kwargs={}",
    ],
)
def test_logging_that_python_would_evaluate_otherwise_is_refused(line):
    assert len(lint_logging(f"[handler_a]\n{line}\n")) == 1


def test_logging_that_cannot_be_parsed_is_refused():
    assert lint_logging("class=os.system") == ["cannot be parsed (MissingSectionHeaderError)"]


@pytest.mark.parametrize("text", ['{"run": [], "run": ["$evil"]}', "{", "[" * 100_000, '{"a": NaN'])
def test_json_that_two_parsers_may_read_differently_is_refused(tmp_path, text):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/train.json").write_text(text)
    with pytest.raises(BundleError, match=r"train\.json: expected JSON"):
        lint_bundle(tmp_path, ["configs/train.json"])


def test_the_message_names_file_id_and_text(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"run": [{"_target_": "os.system", "command": "true"}]}))
    with pytest.raises(BundleError, match=r"run\.json: run::0: _target_ 'os\.system'"):
        lint_bundle(tmp_path, ["run.json"])
