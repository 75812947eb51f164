"""Evidence: what tuned physics reaches, on the grid in use and on an open one, and what the open one costs.

OMP_NUM_THREADS=1 python benchmarks/mr_tuning.py

The times of every contrast are tuned to the training subjects by the squared error, then the analytic images
of the test subjects are measured as the bundle's evaluation does. The bundle searches close to the protocol;
further away the error is smaller, but a T2-FLAIR so tuned hardly shows T2 and lesions fade.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from monai.bundle import ConfigParser
from monai.transforms import Compose
from results_file import save_results
from tqdm import tqdm

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.keys import (
    ANALYTIC,
    ANALYTIC_NOMINAL,
    CONTRAST,
    IMAGE,
    LABEL,
    MASK,
    PROPERTY,
    REGIONS,
    SUBJECT,
)
from taskgan_ext.metrics import FlairArtefact, LesionFidelity, MaskedImageQuality
from taskgan_ext.mr.tuned_synthesis import tune
from taskgan_ext.mr.tuning import NARROW, SearchGrid, SynthesisEntry, times_on_border
from taskgan_ext.transforms import AppendAnalyticd

BUNDLE = Path(__file__).parents[1] / "bundles" / "mr_contrast_synthesis"
GRIDS = {
    "tuned": NARROW,
    "tuned, open grid": SearchGrid(
        tr=np.geomspace(0.25, 4.0, 17).tolist(),
        te=np.geomspace(0.0625, 2.0, 31).tolist(),
        ti=np.geomspace(0.4, 2.5, 41).tolist(),
    ),
}
MEASURES: tuple[Measure, ...] = (MaskedImageQuality(), LesionFidelity(groups=["T2FLAIR"]), FlairArtefact())
COLUMNS = {
    "psnr": 2,
    "lesion_contrast_error": 3,
    "lesion_contrast_bias": 3,
    "lesion_dice_best": 3,
    "csf_artefact": 3,
}
Table = Mapping[str, SynthesisEntry]


def loading() -> Compose:
    """Return the transforms with which the bundle loads and scales a case and its regions."""
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "train.json")
    return Compose(parser.get_parsed_content("load") + parser.get_parsed_content("load_regions"))


def analytic_images(loaded: dict[str, Any], tables: Mapping[str, Table]) -> dict[str, Any]:
    """Return the image of every arm for one loaded item, as the bundle makes it."""
    images: dict[str, Any] = {}
    for name, table in tables.items():
        made = AppendAnalyticd(SimpleNamespace(entries=table), compare=True)(dict(loaded))
        images.setdefault("nominal", plain_tensor(made[ANALYTIC_NOMINAL]))
        images[name] = plain_tensor(made[ANALYTIC])
    return images


def measure(
    items: Iterable[dict[str, Any]], load: Compose, tables: Mapping[str, Table]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return contrast to arm to the mean of each column over the subjects that have a value."""
    rows: dict[str, dict[str, list[dict[str, float]]]] = {}
    for item in tqdm(list(items), "measuring", unit="case"):
        loaded = load(dict(item))
        label, regions, mask = (plain_tensor(loaded[key]) for key in (LABEL, REGIONS, MASK))
        for arm, image in analytic_images(loaded, tables).items():
            case = Case(
                subject=item[SUBJECT],
                property=float(item[PROPERTY]),
                image=plain_tensor(loaded[IMAGE]),
                label=label,
                pred=image,
                regions=regions,
                mask=mask > 0,
                group=item[CONTRAST],
            )
            row = {name: value for of in MEASURES for name, value in of(case, image).items()}
            rows.setdefault(item[CONTRAST], {}).setdefault(arm, []).append(row)
    return {
        contrast: {arm: mean_columns(of_arm) for arm, of_arm in of_contrast.items()}
        for contrast, of_contrast in rows.items()
    }


def mean_columns(rows: list[dict[str, float]]) -> dict[str, float]:
    """Average the columns that any of the rows has."""
    values = {name: [row[name] for row in rows if name in row] for name in COLUMNS}
    return {name: float(np.mean(found)) for name, found in values.items() if found}


def times(tables: Mapping[str, Table], contrast: str) -> dict[str, dict[str, Any]]:
    """Return the times of every arm, and those that lie on the border of its grid."""
    found = {"nominal": {**next(iter(tables.values()))[contrast].nominal.to_dict(), "border": []}}
    for name, table in tables.items():
        entry = table[contrast]
        found[name] = {**entry.tuned.to_dict(), "border": times_on_border(entry, GRIDS[name])}
    return found


def print_table(results: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print one line for each contrast and arm; times on the border of the grid have a star."""
    heads = {"repetition_time": "TR (ms)", "echo_time": "TE (ms)", "inversion_time": "TI (ms)"}
    print(
        f"{'':28}" + "".join(f"{head:>10}" for head in heads.values()) + "".join(f"{n:>23}" for n in COLUMNS)
    )
    for contrast, arms in results.items():
        for arm, row in arms.items():
            of_times = [
                "" if row[name] is None else f"{1000 * row[name]:.0f}" + "*" * (name in row["border"])
                for name in heads
            ]
            numbers = [f"{row[name]:.{digits}f}" if name in row else "" for name, digits in COLUMNS.items()]
            line = f"{contrast:10}{arm:18}" + "".join(f"{cell:>10}" for cell in of_times)
            print((line + "".join(f"{number:>23}" for number in numbers)).rstrip())
    print("* on the border of the grid")


def main() -> None:
    """Tune, measure, print the table and store it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset_dir", type=Path, default=BUNDLE / "data", help="folder with datalist.json")
    arguments = parser.parse_args()
    load = loading()
    training = load_datalist(arguments.dataset_dir, "training")
    test = load_datalist(arguments.dataset_dir, "test")
    tables = {name: tune(training, load, grid) for name, grid in GRIDS.items()}
    measured = measure(test, load, tables)
    results = {
        contrast: {
            arm: {**of_arm, **measured[contrast][arm]} for arm, of_arm in times(tables, contrast).items()
        }
        for contrast in tables["tuned"]
    }
    print_table(results)
    mean_psnr = {
        arm: np.mean([arms[arm]["psnr"] for arms in results.values()]) for arm in next(iter(results.values()))
    }
    print("mean PSNR: " + ", ".join(f"{arm} {value:.2f} dB" for arm, value in mean_psnr.items()))
    kept = {"contrasts": results, "mean_psnr": mean_psnr}
    settings = {
        "training_subjects": len({item[SUBJECT] for item in training}),
        "test_subjects": len({item[SUBJECT] for item in test}),
        "grids": {
            name: {key: list(value) for key, value in vars(grid).items()} for name, grid in GRIDS.items()
        },
    }
    print(save_results("mr_tuning", settings, kept))


if __name__ == "__main__":
    main()
