"""A picture of the README: held-out cases of an evaluation, and where the arms differ from the reference.

python benchmarks/result_picture.py bundles/pet_denoising/eval --out docs/images/pet_result.png
python benchmarks/result_picture.py bundles/mr_contrast_synthesis/eval --out docs/images/mr_result.png \
    --compare "analytic tuned" --cases sub-012_T2FLAIR sub-012_T2w sub-012_T1w
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

from taskgan_ext.io.evaluation_files import INPUT, PREVIEW_DIR, REFERENCE, RESTORED
from taskgan_ext.report.pictures import ERROR_COLORMAP, display, object_box
from taskgan_ext.report.results import read_preview, read_results


def main() -> None:
    """Draw one arm to compare with, the restored and the reference image, and the two error maps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="output_dir of an evaluation")
    parser.add_argument("--out", type=Path, required=True, help="the PNG file")
    parser.add_argument("--compare", default=INPUT, help="arm that is shown beside the restored one")
    parser.add_argument("--cases", nargs="+", help="names of cases; all that the report shows by default")
    arguments = parser.parse_args()
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the back end is chosen

    results = read_results(arguments.folder)
    previews = results.previews
    if arguments.cases:
        files = [arguments.folder / PREVIEW_DIR / f"{name}.npz" for name in arguments.cases]
        previews = [read_preview(file, results.evaluation["arms"]) for file in files]
    names = (arguments.compare, RESTORED, REFERENCE)
    figure, axes = plt.subplots(len(previews), 5, figsize=(11, 2.75 * len(previews)), layout="constrained")
    for index, (row, preview) in enumerate(zip(np.atleast_2d(axes), previews, strict=True)):
        arms = {arm: display(preview.arms[arm]) for arm in names}
        box = object_box(arms[REFERENCE])
        arms = {arm: image[box] for arm, image in arms.items()}
        high = np.percentile(arms[REFERENCE], 99.5)
        for axis, (arm, image) in zip(row, arms.items(), strict=False):
            axis.imshow(image, cmap="gray", vmin=0, vmax=high)
            axis.set_title("" if index else arm, fontsize=11)
        for axis, arm in zip(row[3:], names[:2], strict=True):
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
