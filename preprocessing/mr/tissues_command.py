"""``python -m preprocessing mr tissues``."""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np

from preprocessing.existing_output import check_absent
from preprocessing.folder_lock import made_folder
from preprocessing.mr.contrast_arguments import contrast_parser, paths_by_contrast
from preprocessing.mr.scan_tissues import FROM_INTENSITIES, ScanTissues, TissueRequest, find_tissues
from preprocessing.mr.tissue_mixture import BRIGHTNESS, CLASSES
from preprocessing.mr.tissues import TISSUES
from preprocessing.provenance import package_versions
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti

ENDING = ".nii.gz"
RESOLUTIONS = {"2": 2.0, "1": 1.0, "native": None}
_DEFAULT_SLICE_MM = 4.0
_MOST = 0.95  # share of the brain or of a mask from which on nothing is worth a notice


def add_tissues(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``tissues``.

    Args:
        commands: of the parser of all MR commands.
    """
    parser = commands.add_parser(
        "tissues",
        help="turn conventional scans into an anatomy for simulate",
        description=(
            "Find white matter, grey matter, fluid and lesions in conventional scans of one person, and "
            "write them as the tissue fractions that 'simulate --tissue-maps' scans with MDME and all "
            "contrasts. The scans must share a scanner frame. A brain mask that was checked by eye is better "
            "than the one that is found here."
        ),
    )
    parser.add_argument(
        "--contrast",
        type=contrast_parser(BRIGHTNESS),
        action="append",
        default=[],
        metavar="NAME=PATH",
        help=f"a scan, DICOM folder or NIfTI; once for each of {', '.join(BRIGHTNESS)} that there is",
    )
    parser.add_argument("--out", type=Path, required=True, metavar=f"FILE{ENDING}", help="file to write")
    parser.add_argument("--lesions", type=Path, help="lesion mask, on the grid of any of the scans")
    parser.add_argument(
        "--mask",
        type=Path,
        help="brain mask (default: where skull-stripped scans are not 0, else by intensity)",
    )
    parser.add_argument(
        "--resolution",
        choices=RESOLUTIONS,
        default="2",
        help="in-plane voxel size in mm, of 256 mm; native: voxels of the finest scan (default: 2)",
    )
    parser.add_argument(
        "--slice-mm",
        type=float,
        metavar="MM",
        help=f"of the slices (default: {_DEFAULT_SLICE_MM:g}); a scan of thicker ones keeps its own",
    )
    parser.add_argument("--register", action="store_true", help="look for movements between the scans")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    parser.set_defaults(run=_run_tissues)


def _run_tissues(arguments: argparse.Namespace) -> None:
    contrasts = paths_by_contrast(arguments.contrast)
    if not arguments.out.name.endswith(ENDING):
        raise ConfigError(f"--out: expected a file name that ends in {ENDING}, got {arguments.out.name}")
    check_absent([arguments.out], arguments.overwrite)
    resolution = RESOLUTIONS[arguments.resolution]
    if resolution is None and arguments.slice_mm is not None:
        raise ConfigError("--slice-mm: native voxels keep the slices of the scan; leave one of the two out")
    request = TissueRequest(
        contrasts=contrasts,
        lesions=arguments.lesions,
        brain=arguments.mask,
        resolution=resolution,
        slice_mm=_DEFAULT_SLICE_MM if arguments.slice_mm is None else arguments.slice_mm,
        register=arguments.register,
    )
    with made_folder(arguments.out.parent):
        found = find_tissues(request, _say)
        save_nifti(found.fractions, found.affine, arguments.out)
        record = arguments.out.with_name(f"{arguments.out.name.removesuffix(ENDING)}.json")
        write_json(record, _sidecar(request, found))
    sys.stdout.write("\n".join(_report(request, found, arguments.out)) + "\n")


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


def _sidecar(request: TissueRequest, found: ScanTissues) -> dict[str, object]:
    return {
        "Description": "Fractions of tissues from conventional scans, for a simulation",
        "tissues": list(TISSUES),
        "contrasts": {name: path.name for name, path in request.contrasts.items()},
        "grid_from": found.grid_from,
        "brain_mask_from": found.brain_from,
        "lesions_from": "nowhere" if request.lesions is None else "user",
        "coverage": round(found.coverage, 4),
        "registration": {name: record.to_dict() for name, record in found.records.items()},
        "mean_intensity": {
            name: dict(zip(CLASSES, column.round(4).tolist(), strict=True))
            for name, column in zip(found.mixture.contrasts, found.mixture.means.T, strict=True)
        },
        "volume_ml": found.volumes_ml(),
        "versions": package_versions(("taskgan-ext", "numpy", "scipy", "nibabel", "pydicom", "SimpleITK")),
    }


def _report(request: TissueRequest, found: ScanTissues, out: Path) -> list[str]:
    x, y, z = found.fractions.shape[:3]
    size = " x ".join(f"{step:.3g}" for step in np.linalg.norm(found.affine[:3, :3], axis=0))
    volumes = ", ".join(f"{name} {volume:g}" for name, volume in found.volumes_ml().items() if volume)
    lines = [
        f"tissues: {out}",
        f"grid: {x} x {y} x {z} voxels of {size} mm, along the axes of {found.grid_from}",
    ]
    lines.append(f"volumes in ml: {volumes}")
    for name, record in found.records.items():
        state = f"moved by {record.mean_corner_shift:.1f} mm" if record.accepted else "left in place"
        lines.append(f"{name:<9}{state}: {record.reason}")
    return [
        *lines,
        *(f"notice: {text}" for text in _notices(request, found)),
        "to scan it, alone or with the files of other persons:",
        _simulate(out),
    ]


def _notices(request: TissueRequest, found: ScanTissues) -> list[str]:
    texts = []
    if found.brain_from == FROM_INTENSITIES:
        texts.append(
            "the brain was found by simple thresholds: look at the file; a mask that was checked is better "
            "(--mask)"
        )
    if found.coverage < _MOST:
        texts.append(f"the scans show {found.coverage:.0%} of the brain; the rest is left out")
    if found.other_frames:
        texts.append(
            f"{', '.join(found.other_frames)} and {found.grid_from} name different scanner frames; check "
            "that they are aligned, or use --register"
        )
    if tuple(request.contrasts) == ("T2w",):
        texts.append("T2w alone tells fluid poorly from grey matter; add T1w or T2FLAIR")
    if request.lesions is None:
        texts.append("without --lesions, lesions count as grey matter or fluid")
    elif found.lesion_share is None:
        texts.append("the lesion mask is empty: a subject without lesions")
    elif found.lesion_share < _MOST:
        texts.append(
            f"only {found.lesion_share:.0%} of the lesion mask lies in the brain; the rest is left out"
        )
    return texts


def _simulate(out: Path) -> str:
    parts = ["python", "-m", "preprocessing", "mr", "simulate", "--tissue-maps", str(out)]
    return shlex.join([*parts, "--out", str(out.parent / "cohort")])
