"""A trained PET generator in other runtimes and precisions: speed, size, and what they cost in quality.

python benchmarks/export_variants.py --bundle_root bundles/pet_denoising

Restores the held-out subjects by the checkpoint and by each variant, in turn within one process, so that all
see the same load. Times are CPU time of the network and its inferer, without reading and writing. Eight-bit
variants are calibrated on training subjects. Decisions of T are compared with those on what the checkpoint
restores. The hot spot is a cube of 6 x 6 x 3 voxels at 20, the end of the range that the metadata promise,
put into each held-out subject: the part of its restored mean that a variant keeps.
"""

import argparse
import copy
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from monai.bundle import ConfigParser
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    quant_pre_process,
    quantize_static,
)
from onnxruntime.transformers.float16 import convert_float_to_float16
from results_file import save_results
from torch import Tensor, nn
from tqdm import tqdm

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.errors import CheckpointError
from taskgan_ext.export.export_bundle import export_bundle
from taskgan_ext.export.onnx_file import INPUT, OUTPUT, save_onnx
from taskgan_ext.export.onnx_network import open_session
from taskgan_ext.export.torch_program import capture, load_program
from taskgan_ext.export.trained_generator import load_generator
from taskgan_ext.handlers.load_weights import load_weights

BUNDLE = Path(__file__).parents[1] / "bundles" / "pet_denoising"
EAGER = "checkpoint"
HOT, SPOT = 20.0, (slice(61, 67), slice(61, 67), slice(23, 26))
COLUMNS = ("psnr", "ssim", "suvr_bias", "task_error", "task_flip", "largest_difference", "hot_spot", "speed")
Network = Callable[[Tensor], Tensor]


class Sized:
    """A network as a function, with the ``size_multiple`` that the inferer asks for."""

    def __init__(self, function: Network, size_multiple: int) -> None:
        self.function, self.size_multiple = function, size_multiple

    def __call__(self, image: Tensor) -> Tensor:
        """Restore a batch."""
        return self.function(image)


class BFloat16(nn.Module):
    """A network whose weights and activations are bfloat16, with float32 at both ends."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).to(torch.bfloat16)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch."""
        return self.network(image.to(torch.bfloat16)).float()


class Calibration(CalibrationDataReader):
    """Inputs of the network, one by one."""

    def __init__(self, slices: list[Tensor]) -> None:
        self.remaining: Iterator[Tensor] = iter(slices)

    def get_next(self) -> dict[str, Any] | None:
        """The next input."""
        image = next(self.remaining, None)
        return None if image is None else {INPUT: image.numpy()}


class Subjects:
    """Subjects of a bundle as its training configuration reads and measures them.

    Args:
        bundle: folder of the trained bundle.
    """

    def __init__(self, bundle: Path) -> None:
        self.parser = ConfigParser(ConfigParser.load_config_file(bundle / "configs" / "train.json"))
        self.parser["bundle_root"] = str(bundle)
        self.load, self.inferer = map(
            self.parser.get_parsed_content, ("validate::preprocessing", "validate::inferer")
        )
        self.size_multiple = self.parser.get_parsed_content("network_def").size_multiple
        task_network = self.parser.get_parsed_content("task_network")
        load_weights(task_network, bundle / "models" / "task_network.pt")
        task_network.eval()
        places = [index for index, each in enumerate(self.parser["measures"]) if each.get("name") != "judge"]
        self.measures: list[Measure] = [self.parser.get_parsed_content(f"measures::{i}") for i in places]

    def case(self, item: dict[str, Any]) -> Case:
        """Read a subject; image and target in units of the network."""
        loaded = self.load(item)
        image, label, regions = (loaded[key].as_tensor() for key in ("image", "label", "regions"))
        return Case(item["subject"], float(item["property"]), image, label, image, regions)

    def restore(self, network: Network, image: Tensor) -> Tensor:
        """Restore a volume."""
        with torch.no_grad():
            return self.inferer(image[None], Sized(network, self.size_multiple))[0]

    def measure(self, case: Case, restored: Tensor) -> dict[str, float]:
        """All measures of the bundle but the judge's."""
        return {name: value for each in self.measures for name, value in each(case, restored).items()}

    def calibration_slices(self, items: list[dict[str, Any]]) -> list[Tensor]:
        """Every eighth input of the network on these subjects."""
        batches: list[Tensor] = []

        def keep(batch: Tensor) -> Tensor:
            batches.append(batch)
            return batch[:, :1]

        for item in tqdm(items, desc="calibration"):
            self.restore(keep, self.case(item).image)
        return list(torch.cat(batches)[::8].split(1))


def run_onnx(path: Path) -> Network:
    """Open an ONNX file."""
    session = open_session(onnxruntime, path, torch.device("cpu"), torch.get_num_threads())
    return lambda image: torch.from_numpy(session.run([OUTPUT], {INPUT: image.numpy()})[0])


def quantise(path: Path, out: Path, slices: list[Tensor], method: CalibrationMethod, keep_last: bool) -> None:
    """Quantise the convolutions to int8, one scale for each channel of weights."""
    prepared = out.with_name(f"prepared-{out.name}")
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    last = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "ConvTranspose"][-1]
    quantize_static(
        prepared,
        out,
        Calibration(slices),
        per_channel=True,
        calibrate_method=method,
        nodes_to_exclude=[last] if keep_last else [],
    )


