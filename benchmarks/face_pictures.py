"""Pictures of the README: ROC curves like the paper's Figure 2(a), and faces like its Figure 2(c).

python benchmarks/face_pictures.py RUNS/seed-0 --real PHOTOGRAPHS/other_half_fine-tuned --out docs/images

RUNS is the folder of face_super_resolution.py and face_real.py; the other two are folders of evaluations in
that of each arm. The ROC curves are of both; the faces shown are simulated.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED, SUMMARY, read_summary
from taskgan_ext.io.roc_file import CROSS, ROC, SAME, RocCurve, read_curves
from taskgan_ext.report.results import read_results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARMS = ("GAN", "Task-GAN")
MEASURE = "judge"
COLOURS = {"reference": "#333333", "Task-GAN": "#b5442e", "GAN": "#2f6f9f", "degraded": "#999999"}
KINDS = {SAME: "same kind of image", CROSS: "against references"}


def curves_of(run: Path, evaluation: str) -> dict[tuple[str, str], tuple[RocCurve, float]]:
    """Curve and area of each kind and image: reference, degraded, and restored by each network."""
    found = {}
    for arm in ARMS:
        folder = run / arm / evaluation
        areas = {(row.arm, row.metric): row.mean for row in read_summary(folder / SUMMARY) if not row.group}
        names = {INPUT: "degraded", RESTORED: arm, REFERENCE: "reference"}
        for curve in read_curves(folder / ROC):
            if curve.measure == MEASURE:
                area = areas[curve.arm, curve.area_metric]
                found[curve.kind, names[curve.arm]] = (curve, area)
    return found


def draw_curves(axes: "Axes", curves: dict[tuple[str, str], tuple[RocCurve, float]], kind: str) -> None:
    """Draw the four curves of one kind of pair, the area in the legend."""
    for name, colour in COLOURS.items():
        curve, area = curves[kind, name]
        axes.plot(curve.false_accept, curve.true_accept, color=colour, label=f"{name}  {area:.3f}")
    axes.plot([0, 1], [0, 1], color="#cccccc", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), box_aspect=1, xlabel="false accept rate")
    axes.legend(frameon=False, fontsize=8, loc="lower right", title="AUC", title_fontsize=8)


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the arms of one seed")
    parser.add_argument("--simulated", default="eval", help="evaluation of simulated faces")
    parser.add_argument("--real", required=True, help="evaluation of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the PNG files")
    arguments = parser.parse_args()
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the back end is chosen

    evaluations = {"simulated faces": arguments.simulated, "photographs": arguments.real}
    arguments.out.mkdir(parents=True, exist_ok=True)
    figure, grid = plt.subplots(1, 4, figsize=(14, 3.9), layout="constrained")
    places = [(title, kind) for title in evaluations for kind in KINDS]
    for axes, (title, kind) in zip(grid, places, strict=True):
        draw_curves(axes, curves_of(arguments.run, evaluations[title]), kind)
        axes.set_title(f"{title}, {KINDS[kind]}", fontsize=10)
    grid[0].set_ylabel("true accept rate")
    figure.savefig(arguments.out / "face_roc.png", dpi=75)

    # Simulated people only: photographs of real ones do not belong into a repository.
    results = [read_results(arguments.run / arm / arguments.simulated).previews for arm in ARMS]
    columns = [
        {
            "reference": gan.arms[REFERENCE],
            "degraded": gan.arms[INPUT],
            "GAN": gan.arms[RESTORED],
            "Task-GAN": task_gan.arms[RESTORED],
        }
        for gan, task_gan in zip(*results, strict=True)
    ]
    rows = list(columns[0])
    figure, grid = plt.subplots(
        len(rows), len(columns), figsize=(1.45 * len(columns), 1.5 * len(rows)), layout="constrained"
    )
    for row, name in zip(grid, rows, strict=True):
        row[0].set_ylabel(name, fontsize=11)
        for axes, pictures in zip(row, columns, strict=True):
            axes.imshow(pictures[name], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
    figure.savefig(arguments.out / "face_result.png", dpi=75)
    print(arguments.out / "face_roc.png", arguments.out / "face_result.png")


if __name__ == "__main__":
    main()
