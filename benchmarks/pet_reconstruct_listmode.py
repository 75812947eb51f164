"""Speed and memory of the reconstruction of list-mode files: one table, each row beside its target.

Events are random pairs of detectors; the image is meaningless, the time is not. Sizes: a GE SIGNA PET/MR with
time of flight (45 rings of 448 crystals, 351 bins) and a Siemens Biograph mMR without.

python benchmarks/pet_reconstruct_listmode.py
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from results_file import save_results

from preprocessing.pet.listmode.event_chunk import DetectorEvents, EventChunk, SinogramEvents
from preprocessing.pet.listmode.scanner_geometry import Geometry, SinogramGeometry
from preprocessing.pet.reconstruct.cylinder_scanner import CylinderScanner
from preprocessing.pet.reconstruct.event_generator import EventSource, generate_events
from preprocessing.pet.reconstruct.event_histogram import count_events
from preprocessing.pet.reconstruct.example_head import GRID as HEAD_GRID
from preprocessing.pet.reconstruct.example_head import draw_example_head
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.listmode_engine import ListModeEngine, ListModeRequest
from preprocessing.pet.reconstruct.listmode_events import collect_prompts
from preprocessing.pet.reconstruct.planar_engine import PlanarRequest, reconstruct_planes
from preprocessing.pet.scanner import ImageGrid
from preprocessing.pet.system_matrix import build_system_matrix

SIGNA = CylinderScanner("SIGNA-like", 320.3, 448, 45, 5.56, 58.5, 1.952, 351)
MMR = SinogramGeometry("mMR", 344, 252, 64, 60, 335.0, 4.0625, virtual_every=9)
Row = tuple[str, float, str, str]


def seconds_of(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the seconds of the fastest of several calls: other programs on the machine only add to them."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_memory_mib() -> float:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def signa_events(number: int) -> DetectorEvents:
    """Draw pairs of opposite crystals, about the middle by time of flight."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 448, number)
    second = (first + 224 + rng.integers(-70, 71, number)) % 448
    detectors = rng.integers(0, 45, (number, 2)) * 448 + np.stack([first, second], axis=1)
    tof = np.clip(rng.normal(175, 25, number), 0, 350)
    prompt = rng.random(number) < 0.85
    return DetectorEvents(
        detectors.astype(np.int32), tof.astype(np.int16), prompt, np.zeros(number, np.uint32)
    )


def mmr_events(number: int) -> SinogramEvents:
    """Draw bins about the middle."""
    rng = np.random.default_rng(0)
    radial = np.clip(rng.normal(172, 40, number), 0, 343).astype(np.uint16)
    view, plane = rng.integers(0, 252, number), rng.integers(0, 4084, number)
    zeros = np.zeros(number)
    return SinogramEvents(
        radial,
        view.astype(np.uint16),
        plane.astype(np.uint16),
        zeros.astype(np.int16),
        rng.random(number) < 0.85,
        zeros.astype(np.uint32),
    )


def measure_planar(name: str, geometry: Geometry, events: EventChunk, passes: tuple[int, int]) -> list[Row]:
    """Time rebinning and the planar engine."""
    grid = ImageGrid(128, 2.34)
    prepare = seconds_of(lambda: line_model(geometry, grid, passes[1]))
    model = line_model(geometry, grid, passes[1])
    millions = events.prompt.size / 1e6
    rebin = seconds_of(lambda: count_events([events], model, progress=False))
    histogram = count_events([events], model, progress=False)
    request = PlanarRequest(histogram, model, 100.0)
    scanner = model.sampling.scanner
    with_tof = model.sampling.with_tof
    # Once: the projector stays in memory.
    build = seconds_of(lambda: build_system_matrix(scanner, grid, with_tof=with_tof), 1)
    whole = seconds_of(lambda: reconstruct_planes(request, passes[0], progress=False))
    planes = model.sampling.num_planes
    label = f"{passes[0]} x {passes[1]}"
    return [
        (f"{name}: tables of lines", prepare, "s", "-"),
        (f"{name}: rebinning", millions / rebin, "M events/s", ">= 1.3"),
        (f"{name}: projector", build, "s", "-"),
        (f"{name}: randoms and OSEM {label}, {planes} planes", 1000 * whole / planes, "ms/plane", "-"),
        (f"{name}: peak memory so far", peak_memory_mib(), "MiB", "<= 2048"),
    ]


def measure_listmode(number: int) -> list[Row]:
    """Time the list-mode engine on the SIGNA-like scanner: 1 % of a scan has about a million events."""
    model = line_model(SIGNA.geometry(), ImageGrid(128, 2.34), 14)
    events = collect_prompts([signa_events(number)], model, progress=False)
    engine = ListModeEngine(ListModeRequest(events, model, 1.0), progress=False)
    used = events.prompt_tally.used / 1e6
    sensitivity = seconds_of(engine.sensitivity, 2)
    # With the sensitivity at hand, only the passes over the events are timed.
    known = engine.sensitivity()
    engine.sensitivity = lambda: known  # type: ignore[method-assign]
    one_pass = seconds_of(lambda: engine.reconstruct(1, 14))
    return [
        ("3D: sensitivity, 580,000 lines", sensitivity, "s", "-"),
        ("3D: one pass over the events", used / one_pass, "M events/s", "-"),
        (f"3D: {used:.2f} M prompts, 2 x 14, from these", sensitivity + 2 * one_pass, "s", "-"),
        ("3D: peak memory so far", peak_memory_mib(), "MiB", "<= 2048"),
    ]


def measure_generator() -> list[Row]:
    """Time the simulation of the example."""
    activity, attenuation = draw_example_head()
    source = EventSource(activity, attenuation, HEAD_GRID, 0.5, 0.2)
    start = time.perf_counter()
    events = generate_events(source, CylinderScanner(), 1)
    return [("event generator", events.prompt.size / 1e6 / (time.perf_counter() - start), "M events/s", "-")]


def main() -> None:
    """Measure, print and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4_000_000, help="events to rebin")
    parser.add_argument("--listmode-events", type=int, default=300_000, help="events of the 3D engine")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = [
        *measure_planar("mMR", MMR, mmr_events(arguments.events), (3, 12)),
        *measure_planar("SIGNA, TOF", SIGNA.geometry(), signa_events(arguments.events), (2, 28)),
        *measure_listmode(arguments.listmode_events),
        *measure_generator(),
    ]
    print(f"{'step':48} {'measured':>10}  {'unit':11} target")
    for name, value, unit, target in rows:
        print(f"{name:48} {value:10.2f}  {unit:11} {target}")
    names = ("step", "measured", "unit", "target")
    table = [dict(zip(names, row, strict=True)) for row in rows]
    print(save_results("pet_reconstruct_listmode", vars(arguments), table))


if __name__ == "__main__":
    main()
