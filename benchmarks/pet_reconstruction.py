"""Speed and memory of the PET simulation: one table, each row beside its target.

python benchmarks/pet_reconstruction.py
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from preprocessing.pet.event_words import AddressLayout, is_event
from preprocessing.pet.histogram import add_to_histogram, events_to_words
from preprocessing.pet.osem import osem
from preprocessing.pet.scan import ScanSettings, simulate_scan
from preprocessing.pet.system_matrix import build_system_matrix
from preprocessing.pet.thinning import thin_words

Row = tuple[str, float, str, str]
MMR_LAYOUT = AddressLayout(("plane", "view", "bin"), (4084, 252, 344))


def timed(function: Callable[[], object], repeats: int = 1) -> float:
    """Return the seconds of the fastest of several calls."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_memory_mb() -> float:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def head(size: int, voxel_size: float, num_slices: int) -> tuple[np.ndarray, np.ndarray]:
    """Return activity in Bq/ml and attenuation in 1/mm of an ellipse with a hot interior, ``(X, Y, Z)``."""
    centre = (np.arange(size) - (size - 1) / 2) * voxel_size
    radius = np.hypot(centre[:, None] / 72, centre / 90)
    activity = np.select([radius < 0.88, radius < 1, radius < 1.12], [4000, 2700, 800], 0).astype(np.float32)
    attenuation = np.where(radius < 1.12, 0.0096, 0).astype(np.float32)
    repeat = (1, 1, num_slices)
    return np.tile(activity[..., None], repeat), np.tile(attenuation[..., None], repeat)


def measure_events(num_events: int) -> list[Row]:
    """Time decoding, thinning and histogramming of random events of the size of a Siemens mMR scan."""
    rng = np.random.default_rng(0)
    events = rng.integers(0, MMR_LAYOUT.num_addresses, num_events, dtype=np.uint32)
    words = np.concatenate(list(events_to_words(events, num_events // 400, key=0)))
    histogram = np.zeros((2048, 344), np.int32)
    small = AddressLayout(("row", "bin"), histogram.shape)
    addresses = events % np.uint32(small.num_addresses)
    millions = num_events / 1e6
    decode = timed(lambda: MMR_LAYOUT.decode(words[is_event(words)]), 3)
    thin = timed(lambda: thin_words(words, (0, 0.01), key=0), 3)
    count = timed(lambda: add_to_histogram(histogram, addresses, small), 3)
    return [
        ("decode list-mode words", millions / decode, "M words/s", ">= 15"),
        ("thin list-mode words to 1 %", millions / thin, "M words/s", ">= 40"),
        ("histogram events", millions / count, "M events/s", "-"),
    ]


def measure_reconstruction(num_slices: int) -> list[Row]:
    """Time the matrices, the projections and the reconstruction of one stack."""
    scanner = ScanSettings().scanner
    fine, coarse = scanner.simulation_grid, scanner.reconstruction_grid
    build = timed(lambda: build_system_matrix(scanner, coarse))
    build_fine = timed(lambda: build_system_matrix(scanner, fine, with_adjoint=False))
    memory = peak_memory_mb()
    matrix, fine_matrix = (
        build_system_matrix(scanner, coarse),
        build_system_matrix(scanner, fine, with_adjoint=False),
    )
    image, fine_image = torch.rand(coarse.num_pixels, num_slices), torch.rand(fine.num_pixels, num_slices)
    data = matrix.project(image)
    factors = torch.rand(scanner.num_subsets, *matrix.shape[1:], num_slices)
    per_slice = 1000 / num_slices
    return [
        ("build matrix, 128 grid with adjoint", build, "s", "3"),
        ("build matrix, 256 grid forward only", build_fine, "s", "-"),
        ("size of both matrices", (matrix.num_bytes + fine_matrix.num_bytes) / 2**20, "MiB", "-"),
        ("peak memory while building", memory, "MiB", "<= 2048"),
        ("project 256 grid", timed(lambda: fine_matrix.project(fine_image), 2) * per_slice, "ms/slice", "-"),
        ("project 128 grid", timed(lambda: matrix.project(image), 3) * per_slice, "ms/slice", "-"),
        ("backproject 128 grid", timed(lambda: matrix.backproject(data), 3) * per_slice, "ms/slice", "-"),
        (
            "TOF-OSEM, 2 iterations x 28 subsets",
            timed(lambda: osem(data, factors, factors, matrix, 2), 2) * per_slice,
            "ms/slice",
            "<= 20-25",
        ),
    ]


def measure_scan(num_slices: int) -> list[Row]:
    """Time a whole scan with one low dose, as counts and by way of an event file."""
    settings = ScanSettings()
    grid = settings.scanner.simulation_grid
    volumes = head(grid.size, grid.voxel_size, num_slices)

    def scan(path: Path | None = None) -> None:
        simulate_scan(*volumes, settings, (0.01,), 1, 0, "sub-001", path)

    build_system_matrix(settings.scanner, grid, with_tof=False, with_adjoint=False)
    by_counts = timed(scan)
    with tempfile.TemporaryDirectory() as folder:
        by_events = timed(lambda: scan(Path(folder) / "scan.l"))
    return [
        (f"simulate_scan, {num_slices} slices, 1 dose", by_counts, "s", "<= 3.5"),
        ("the same by way of an event file", by_events, "s", "-"),
        ("peak memory of the process", peak_memory_mb(), "MiB", "<= 2048"),
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=48, help="slices of the stack")
    parser.add_argument("--events", type=int, default=4_000_000, help="list-mode events")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = [
        *measure_reconstruction(arguments.slices),
        *measure_scan(arguments.slices),
        *measure_events(arguments.events),
    ]
    print(f"{arguments.threads} thread(s), {arguments.slices} slices, {arguments.events} events")
    print(f"{'step':40} {'measured':>10}  {'unit':10} target")
    for name, value, unit, target in rows:
        print(f"{name:40} {value:10.2f}  {unit:10} {target}")


if __name__ == "__main__":
    main()
