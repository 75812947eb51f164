"""Speed and accuracy of the relaxation fit: CPU seconds per slice, and the error of T1 and T2 per tissue.

OMP_NUM_THREADS=1 python benchmarks/mr_fit.py

The head is simulated: blobs of tissue in an ellipse, a transmit field that falls off outwards, noise as at a
signal-to-noise ratio of 45 in white matter. CPU time counts all threads, so it is that of one core.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from results_file import save_results
from scipy.ndimage import gaussian_filter

from taskgan_ext.mr.fit import fit_maps, head_mask
from taskgan_ext.mr.phase import align_phase, restore_polarity
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

TARGET = 0.3
SNR = 45.0
# Proton density, T1 and T2 in s at 3 T.
TISSUES = {
    "white matter": (0.70, 0.88, 0.076),
    "grey matter": (0.82, 1.36, 0.096),
    "CSF": (1.00, 4.20, 1.700),
    "deep grey matter": (0.79, 1.12, 0.074),
    "lesion": (0.92, 1.60, 0.165),
    "scalp fat": (0.90, 0.37, 0.058),
}
FIELD_OF_VIEW = (256.0, 5.0)
"""In the slice and per slice, in mm."""


def head(size: int, num_slices: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return tissue numbers, -1 outside of the head, and the transmit field, each ``(X, Y, Z)``."""
    rng = np.random.default_rng(0)
    voxel = FIELD_OF_VIEW[0] / size
    position = (np.arange(size) - (size - 1) / 2) * voxel
    radius = np.hypot(position[:, None] / 75, position / 92)[..., None] + np.zeros(num_slices)
    pattern = gaussian_filter(rng.standard_normal(radius.shape), (6 / voxel, 6 / voxel, 0))
    edges = np.quantile(pattern, [0.45, 0.8, 0.88, 0.96])
    labels = np.where(radius < 0.92, np.digitize(pattern, edges), np.where(radius < 1, 5, -1))
    return labels, (1.1 - 0.2 * radius**2).astype(np.float32)


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of the faster of two calls, and what it returned."""
    seconds = []
    for _ in range(2):
        start = time.process_time()
        result = function()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def tissue_errors(maps: Any, labels: NDArray[np.int64], b1: NDArray[np.float32]) -> dict[str, Any]:  # noqa: ANN401
    """Return the median relative error and the quartile spread of T1 and T2 per tissue, and the B1 error."""
    errors: dict[str, Any] = {"b1 rms": float(np.sqrt(np.mean((maps.b1 - b1)[labels >= 0] ** 2)))}
    for index, (name, (_, t1, t2)) in enumerate(TISSUES.items()):
        for which, found, true in (("t1", maps.t1, t1), ("t2", maps.t2, t2)):
            low, median, high = np.quantile(found[labels == index] / true - 1, [0.25, 0.5, 0.75])
            errors[f"{name} {which}"] = {"median": median, "quartiles": high - low}
    return errors


def main() -> None:
    """Measure, print the table and store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256, help="voxels along a slice")
    parser.add_argument("--slices", type=int, default=20, help="slices")
    arguments = parser.parse_args()
    size, num_slices = arguments.size, arguments.slices
    sequence = MDMESequence()
    voxel_mm = (FIELD_OF_VIEW[0] / size, FIELD_OF_VIEW[0] / size, FIELD_OF_VIEW[1])
    labels, b1 = head(size, num_slices)
    values = np.asarray([*TISSUES.values(), (0.0, 1.0, 0.1)])
    pd, t1, t2 = np.moveaxis(values[labels], -1, 0)
    signal = mdme_signal(t1, t2, pd, sequence, b1).astype(np.complex64)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((2, *signal.shape), np.float32) * np.float32(0.7 * 0.85 / SNR)
    signal += noise[0] + 1j * noise[1]

    align, signed = timed(lambda: align_phase(signal))
    voxels = int(head_mask(signed).sum())
    fit, maps = timed(lambda: fit_maps(signed, sequence, voxel_mm))
    restore, restored = timed(lambda: restore_polarity(np.abs(signal), sequence, voxel_mm))
    tissue = labels >= 0
    wrong = float(np.mean(restored[tissue] * signed[tissue] < -((3 * 0.7 * 0.85 / SNR) ** 2)))
    results = {
        "fit_seconds_per_slice": fit / num_slices,
        "align_phase_seconds_per_slice": align / num_slices,
        "restore_polarity_seconds_per_slice": restore / num_slices,
        "fitted_voxels_per_slice": voxels / num_slices,
        "wrong_polarity_share": wrong,
        "errors": tissue_errors(maps, labels, b1),
    }
    print(f"{num_slices} slices of {size} x {size}, {voxels / num_slices:.0f} voxels of each fitted")
    print(f"{'step':24} {'CPU s per slice':>16}  target")
    for name, seconds, target in (
        ("relaxation maps", fit, f"<= {TARGET}"),
        ("phase alignment", align, "-"),
        ("polarity of magnitudes", restore, "-"),
    ):
        print(f"{name:24} {seconds / num_slices:16.3f}  {target}")
    print(f"polarity wrong beyond noise: {wrong:.1e} of the values")
    print(f"transmit field error: {results['errors']['b1 rms']:.4f} rms")
    print(f"{'tissue':18} {'T1 error':>9} {'T2 error':>9}  (median)")
    for name in TISSUES:
        pair = (100 * results["errors"][f"{name} {which}"]["median"] for which in ("t1", "t2"))
        print(f"{name:18} " + " ".join(f"{value:8.2f}%" for value in pair))
    settings = {"size": size, "slices": num_slices, "snr": SNR, "sequence": sequence.to_dict()}
    save_results("mr_fit", settings, results)


if __name__ == "__main__":
    main()