def make_variants(bundle: Path, folder: Path, slices: list[Tensor]) -> dict[str, tuple[Network, Path]]:
    """Make all variants that run on a CPU, with the files that hold their weights."""
    generator = load_generator(bundle)
    program, full = folder / "model.pt2", folder / "model.onnx"
    shutil.copy(generator.checkpoint, folder / "model.pt")
    export_bundle(bundle, overrides={"ckpt_path": str(folder / "model.pt")})
    small = BFloat16(generator.network)
    torch.save(small.state_dict(), folder / "bfloat16.pt")
    variants: dict[str, tuple[Network, Path]] = {
        EAGER: (generator.network, generator.checkpoint),
        "torch.export": (load_program(program), program),
        "ONNX": (run_onnx(full), full),
        "torch bfloat16": (small, folder / "bfloat16.pt"),
    }
    onnx.save(convert_float_to_float16(onnx.load(full), keep_io_types=True), folder / "float16.onnx")
    quantise(full, folder / "int8.onnx", slices, CalibrationMethod.MinMax, keep_last=False)
    quantise(full, folder / "int8-last.onnx", slices, CalibrationMethod.MinMax, keep_last=True)
    quantise(full, folder / "int8-percentile.onnx", slices, CalibrationMethod.Percentile, keep_last=True)
    for name, file in {
        "ONNX float16": "float16.onnx",
        "ONNX int8": "int8.onnx",
        "ONNX int8, last layer float32": "int8-last.onnx",
        "ONNX int8, percentile, last layer float32": "int8-percentile.onnx",
    }.items():
        variants[name] = (run_onnx(folder / file), folder / file)
    return variants


def refusal_of_bfloat16(bundle: Path, folder: Path) -> str:
    """What ONNX Runtime says of the network in bfloat16; empty if it runs."""
    generator = load_generator(bundle)
    small = copy.copy(generator)
    object.__setattr__(small, "network", BFloat16(generator.network))
    path = folder / "bfloat16.onnx"
    save_onnx(capture(small), path, {})
    try:
        run_onnx(path)
    except CheckpointError as error:
        return str(error).replace(str(folder), "").partition("Type Error: ")[2] or "it cannot be opened"
    return ""


def measure_subject(
    subjects: Subjects, case: Case, variants: dict[str, tuple[Network, Path]], repeats: int
) -> dict[str, dict[str, float]]:
    """Restore one subject by all variants."""
    restored: dict[str, Tensor] = {}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, (network, _file) in variants.items():
            start = time.process_time()
            restored[name] = subjects.restore(network, case.image)
            seconds[name].append(time.process_time() - start)
    hot = case.image.clone()
    hot[(slice(None), *SPOT)] = HOT
    spots = {
        name: float(subjects.restore(network, hot)[(slice(None), *SPOT)].mean())
        for name, (network, _file) in variants.items()
    }
    wanted, rows = restored[EAGER], {}
    for name, volume in restored.items():
        rows[name] = subjects.measure(case, volume) | {
            "largest_difference": float((volume - wanted).abs().max() / wanted.abs().max()),
            "hot_spot": spots[name] / spots[EAGER],
            "seconds": statistics.median(seconds[name]),
        }
        rows[name]["task_flip"] = float(rows[name]["task_decision"] != rows[EAGER]["task_decision"])
    return rows


def summarise(
    cases: list[dict[str, dict[str, float]]], variants: dict[str, tuple[Network, Path]]
) -> dict[str, dict[str, float]]:
    """Means over the subjects, the largest difference of all, the ratio of times, and the size of a file."""
    table = {}
    for name, (_, file) in variants.items():
        rows = [case[name] for case in cases]
        row = {key: float(np.mean([each[key] for each in rows])) for key in COLUMNS[:-1]}
        row["largest_difference"] = max(each["largest_difference"] for each in rows)
        row["speed"] = statistics.median(case[EAGER]["seconds"] / case[name]["seconds"] for case in cases)
        row["seconds"] = statistics.median(each["seconds"] for each in rows)
        row["megabytes"] = file.stat().st_size / 1e6
        table[name] = row
    return table


def main() -> None:
    """Make the variants, measure, print one table, keep the numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bundle_root",
        type=lambda text: Path(text).absolute(),
        default=BUNDLE,
        help="trained, with its data",
    )
    parser.add_argument("--calibration_subjects", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3, help="restorations of a subject to time")
    arguments = parser.parse_args()
    subjects = Subjects(arguments.bundle_root)
    data = arguments.bundle_root / "data"
    slices = subjects.calibration_slices(load_datalist(data, "training")[: arguments.calibration_subjects])
    with tempfile.TemporaryDirectory() as name:
        variants = make_variants(arguments.bundle_root, Path(name), slices)
        refused = refusal_of_bfloat16(arguments.bundle_root, Path(name))
        cases = [
            measure_subject(subjects, subjects.case(item), variants, arguments.repeats)
            for item in tqdm(load_datalist(data, "test"), desc="held-out subjects")
        ]
        table = summarise(cases, variants)
    print(f"{'':44}" + "".join(f"{column:>20}" for column in (*COLUMNS, "megabytes")))
    for label, row in table.items():
        print(f"{label:44}" + "".join(f"{row[column]:20.4g}" for column in (*COLUMNS, "megabytes")))
    settings = {
        "test_cases": len(cases),
        "calibration_subjects": arguments.calibration_subjects,
        "calibration_slices": len(slices),
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "onnxruntime": onnxruntime.__version__,
        "onnx": onnx.__version__,
        "hot_spot": HOT,
    }
    print(save_results("export_variants", settings, table | {"ONNX bfloat16": refused}))


if __name__ == "__main__":
    main()
