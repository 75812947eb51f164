"""What a second worker gains: one cohort of simulated DICOM subjects, imported by one and by two workers.

python benchmarks/cohort_scaling.py

Needs two free cores. Both runs write the same bytes, which is checked.
"""

import argparse
import hashlib
import os
import tempfile
import time
from pathlib import Path

from results_file import save_results

from preprocessing.cohort import subject_name
from preprocessing.mr.cohort import DICOM_FOLDER, simulate_cohort
from preprocessing.mr.settings import SimulationSettings
from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.run_cohort import RUN_FILE, run_cohort

TARGET = 1.7
CONTRASTS = ("T1w", "T2w", "T2FLAIR")


def write_cohort_file(folder: Path, num_subjects: int) -> Path:
    """Write the cohort file of the simulated subjects; give its path."""
    lines = ['[cohort]\nkind = "mr-import"\nout = "out"\n']
    for index in range(num_subjects):
        scans = f"scans/{subject_name(index)}/{DICOM_FOLDER}"
        lines.append(f'[[subjects]]\nsubject = "{subject_name(index)}"\nmdme = "{scans}/mdme"')
        lines += [f'{contrast} = "{scans}/{contrast}"' for contrast in CONTRASTS]
    path = folder / "cohort.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def digests(out: Path) -> dict[str, str]:
    """SHA-256 of all that was written, but for how the run went."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != RUN_FILE
    }


def run(path: Path, workers: int) -> tuple[float, dict[str, str]]:
    """Run the cohort into a new folder; give the seconds and what was written."""
    cohort = read_cohort_file(path)
    start = time.perf_counter()
    result = run_cohort(cohort, workers=workers)
    seconds = time.perf_counter() - start
    assert all(report.state == "done" for report in result.reports)
    written = digests(cohort.out)
    cohort.out.rename(cohort.out.with_name(f"out-{workers}-{time.monotonic_ns()}"))
    return seconds, written


def main() -> None:
    """Measure, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=8, help="cases of the cohort")
    parser.add_argument("--resolution", type=float, default=2.0, help="voxels of the simulated scans in mm")
    parser.add_argument("--slices", type=int, default=20, help="slices of the simulated scans")
    parser.add_argument("--repeats", type=int, default=2, help="the fastest of so many counts")
    arguments = parser.parse_args()
    settings = SimulationSettings(
        resolution=arguments.resolution, num_slices=arguments.slices, file_format="dicom"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate_cohort(folder / "scans", arguments.subjects, settings, workers=2)
        path = write_cohort_file(folder, arguments.subjects)
        # One after the other in turn, so that a machine that slows down is not taken for a worker.
        runs = [(workers, *run(path, workers)) for _ in range(arguments.repeats) for workers in (1, 2)]
    assert all(written == runs[0][2] for _, _, written in runs)
    seconds = {count: min(took for workers, took, _ in runs if workers == count) for count in (1, 2)}
    speedup = seconds[1] / seconds[2]
    print(f"{arguments.subjects} cases, {os.cpu_count()} cores; the same bytes in all runs")
    print(f"{'workers':>7}  {'seconds':>8}  {'times as fast':>13}  target")
    print(f"{1:>7}  {seconds[1]:8.1f}  {1.0:13.2f}")
    print(f"{2:>7}  {seconds[2]:8.1f}  {speedup:13.2f}  >= {TARGET}")
    save_results(
        "cohort_scaling",
        {**vars(arguments), "cores": os.cpu_count(), "kind": "mr-import"},
        {"seconds": [[workers, took] for workers, took, _ in runs], "speedup": speedup, "same_bytes": True},
    )


if __name__ == "__main__":
    main()
