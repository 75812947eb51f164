"""Train and evaluate the arms of a bundle, L1, GAN and Task-GAN, by its own commands.

The seed changes the initial weights of all networks (G, D, T and the judge), the order of the slices and
their augmentation; the split stays. Finished arms are kept in ``benchmarks/runs``; with the same data and
configuration the next run skips them.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from results_file import mean_sd, save_results

import taskgan_ext
from taskgan_ext.io.evaluation_files import SUMMARY, SummaryRow, read_summary

ARMS = {"L1": ["baseline_l1.json"], "GAN": ["baseline_gan.json"], "Task-GAN": []}
FIRST = next(iter(ARMS))
Table = dict[str, dict[str, list[float]]]
"""Arm to metric to its value for every seed."""


@dataclass(frozen=True)
class Bundle:
    """What is compared.

    Attributes:
        name: folder of the bundle.
        columns: metric to its number of decimals.
    """

    name: str
    columns: dict[str, int]

    @property
    def configs(self) -> Path:
        """Folder of the configuration."""
        return Path(__file__).parents[1] / "bundles" / self.name / "configs"

    def fingerprint(self, dataset_dir: Path) -> str:
        """Tell data, configuration and code apart, so that arms of other ones are not taken for these."""
        code = sorted(Path(taskgan_ext.__file__).parent.rglob("*.py"))
        files = [dataset_dir / "datalist.json", *sorted(self.configs.glob("*.json")), *code]
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]

    def run_arm(self, name: str, seed: int, dataset_dir: Path, runs: Path, threads: int) -> list[SummaryRow]:
        """Train and evaluate one arm with one seed, unless that is done already."""
        work = runs / f"seed-{seed}"
        folder = work / name
        if not (folder / "eval" / SUMMARY).is_file():
            places = {
                "dataset_dir": dataset_dir,
                "ckpt_dir": folder,
                "output_dir": folder / "eval",
                "seed": seed,
            }
            places["task_ckpt_dir"] = work / "task"
            for run_id, delta in (("training", []), ("evaluating", ["evaluate.json"])):
                files = [str(self.configs / file) for file in ["train.json", *ARMS[name], *delta]]
                command = [sys.executable, "-m", "monai.bundle", "run", run_id, "--config_file", str(files)]
                command += [word for key, value in places.items() for word in (f"--{key}", str(value))]
                folder.mkdir(parents=True, exist_ok=True)
                log_path = folder / f"{run_id}.log"
                with log_path.open("w") as log:
                    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
                    done = subprocess.run(  # noqa: S603
                        command, check=False, stdout=log, stderr=subprocess.STDOUT, env=environment
                    )
                if done.returncode:
                    raise SystemExit(f"error: {run_id} of {name}, seed {seed}, failed; see {log_path}")
        return read_summary(folder / "eval" / SUMMARY)

    def settings(self) -> dict[str, Any]:
        """Numbers of ``train.json``."""
        content = json.loads((self.configs / "train.json").read_text())
        return {name: value for name, value in content.items() if isinstance(value, int | float)}


def collect_arms(seeds: list[dict[str, list[SummaryRow]]], columns: dict[str, int], group: str) -> Table:
    """Gather a table over the seeds; arms that need no training are the same in all arms of a seed."""
    table: Table = {}
    for arms in seeds:
        for name, rows in arms.items():
            for row in rows:
                label = name if row.arm == "restored" else row.arm
                if row.metric in columns and row.group == group and (row.arm == "restored" or name == FIRST):
                    table.setdefault(label, {}).setdefault(row.metric, []).append(row.mean)
    trained = [label for label in ARMS if label in table]
    others = [label for label in table if label not in ARMS and label != "reference"]
    return {label: table[label] for label in [*others, *trained, "reference"] if label in table}


def print_table(title: str, table: Table, columns: dict[str, int]) -> None:
    """Print mean and standard deviation over the seeds."""
    print(f"{title:16}" + "".join(f"{column:>23}" for column in columns))
    for label, row in table.items():
        cells = [mean_sd(row[column], digits) if column in row else "" for column, digits in columns.items()]
        print(f"{label:16}" + "".join(f"{cell:>23}" for cell in cells))


def main(bundle: Bundle, description: str) -> None:
    """Run all arms and seeds, print a table for all cases and one for each group, keep the numbers."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dataset_dir", type=Path, default=bundle.configs.parent / "data", help="folder with datalist.json"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once; the cores are shared out")
    arguments = parser.parse_args()
    threads = max(1, (os.cpu_count() or 1) // arguments.jobs)
    dataset_dir = arguments.dataset_dir.absolute()
    fingerprint = bundle.fingerprint(dataset_dir)
    runs = Path(__file__).parent / "runs" / bundle.name / fingerprint
    with ThreadPoolExecutor(arguments.jobs) as pool:
        seeds = list(
            pool.map(
                # The arms of a seed one after the other: they share T and the judge.
                lambda seed: {name: bundle.run_arm(name, seed, dataset_dir, runs, threads) for name in ARMS},
                arguments.seeds,
            )
        )
    groups = list(dict.fromkeys(row.group for row in seeds[0][FIRST]))
    tables = {group: collect_arms(seeds, bundle.columns, group) for group in groups}
    for group, table in tables.items():
        print_table(group or "all cases", table, bundle.columns)
    results = {
        group or "all": {
            label: {
                metric: {
                    "values": values,
                    "mean": np.mean(values),
                    "sd": np.std(values, ddof=len(values) > 1),
                }
                for metric, values in row.items()
            }
            for label, row in table.items()
        }
        for group, table in tables.items()
    }
    settings = {
        "seeds": arguments.seeds,
        "cases": seeds[0][FIRST][0].n,
        "fingerprint": fingerprint,
        "train.json": bundle.settings(),
    }
    kept = results if len(groups) > 1 else results["all"]
    print(save_results(bundle.name, " ".join(["python", *sys.argv]), settings, kept))
