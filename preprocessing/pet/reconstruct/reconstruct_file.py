"""A list-mode file in, an image with its sidecar out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.existing_output import check_absent, check_no_input
from preprocessing.pet.listmode.listmode_file import ListModeFile
from preprocessing.pet.listmode.scan_time import scan_time
from preprocessing.pet.pair_picture import write_pair_picture
from preprocessing.pet.reconstruct.attenuation_map import load_attenuation
from preprocessing.pet.reconstruct.dose_report import dose_of_file
from preprocessing.pet.reconstruct.event_histogram import EventTally, count_events
from preprocessing.pet.reconstruct.image_frame import image_frame
from preprocessing.pet.reconstruct.line_model import LineModel, line_model
from preprocessing.pet.reconstruct.listmode_engine import ListModeEngine, ListModeRequest
from preprocessing.pet.reconstruct.listmode_events import collect_prompts
from preprocessing.pet.reconstruct.planar_engine import PlanarRequest, check_matrix_memory, reconstruct_planes
from preprocessing.pet.reconstruct.settings import ReconstructionSettings
from preprocessing.pet.reconstruct.sidecar import Reconstruction, sidecar_content, sidecar_path
from preprocessing.pet.reconstruct.subset_choice import choose_passes, with_subsets
from preprocessing.pet.smoothing import blur_volume
from preprocessing.pet.stack import stack_to_volume, volume_to_stack
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import save_nifti


@dataclass(frozen=True)
class ReconstructionRequest:
    """What to read and to write.

    Attributes:
        image: ``.nii`` or ``.nii.gz`` to write; the sidecar lies beside it.
        attenuation: map in 1/cm, or None.
        picture: PNG to write, or None.
        overwrite: replace files that are there.
    """

    image: Path
    attenuation: Path | None = None
    picture: Path | None = None
    overwrite: bool = False


def reconstruct_file(
    file: ListModeFile, request: ReconstructionRequest, settings: ReconstructionSettings
) -> dict[str, Any]:
    """Reconstruct a file and write image, sidecar and picture, each whole or not at all.

    Args:
        file: the open file.
        request: what to write.
        settings: what the user chose.

    Returns:
        The content of the sidecar.

    Raises:
        ConfigError: settings contradict one another or the file, or an output is an input.
        DataError: an output is there and may not be replaced, the attenuation map cannot be
            used, or there are no counts in the field of view.
        RefusedListMode: the file is broken, or its scanner cannot be reconstructed.
    """
    sidecar = _check_output(file, request)
    geometry = file.geometry()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    model = line_model(geometry, settings.grid, settings.passes(geometry)[1])
    frame = image_frame(geometry, model.sampling)
    attenuation = None if request.attenuation is None else load_attenuation(request.attenuation, frame)
    digest = sha256(file.path)
    dose, dose_from = _dose(file.path, digest, settings)
    duration, notices = _duration(file, settings)
    work = _Work(file, model, settings, duration * dose, attenuation)
    result = _planes(work) if settings.engine == "2d" else _events(work)

    stack = blur_volume(
        volume_to_stack(result.volume, settings.grid),
        settings.grid,
        frame.plane_spacing,
        settings.post_filter,
    )
    image = frame.to_ras(stack_to_volume(stack, settings.grid) * np.float32(settings.calibration or 1))
    if not np.isfinite(image).all():
        raise DataError(
            f"{file.path}: expected a finite image, got values that are no numbers; is --duration right?"
        )
    content = sidecar_content(
        Reconstruction(
            model=model,
            settings=settings,
            passes=result.passes,
            duration=duration,
            dose=dose,
            dose_from=dose_from,
            prompts=result.prompts,
            delayeds=result.delayeds,
            file={
                "format": file.format,
                "experimental": file.experimental,
                "sha256": digest,
                "warnings": list(dict.fromkeys((*file.warnings, *notices))),
            },
            attenuation=None if request.attenuation is None else sha256(request.attenuation),
        )
    )
    save_nifti(image, frame.affine, request.image)
    write_json(sidecar, content)
    if request.picture is not None:
        write_pair_picture(request.picture, [image], frame.affine)
    return content


def _check_output(file: ListModeFile, request: ReconstructionRequest) -> Path:
    """Check that the files to write may be written, and give the path of the sidecar."""
    sidecar = sidecar_path(request.image)
    outputs = [request.image, sidecar, *([] if request.picture is None else [request.picture])]
    maps = [] if request.attenuation is None else [request.attenuation]
    check_no_input(outputs, [*file.inputs, *maps])
    check_absent(outputs, request.overwrite, "other names")
    return sidecar


def _duration(file: ListModeFile, settings: ReconstructionSettings) -> tuple[float, tuple[str, ...]]:
    """Seconds of the scan, and what is odd about its times."""
    if settings.duration:
        return settings.duration, ()
    time = scan_time(file)
    if time.duration_ms <= 0:
        raise ConfigError(
            f"{file.path}: the file does not tell how long the scan was; give --duration SECONDS"
        )
    return time.duration_ms / 1000, time.notices()


@dataclass(frozen=True)
class _Work:
    file: ListModeFile
    model: LineModel
    settings: ReconstructionSettings
    exposure: float
    attenuation: NDArray[np.float32] | None

    def passes(self, prompts: EventTally) -> tuple[int, int]:
        """Iterations and subsets for these counts."""
        if prompts.used == 0:
            raise DataError(
                f"{self.file.path}: expected prompts in the field of view, found none of {prompts.total}"
            )
        nominal = self.settings.passes(self.model.geometry)
        if self.settings.fixed_passes:
            return nominal
        return choose_passes(nominal, prompts.used, self.model, planar=self.settings.engine == "2d")


@dataclass(frozen=True)
class _Result:
    volume: NDArray[np.float32]
    passes: tuple[int, int]
    prompts: EventTally
    delayeds: EventTally


def _planes(work: _Work) -> _Result:
    check_matrix_memory(work.model.sampling)
    histogram = count_events(work.file.events(), work.model)
    iterations, subsets = work.passes(histogram.prompt_tally)
    model = with_subsets(work.model, subsets)
    stack = reconstruct_planes(PlanarRequest(histogram, model, work.exposure, work.attenuation), iterations)
    volume = stack_to_volume(stack, model.sampling.grid)
    return _Result(volume, (iterations, subsets), histogram.prompt_tally, histogram.delayed_tally)


def _events(work: _Work) -> _Result:
    events = collect_prompts(work.file.events(), work.model)
    passes = work.passes(events.prompt_tally)
    request = ListModeRequest(events, work.model, work.exposure, work.attenuation, device=_device())
    volume = ListModeEngine(request).reconstruct(*passes)
    return _Result(volume, passes, events.prompt_tally, events.delayed_tally)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _dose(path: Path, digest: str, settings: ReconstructionSettings) -> tuple[float, str]:
    if settings.dose is not None:
        return settings.dose, "the user"
    found = dose_of_file(path, digest)
    return (1.0, "no report of thinning") if found is None else (found, "the report of thinning")
