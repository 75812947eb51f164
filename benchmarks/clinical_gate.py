"""Bounds of the output gate of the PET bundle: where they come from, and what the gate notices.

python benchmarks/clinical_gate.py --bundles DIR DIR DIR

Each bundle is one training (another seed). The bounds come from the validation subjects: the range that is
seen there, with as much again on either side. The held-out subjects then say how often a sound restored
volume is flagged, and how often one that was spoilt on purpose is: the gate is no measure of quality, and
this shows how coarse it is.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray
from results_file import save_results
from scipy.ndimage import gaussian_filter
from tqdm import tqdm

from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.output_gate import OutputGate
from taskgan_ext.clinical.task_witness import TaskWitness
from taskgan_ext.clinical.volume_comparison import compare_volumes
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.atomic import read_json
from taskgan_ext.keys import IMAGE

BUNDLE = Path(__file__).parents[1] / "bundles" / "pet_denoising"
MEASURES = ("activity_ratio", "peak_ratio", "local_change")
SOUND = "as restored"
SPOT = (slice(61, 67), slice(61, 67), slice(23, 26))
Volume = NDArray[np.float32]


def with_hot_spot(volume: Volume, height: float) -> Volume:
    """Add a lesion that is not there, 6 x 6 x 3 voxels; the height in units of the 99.9th percentile."""
    spoilt = volume.copy()
    spoilt[0][SPOT] = height * np.percentile(volume, 99.9)
    return spoilt


def half_dark(volume: Volume) -> Volume:
    """Lose one side of the head."""
    spoilt = volume.copy()
    spoilt[:, : volume.shape[1] // 2] = 0
    return spoilt


FAULTS: Mapping[str, Callable[[Volume], Volume]] = {
    SOUND: lambda volume: volume,
    "everything 1.25 times as bright": lambda volume: volume * np.float32(1.25),
    "everything 0.8 times as bright": lambda volume: volume * np.float32(0.8),
    "one side lost": half_dark,
    "the upper half of the slices lost": lambda volume: volume * (np.arange(volume.shape[3]) < 24),
    "blurred by 20 mm": lambda volume: gaussian_filter(volume, (0, 3.6, 3.6, 3.1)),
    "a hot spot of 1.6 ml, 3 times the peak": lambda volume: with_hot_spot(volume, 3),
    "a hot spot of 1.6 ml, 1.5 times the peak": lambda volume: with_hot_spot(volume, 1.5),
    "the mean in every voxel of the head": lambda volume: np.where(
        volume > 0.1 * volume.max(), volume[volume > 0.1 * volume.max()].mean(), np.float32(0)
    ),
}


class Restored:
    """Restored subjects of one bundle, measured and decided as in the clinical step."""

    def __init__(self, bundle: Path) -> None:
        self.model = BundleModel(bundle)
        self.witness = TaskWitness(bundle, self.model.device)

    def judge(self, item: Mapping[str, Any], faults: list[str]) -> dict[str, dict[str, float]]:
        """Measures and decisions on one subject, by fault."""
        prepared = self.model.prepare({IMAGE: item[IMAGE]})
        source = prepared[IMAGE].as_tensor()
        restored = self.model.restore(prepared)
        voxel_mm = voxel_sizes(np.asarray(prepared[IMAGE].affine))
        before = self.witness.decision(source)
        found = {}
        for fault in faults:
            spoilt = FAULTS[fault](restored.numpy())
            decision = self.witness.decision(restored.new_tensor(spoilt))
            measures = compare_volumes(source[0].numpy(), spoilt[0], voxel_mm)
            found[fault] = {**measures, "before": before, "after": decision, "truth": item["property"]}
        return found


def bounds_of(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """The range seen and as much again on either side, to two decimals outwards; no change is never wrong."""
    bounds = {}
    for name in MEASURES:
        values = [row[name] for row in rows]
        low, high = min(values), max(values)
        lowest = 0.0 if name == "local_change" else float(np.floor(100 * (2 * low - high)) / 100)
        bounds[name] = [lowest, float(np.ceil(100 * (2 * high - low)) / 100)]
    return bounds


def flag_rates(rows: list[dict[str, float]], bounds: Mapping[str, list[float]]) -> dict[str, float]:
    """Share of the rows with each flag, and with any."""
    gate = OutputGate.from_dict({**bounds, "task_agreement": True})
    flags = [gate.flags(row, [int(row["before"]), int(row["after"])]) for row in rows]
    counts = Counter(flag for each in flags for flag in each)
    names = (*MEASURES, "task_disagrees")
    return {name: counts[name] / len(rows) for name in names} | {"any": np.mean([bool(f) for f in flags])}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundles", type=Path, nargs="+", required=True, help="trained PET bundles")
    parser.add_argument("--dataset_dir", type=Path, default=BUNDLE / "data")
    arguments = parser.parse_args()
    known: list[dict[str, float]] = []
    held_out: dict[str, list[dict[str, float]]] = {fault: [] for fault in FAULTS}
    for folder in tqdm(arguments.bundles, desc="bundles"):
        bundle = Restored(folder)
        for item in load_datalist(arguments.dataset_dir, "validation"):
            known.append(bundle.judge(item, [SOUND])[SOUND])
        for item in tqdm(load_datalist(arguments.dataset_dir, "test"), desc=folder.name, leave=False):
            for fault, row in bundle.judge(item, list(FAULTS)).items():
                held_out[fault].append(row)
    bounds = bounds_of(known)
    rates = {fault: flag_rates(rows, bounds) for fault, rows in held_out.items()}
    print(f"bounds from {len(known)} restored validation scans: {bounds}")
    for fault, row in rates.items():
        print(f"{fault:40}" + "".join(f"{name} {rate:4.0%}  " for name, rate in row.items()))
    seen = {name: [row[name] for row in held_out[SOUND]] for name in (*MEASURES, "before", "after", "truth")}
    in_use = read_json(BUNDLE / "configs" / "clinical.json")["gate"]
    settings = {"trainings": len(arguments.bundles), "validation": len(known), "in_use": in_use}
    save_results("clinical_gate", settings, {"bounds": bounds, "flags": rates, "held_out": seen})


if __name__ == "__main__":
    main()
