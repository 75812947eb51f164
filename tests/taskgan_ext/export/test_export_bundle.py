"""An export is kept if its numbers are those of the checkpoint, and its record says so."""

import sys

import onnx
import onnxruntime
import pytest
import torch

from taskgan_ext.errors import CheckpointError, ConfigError, DependencyError
from taskgan_ext.export import export_bundle
from taskgan_ext.export.export_bundle import READERS, RECORD
from taskgan_ext.export.trained_generator import load_generator
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.networks import UNetGenerator


def names_in(bundle):
    return sorted(path.name for path in (bundle / "models").iterdir())


@pytest.fixture
def broken_reader(monkeypatch):
    """Makes every ONNX file give half of what it should."""
    read = READERS["onnx"]
    monkeypatch.setitem(READERS, "onnx", lambda path: lambda image: 0.5 * read(path)(image))


def test_files_and_record_lie_beside_the_checkpoint(exported):
    paths = [exported / "models" / name for name in ("model.pt2", "model.onnx", RECORD)]
    assert names_in(exported) == sorted(["model.pt", *(path.name for path in paths)])
    record = read_json(paths[-1])
    assert record["checkpoint_sha256"] == sha256(exported / "models" / "model.pt")
    assert record["versions"]["torch"] == torch.__version__
    assert record["input"]["axes"] == ["batch", 2, "4 * height", "4 * width"]
    for path in paths[:2]:
        entry = record["formats"][path.suffix[1:]]
        assert entry["sha256"] == sha256(path)
        assert entry["bytes"] == path.stat().st_size
        assert len(entry["checks"]) == 3
        assert all(check["relative_difference"] <= record["tolerance"] for check in entry["checks"])


def test_the_program_takes_shapes_that_it_was_not_traced_with(exported):
    program = exported / "models" / "model.pt2"
    facts = {"checkpoint_sha256": "", "size_multiple": ""}
    network = torch.export.load(program, extra_files=facts).module()
    assert facts == {
        "checkpoint_sha256": sha256(exported / "models" / "model.pt"),
        "size_multiple": "4",
    }
    generator = load_generator(exported).network
    for shape in ((1, 2, 8, 60), (7, 2, 24, 8)):
        image = torch.rand(shape, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            torch.testing.assert_close(network(image), generator(image))
    with pytest.raises(AssertionError, match=r"size|shape|Guard"):
        network(torch.rand(1, 2, 10, 12))


def test_the_onnx_file_is_valid_and_names_its_axes(exported):
    path = exported / "models" / "model.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    (image,), (pred,) = model.graph.input, model.graph.output
    assert (image.name, pred.name) == ("image", "pred")
    axes = [axis.dim_param or axis.dim_value for axis in image.type.tensor_type.shape.dim]
    assert axes == ["batch", 2, "4*height", "4*width"]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    # A single innermost pixel, which torch.export cannot take.
    found = session.run(None, {"image": torch.ones(1, 2, 4, 4).numpy()})[0]
    with torch.no_grad():
        wanted = load_generator(exported).network(torch.ones(1, 2, 4, 4))
    torch.testing.assert_close(torch.from_numpy(found), wanted)


def test_an_export_that_differs_leaves_nothing(small_bundle, broken_reader):
    with pytest.raises(CheckpointError, match=r"model\.onnx: expected the numbers of the checkpoint"):
        export_bundle(small_bundle, ["onnx"])
    assert names_in(small_bundle) == ["model.pt"]


def test_an_export_that_differs_leaves_the_earlier_file(exported, monkeypatch):
    path, record = (exported / "models" / name for name in ("model.pt2", RECORD))
    before = [path.read_bytes(), record.read_bytes()]
    monkeypatch.setitem(READERS, "pt2", lambda _: torch.zeros_like)
    with pytest.raises(CheckpointError):
        export_bundle(exported, ["pt2"])
    assert [path.read_bytes(), record.read_bytes()] == before


def test_weights_that_are_not_finite_are_not_exported(small_bundle):
    path = small_bundle / "models" / "model.pt"
    weights = torch.load(path, weights_only=True)
    weights["encoder.0.conv.weight"][0] = float("nan")
    torch.save(weights, path)
    with pytest.raises(CheckpointError, match="differs by nan"):
        export_bundle(small_bundle, ["pt2"])
    assert names_in(small_bundle) == ["model.pt"]


def test_the_record_keeps_other_formats_of_the_same_weights_only(exported, train_on):
    _, record = export_bundle(exported, ["pt2"])
    assert read_json(record)["formats"].keys() == {"pt2", "onnx"}
    train_on(seed=1)
    export_bundle(exported, ["pt2"])
    assert read_json(record)["formats"].keys() == {"pt2"}


def test_settings_of_the_training_are_given_again(small_bundle, train_on):
    train_on(seed=0, in_channels=3)
    with pytest.raises(CheckpointError, match="do not fit"):
        export_bundle(small_bundle, ["pt2"])
    _, record = export_bundle(small_bundle, ["pt2"], {"colours": 3})
    assert read_json(record)["input"]["axes"][1] == 3


@pytest.mark.parametrize(
    ("formats", "overrides", "message"),
    [
        (["trt"], {}, "expected formats among pt2, onnx, got trt"),
        (["pt2"], {"color": 3}, "unknown setting --color; expected an id of"),
        (["pt2"], {"network_def::channels": [8]}, "expected at least 2"),
        (["pt2"], {"network_def#channel": [8]}, "network_def cannot be built"),
    ],
)
def test_settings_that_cannot_be_are_refused(small_bundle, formats, overrides, message):
    with pytest.raises(ConfigError, match=message) as caught:
        export_bundle(small_bundle, formats, overrides)
    assert "\n" not in str(caught.value)
    assert names_in(small_bundle) == ["model.pt"]


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected the folder of a bundle"):
        export_bundle(tmp_path)


def test_missing_weights_say_what_trains_them(small_bundle):
    (small_bundle / "models" / "model.pt").unlink()
    with pytest.raises(CheckpointError, match=r"found no file; make them with: python -m monai\.bundle"):
        export_bundle(small_bundle)


def test_weights_with_code_are_refused(small_bundle):
    torch.save(print, small_bundle / "models" / "model.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        export_bundle(small_bundle)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named_before_anything_is_written(small_bundle, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DependencyError, match=rf'needs {package}; .* "taskgan-ext\[export\]"'):
        export_bundle(small_bundle)
    assert names_in(small_bundle) == ["model.pt"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"spatial_dims": 3, "upsample": "nearest", "norm": "instance"}, id="3D"),
        pytest.param({"norm": "none", "residual_channel": 1, "output_activation": "tanh"}, id="residual"),
    ],
)
def test_every_kind_of_generator_can_be_exported(small_bundle, settings):
    network = UNetGenerator(in_channels=2, channels=[4, 8], num_dropout_levels=1, **settings)
    torch.save(network.state_dict(), small_bundle / "models" / "model.pt")
    overrides = {"network_def::output_activation": "tanh"}
    overrides |= {f"network_def::{name}": value for name, value in settings.items()}
    *_, record = export_bundle(small_bundle, overrides=overrides)
    assert len(read_json(record)["input"]["axes"]) == 2 + settings.get("spatial_dims", 2)
