"""The picture of the README: one positive and one negative held-out subject of an evaluation.

python benchmarks/pet_picture.py bundles/pet_denoising/eval
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED
from taskgan_ext.report.pictures import ERROR_COLORMAP, display, object_box
from taskgan_ext.report.results import read_results

OUT = Path(__file__).parents[1] / "docs" / "images" / "pet_result.png"


def main() -> None:
    """Draw input, restored, reference and the two error maps of two subjects."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="output_dir of an evaluation")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the back end is chosen

    results = read_results(arguments.folder)
    previews = results.previews
    figure, axes = plt.subplots(len(previews), 5, figsize=(11, 2.75 * len(previews)), layout="constrained")
    for index, (row, preview) in enumerate(zip(np.atleast_2d(axes), previews, strict=True)):
        arms = {arm: display(preview.arms[arm], "axial") for arm in (INPUT, RESTORED, REFERENCE)}
        box = object_box(arms[REFERENCE])
        arms = {arm: image[box] for arm, image in arms.items()}
        high = np.percentile(arms[REFERENCE], 99.5)
        for axis, (arm, image) in zip(row, arms.items(), strict=False):
            axis.imshow(image, cmap="gray", vmin=0, vmax=high)
            axis.set_title("" if index else arm, fontsize=11)
        for axis, arm in zip(row[3:], (INPUT, RESTORED), strict=True):
            error = arms[arm] - arms[REFERENCE]
            axis.imshow(error, cmap=ERROR_COLORMAP, vmin=-high / 2, vmax=high / 2)
            axis.set_title("" if index else f"{arm} - reference", fontsize=11)
        row[0].set_ylabel(results.presentation.class_name(preview.property), fontsize=11)
        for axis in row:
            axis.set_xticks([])
            axis.set_yticks([])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.out, dpi=75)
    print(arguments.out)


if __name__ == "__main__":
    main()
