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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from results_file import mean_sd, save_results

import taskgan_ext
from taskgan_ext.io.evaluation_files import SUMMARY, SummaryRow, read_summary

ARMS = {"L1": ["baseline_l1.json"], "GAN": ["baseline_gan.json"], "Task-GAN": []}
Table = dict[str, dict[str, list[float]]]
"""Arm to metric to its value for every seed."""
Key = TypeVar("Key")
Value = TypeVar("Value")


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

    def run(
        self, run_id: str, names: list[str], places: dict[str, Path | str | float], folder: Path, threads: int
    ) -> None:
        """Run a command of the bundle.

        Args:
            run_id: what to run.
            names: configuration files after ``train.json``.
            places: overrides, folders and seed for the most part.
            folder: for the log.
            threads: of torch.
        """
        files = [str(self.configs / file) for file in ["train.json", *names]]
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
            raise SystemExit(f"error: {run_id} in {folder} failed; see {log_path}")

    def places_of(self, name: str, seed: int, runs: Path) -> dict[str, Path | str | float]:
        """Folders of one arm and seed, by their ids; the arms of a seed share T and the judge."""
        work = runs / f"seed-{seed}"
        return {"ckpt_dir": work / name, "task_ckpt_dir": work / "task", "seed": seed}

    def run_arm(self, name: str, seed: int, dataset_dir: Path, runs: Path, threads: int) -> list[SummaryRow]:
        """Train and evaluate one arm with one seed, unless that is done already."""
        places = self.places_of(name, seed, runs)
        folder = runs / f"seed-{seed}" / name
        return self.train_and_evaluate(ARMS[name], places | {"dataset_dir": dataset_dir}, folder, threads)

    def train_and_evaluate(
        self, names: list[str], settings: dict[str, Path | str | float], folder: Path, threads: int
    ) -> list[SummaryRow]:
        """Train and evaluate with these settings into a folder, unless that is done already."""
        output = folder / "eval"
        if not (output / SUMMARY).is_file():
            settings = settings | {"output_dir": output}
            self.run("training", names, settings, folder, threads)
            self.run("evaluating", [*names, "evaluate.json"], settings, folder, threads)
        return read_summary(output / SUMMARY)

    def settings(self) -> dict[str, Any]:
        """Numbers of ``train.json``."""
        content = json.loads((self.configs / "train.json").read_text())
        return {name: value for name, value in content.items() if isinstance(value, int | float)}


def collect_arms(seeds: list[dict[str, list[SummaryRow]]], columns: dict[str, int], group: str) -> Table:
    """Gather a table over the seeds; arms that need no training are the same in all arms of a seed."""
    table: Table = {}
    trained = list(seeds[0])
    for arms in seeds:
        for name, rows in arms.items():
            for row in rows:
                restored = row.arm == "restored"
                if row.metric in columns and row.group == group and (restored or name == trained[0]):
                    label = name if restored else row.arm
                    table.setdefault(label, {}).setdefault(row.metric, []).append(row.mean)
    others = [label for label in table if label not in trained and label != "reference"]
    return {label: table[label] for label in [*others, *trained, "reference"] if label in table}


def print_table(title: str, table: Table, columns: dict[str, int]) -> None:
    """Print mean and standard deviation over the seeds."""
    print(f"{title:16}" + "".join(f"{column:>23}" for column in columns))
    for label, row in table.items():
        cells = [mean_sd(row[column], digits) if column in row else "" for column, digits in columns.items()]
        print(f"{label:16}" + "".join(f"{cell:>23}" for cell in cells))


def argument_parser(bundle: Bundle, description: str) -> argparse.ArgumentParser:
    """Options that all benchmarks of a bundle have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dataset_dir",
        type=lambda text: Path(text).absolute(),
        default=bundle.configs.parent / "data",
        help="folder with datalist.json",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once; the cores are shared out")
    return parser


def runs_of(bundle: Bundle, dataset_dir: Path) -> Path:
    """Folder of the runs with these data, configuration and code."""
    return Path(__file__).parent / "runs" / bundle.name / bundle.fingerprint(dataset_dir)


def run_jobs(keys: Sequence[Key], num_jobs: int, job: Callable[[Key, int], Value]) -> dict[Key, Value]:
    """Run several jobs at once, each with its key and its share of the cores as a number of threads."""
    threads = max(1, (os.cpu_count() or 1) // num_jobs)
    with ThreadPoolExecutor(num_jobs) as pool:
        return dict(zip(keys, pool.map(lambda key: job(key, threads), keys), strict=True))


def run_seeds(
    bundle: Bundle, arguments: argparse.Namespace, job: Callable[[str, int, Path, int], list[SummaryRow]]
) -> list[dict[str, list[SummaryRow]]]:
    """Run all arms of every seed, several seeds at once.

    Args:
        bundle: what is compared.
        arguments: of ``argument_parser``.
        job: called with arm, seed, folder of the runs and number of threads.

    Returns:
        For each seed, the rows of each arm.
    """
    runs = runs_of(bundle, arguments.dataset_dir)

    def run_seed(seed: int, threads: int) -> dict[str, list[SummaryRow]]:
        # The arms of a seed one after the other: they share T and the judge.
        return {name: job(name, seed, runs, threads) for name in ARMS}

    return list(run_jobs(arguments.seeds, arguments.jobs, run_seed).values())


def keep_results(
    bundle: Bundle,
    arguments: argparse.Namespace,
    name: str,
    tables: dict[str, Table],
    settings: dict[str, Any],
) -> None:
    """Print tables, and store them with the settings.

    Args:
        bundle: what was compared.
        arguments: of ``argument_parser``.
        name: of the file.
        tables: by title; a single one is stored without.
        settings: what else the results depend on.
    """
    for title, table in tables.items():
        print_table(title, table, bundle.columns)
    results = {
        title: {
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
        for title, table in tables.items()
    }
    settings = {
        "seeds": arguments.seeds,
        **settings,
        "fingerprint": bundle.fingerprint(arguments.dataset_dir),
        "train.json": bundle.settings(),
    }
    kept = results if len(results) > 1 else next(iter(results.values()))
    print(save_results(name, settings, kept))


def main(bundle: Bundle, description: str) -> None:
    """Run all arms and seeds, print a table for all cases and one for each group, keep the numbers."""
    arguments = argument_parser(bundle, description).parse_args()
    seeds = run_seeds(
        bundle,
        arguments,
        lambda name, seed, runs, threads: bundle.run_arm(name, seed, arguments.dataset_dir, runs, threads),
    )
    first = next(iter(seeds[0].values()))
    groups = list(dict.fromkeys(row.group for row in first))
    tables = {group or "all": collect_arms(seeds, bundle.columns, group) for group in groups}
    keep_results(bundle, arguments, bundle.name, tables, {"cases": first[0].n})
