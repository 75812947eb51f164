"""Evidence: L1, GAN without task network, and Task-GAN on held-out subjects, over several seeds.

python benchmarks/pet_denoising.py --seeds 0 1 2 --jobs 2

Every arm is trained and evaluated by the bundle's own commands. The seed changes the initial weights of all
networks (G, D, T and the judge), the order of the slices and their augmentation; the split stays. Finished
arms are kept in ``benchmarks/runs``; with the same data and configuration the next run skips them.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from results_file import mean_sd, save_results

from taskgan_ext.io.evaluation_files import SUMMARY, SummaryRow, read_summary

CONFIGS = Path(__file__).parents[1] / "bundles" / "pet_denoising" / "configs"
WORK = Path(__file__).parent / "runs" / "pet_denoising"
ARMS = {"L1": ["baseline_l1.json"], "GAN": ["baseline_gan.json"], "Task-GAN": []}
COLUMNS = {
    "psnr": 2,
    "ssim": 3,
    "nrmse": 3,
    "suvr_bias": 3,
    "suvr_truth_slope": 2,
    "task_error": 2,
    "judge_error": 2,
    "judge_slice_error": 3,
    "judge_flip": 2,
}


def fingerprint(dataset_dir: Path) -> str:
    """Tell data and configuration apart, so that arms of other ones are not taken for these."""
    files = [dataset_dir / "datalist.json", *sorted(CONFIGS.glob("*.json"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def run_arm(name: str, seed: int, dataset_dir: Path, threads: int) -> list[SummaryRow]:
    """Train and evaluate one arm with one seed, unless that is done already."""
    work = WORK / fingerprint(dataset_dir) / f"seed-{seed}"
    folder = work / name
    if not (folder / "eval" / SUMMARY).is_file():
        places = {"dataset_dir": dataset_dir, "ckpt_dir": folder, "output_dir": folder / "eval", "seed": seed}
        places["task_ckpt_dir"] = work / "task"
        for run_id, delta in (("training", []), ("evaluating", ["evaluate.json"])):
            files = [str(CONFIGS / file) for file in ["train.json", *ARMS[name], *delta]]
            command = [sys.executable, "-m", "monai.bundle", "run", run_id, "--config_file", str(files)]
            command += [word for key, value in places.items() for word in (f"--{key}", str(value))]
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"{run_id}.log").open("w") as log:
                environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
                subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env=environment)  # noqa: S603
    return read_summary(folder / "eval" / SUMMARY)


def run_seed(seed: int, dataset_dir: Path, threads: int) -> dict[str, list[SummaryRow]]:
    """Run the arms of a seed one after the other: they share T and the judge."""
    return {name: run_arm(name, seed, dataset_dir, threads) for name in ARMS}


def main() -> None:
    """Run all arms and seeds, print one table, keep the numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dataset_dir", type=Path, default=CONFIGS.parent / "data", help="folder with datalist.json"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once; the cores are shared out")
    arguments = parser.parse_args()
    threads = max(1, (os.cpu_count() or 1) // arguments.jobs)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        seeds = list(
            pool.map(lambda seed: run_seed(seed, arguments.dataset_dir.absolute(), threads), arguments.seeds)
        )
    table: dict[str, dict[str, list[float]]] = {}
    for arms in seeds:
        for name, rows in arms.items():
            for row in rows:
                label = name if row.arm == "restored" else row.arm
                # Input and reference are the same in all arms of a seed.
                if row.metric in COLUMNS and (row.arm == "restored" or name == "L1"):
                    table.setdefault(label, {}).setdefault(row.metric, []).append(row.mean)
    print(f"{'':10}" + "".join(f"{column:>19}" for column in COLUMNS))
    for label in sorted(table, key=["input", *ARMS, "reference"].index):
        cells = [mean_sd(table[label][c], d) if c in table[label] else "" for c, d in COLUMNS.items()]
        print(f"{label:10}" + "".join(f"{cell:>19}" for cell in cells))
    settings = {
        "seeds": arguments.seeds,
        "cases": seeds[0]["L1"][0].n,
        "fingerprint": fingerprint(arguments.dataset_dir),
        "train.json": {
            name: value
            for name, value in json.loads((CONFIGS / "train.json").read_text()).items()
            if isinstance(value, int | float)
        },
    }
    results = {
        label: {
            metric: {"values": values, "mean": np.mean(values), "sd": np.std(values, ddof=len(values) > 1)}
            for metric, values in row.items()
        }
        for label, row in table.items()
    }
    print(save_results("pet_denoising", " ".join(["python", *sys.argv]), settings, results))


if __name__ == "__main__":
    main()
