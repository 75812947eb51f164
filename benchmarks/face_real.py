"""Evidence on photographs: networks that learnt from simulated people, as they are and fine-tuned on half.

python benchmarks/face_real.py --images DIR_OF_PEOPLE --seeds 0 1 2 --jobs 3

The folder has one folder of photographs per person. Everybody is tested with the networks of
face_super_resolution.py, which are trained if need be. Then every other person is fine-tuned with, and the
rest is tested before and after. The judge learns from the simulated people alone.
"""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from bundle_arms import ARMS, argument_parser, collect_arms, keep_results, run_seeds
from face_super_resolution import FACES

from preprocessing.face.given_lists import ListFiles
from preprocessing.face.import_faces import ImportRequest, import_faces
from preprocessing.face.source_faces import find_faces
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.evaluation_files import SUMMARY, SummaryRow, read_summary
from taskgan_ext.keys import TEST

EVERYBODY, BEFORE, AFTER = "everybody", "other half", "other half, fine-tuned"


def fingerprint_of(images: Path) -> str:
    """Tell sets of photographs apart, so that results of one are not taken for those of another."""
    files = [path for paths in find_faces(images).paths.values() for path in paths.values()]
    return hashlib.sha256("".join(map(sha256, sorted(files))).encode()).hexdigest()[:12]


def import_photographs(images: Path, out: Path) -> tuple[Path, Path]:
    """Make a cohort in which everybody is tested, and one in which every other person is."""
    people = find_faces(images).paths
    held = sorted(people)[1::2]
    listed = out / "half.txt"
    out.mkdir(parents=True, exist_ok=True)
    lines = [str(len(held)), *(f"{name}\t{len(people[name])}" for name in held), ""]
    listed.write_text("\n".join(lines), encoding="utf-8")
    import_faces(ImportRequest(images, out / "all", section=TEST))
    import_faces(ImportRequest(images, out / "half", ListFiles(people_test=listed)))
    return out / "all", out / "half"


def run_arm(
    simulated: Path, photographs: tuple[Path, Path], name: str, seed: int, runs: Path, threads: int
) -> list[SummaryRow]:
    """Evaluate one arm and seed on photographs, before and after fine-tuning; the group says which."""
    everybody, half = photographs
    FACES.run_arm(name, seed, simulated, runs, threads)
    before = FACES.places_of(name, seed, runs)
    start = Path(before["ckpt_dir"])
    results = start / everybody.parent.name
    after = before | {"ckpt_dir": results / "fine_tuned"}
    places = after | {
        "dataset_dir": half,
        "start_dir": start,
        "task_ckpt_dir": results.parent.parent / f"task-{results.name}",
        "output_dir": results / "fine_tuned" / "eval",
    }
    FACES.run("training", [*ARMS[name], "fine_tune.json"], places, results / "fine_tuned", threads)
    rows = []
    for title, places, test_dir in (
        (EVERYBODY, before, everybody),
        (BEFORE, before, half),
        (AFTER, after, half),
    ):
        folder = results / title.replace(", ", "_").replace(" ", "_")
        if not (folder / SUMMARY).is_file():
            data = {"dataset_dir": simulated, "test_dir": test_dir, "output_dir": folder}
            FACES.run("evaluating", [*ARMS[name], "evaluate.json"], places | data, folder, threads)
        rows += [replace(row, group=title) for row in read_summary(folder / SUMMARY)]
    return rows


def main() -> None:
    """Run all arms and seeds, print a table for each of the three tests, keep the numbers."""
    parser = argument_parser(FACES, __doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder with one folder per person")
    arguments = parser.parse_args()
    fingerprint = fingerprint_of(arguments.images)
    cohorts = Path(__file__).parent / "runs" / "photographs" / fingerprint
    photographs = import_photographs(arguments.images, cohorts)
    seeds = run_seeds(FACES, arguments, partial(run_arm, arguments.dataset_dir, photographs))
    tables = {title: collect_arms(seeds, FACES.columns, title) for title in (EVERYBODY, BEFORE, AFTER)}
    people = len(find_faces(arguments.images).paths)
    keep_results(FACES, arguments, "face_real", tables, {"people": people, "photographs": fingerprint})


if __name__ == "__main__":
    main()
