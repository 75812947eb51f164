"""Which task loss, and how much of it: Task-GAN on the people of another simulated cohort.

python -m preprocessing face simulate --identities 160 --seed 1 --out DIR --workers 2
python benchmarks/face_task_loss.py --dataset_dir DIR --jobs 2

The default of the bundle was chosen on these people, who are in no other result.
"""

from argparse import Namespace
from pathlib import Path

from bundle_arms import argument_parser, collect_arms, keep_results, run_jobs, runs_of
from face_super_resolution import FACES

from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.evaluation_files import SummaryRow

WEIGHTS = {"embedding": (0.01, 0.02), "probabilities": (0.3, 1.0, 3.0)}
VARIANTS: dict[str, dict[str, str | float]] = {
    "no task loss": {"mu_task": 0},
    **{
        f"{match}, mu {weight:g}": {"task_match": match, "mu_task": weight}
        for match, weights in WEIGHTS.items()
        for weight in weights
    },
}


def run_variant(name: str, seed: int, dataset_dir: Path, runs: Path, threads: int) -> list[SummaryRow]:
    """Train and evaluate with one task loss, unless that is done already; all share T and the judge."""
    folder = runs / name.replace(", ", "_").replace(" ", "_")
    places = {"dataset_dir": dataset_dir, "ckpt_dir": folder, "task_ckpt_dir": runs / "task", "seed": seed}
    return FACES.train_and_evaluate([], {**places, **VARIANTS[name]}, folder, threads)


def run_seed(seed: int, arguments: Namespace) -> dict[str, list[SummaryRow]]:
    """Run all variants with one seed."""
    runs = runs_of(FACES, arguments.dataset_dir) / f"task-loss-{seed}"
    first, *others = VARIANTS

    def job(name: str, threads: int) -> list[SummaryRow]:
        return run_variant(name, seed, arguments.dataset_dir, runs, threads)

    # The first one alone: it trains T and the judge, which the others find finished.
    return run_jobs([first], 1, job) | run_jobs(others, arguments.jobs, job)


def main() -> None:
    """Run all variants, print a table, keep the numbers."""
    parser = argument_parser(FACES, __doc__)
    parser.set_defaults(seeds=[0])
    arguments = parser.parse_args()
    seeds = [run_seed(seed, arguments) for seed in arguments.seeds]
    cohort = read_json(arguments.dataset_dir / "cohort.json")
    table = collect_arms(seeds, FACES.columns, "")
    keep_results(FACES, arguments, "face_task_loss", {"task loss": table}, {"cohort": cohort})


if __name__ == "__main__":
    main()
