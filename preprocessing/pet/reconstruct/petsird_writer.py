"""PETSIRD files of a cylinder of crystals, written by the SDK of the standard."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.reconstruct.cylinder_scanner import CylinderScanner
from taskgan_ext.io.atomic import atomic_path
from taskgan_ext.io.optional_package import load_optional

BLOCK_MS = 100
_CRYSTALS_PER_MODULE = 8
_CRYSTAL_DEPTH = 20.0


def write_petsird(path: Path, events: DetectorEvents, scanner: CylinderScanner) -> None:
    """Write a scan, whole or not at all.

    A module holds 8 crystals of every ring, as boxes about the cylinder where photons are detected. There is
    no table of efficiencies: all are 1.

    Args:
        path: the file to write.
        events: in order of time, detectors as ``CylinderScanner`` numbers them.
        scanner: the scanner; its crystals per ring must be a multiple of 8.

    Raises:
        DependencyError: petsird is not installed.
        ValueError: the crystals of a ring do not make whole modules.
    """
    if scanner.crystals_per_ring % _CRYSTALS_PER_MODULE:
        raise ValueError(
            f"expected a multiple of {_CRYSTALS_PER_MODULE} crystals per ring, got "
            f"{scanner.crystals_per_ring}"
        )
    sdk = load_optional("petsird", "writing PETSIRD", "taskgan-ext[pet]")
    create = load_optional("petsird.helpers.create", "writing PETSIRD", "taskgan-ext[pet]")
    with atomic_path(path) as temporary, sdk.BinaryPETSIRDWriter(str(temporary)) as writer:
        writer.write_header(sdk.Header(scanner=_scanner_information(sdk, create, scanner)))
        writer.write_time_blocks(_time_blocks(sdk, events, scanner))


def _scanner_information(sdk: ModuleType, create: ModuleType, scanner: CylinderScanner) -> Any:  # noqa: ANN401
    pitch = 2 * np.pi / scanner.crystals_per_ring
    half = np.array([_CRYSTAL_DEPTH, scanner.radius * pitch, scanner.ring_spacing]) / 2
    # PETSIRD, BoxShape: four corners of one face in order, then those of the opposite one.
    face = [(-1, -1), (-1, 1), (1, 1), (1, -1)]
    corners = [np.array([x, y, z]) * half for x in (-1, 1) for y, z in face]
    box = sdk.BoxSolidVolume(
        shape=sdk.BoxShape(corners=[_coordinate(sdk, c) for c in corners]), material_id=1
    )
    rings = (np.arange(scanner.num_rings) + 0.5) * scanner.ring_spacing - scanner.half_length
    elements = [
        _turn(sdk, (crystal + 0.5) * pitch, scanner.radius, z)
        for crystal in range(_CRYSTALS_PER_MODULE)
        for z in rings
    ]
    num_modules = scanner.crystals_per_ring // _CRYSTALS_PER_MODULE
    modules = [_turn(sdk, module * _CRYSTALS_PER_MODULE * pitch, 0.0, 0.0) for module in range(num_modules)]
    detector = sdk.DetectorModule(
        detecting_elements=sdk.ReplicatedBoxSolidVolume(object=box, transforms=elements)
    )
    replicated = sdk.ReplicatedDetectorModule(object=detector, transforms=modules)
    geometry = sdk.ScannerGeometry(replicated_modules=[replicated])
    information = sdk.ScannerInformation(model_name=scanner.name, scanner_geometry=geometry)
    create.initialize_scanner_information_dimensions(
        information, 1, allocate_detection_bin_efficiencies=False, allocate_module_pair_efficiencies=False
    )
    information.tof_bin_edges[0][0] = sdk.BinEdges(edges=scanner.geometry().tof_edges)
    information.tof_resolution[0][0] = scanner.tof_fwhm
    information.event_energy_bin_edges[0] = sdk.BinEdges(edges=np.array([430, 650], np.float32))
    information.energy_resolution_at_511[0] = 0.11
    information.prompt_event_policy = sdk.CoincidencePolicy.REJECT_HIGHER_MULTIPLES
    information.delayed_event_policy = sdk.CoincidencePolicy.REJECT_HIGHER_MULTIPLES
    information.single_event_policy = sdk.SingleEventPolicy.NONE
    information.triple_event_policy = sdk.TripleEventPolicy.NONE
    information.quadruple_event_policy = sdk.QuadrupleEventPolicy.NONE
    return information


def _coordinate(sdk: ModuleType, point: NDArray[np.float64]) -> Any:  # noqa: ANN401
    return sdk.Coordinate(c=point.astype(np.float32))


def _turn(sdk: ModuleType, angle: float, radius: float, z: float) -> Any:  # noqa: ANN401
    """Return the transform that puts a box at ``radius`` on the x axis and turns it about the z axis."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = [[cos, -sin, 0, radius * cos], [sin, cos, 0, radius * sin], [0, 0, 1, z]]
    return sdk.RigidTransformation(matrix=np.array(matrix, np.float32))


def _time_blocks(sdk: ModuleType, events: DetectorEvents, scanner: CylinderScanner) -> Iterator[Any]:
    bins, tof = _detection_bins(events, scanner)
    last = int(events.time_ms[-1]) if events.time_ms.size else -1
    for start in range(0, last + 1, BLOCK_MS):
        begin, end = np.searchsorted(events.time_ms, [start, start + BLOCK_MS])
        lists = []
        for kind in (True, False):
            chosen = np.flatnonzero(events.prompt[begin:end] == kind) + begin
            pairs = zip(bins[chosen].tolist(), tof[chosen].tolist(), strict=True)
            lists.append(
                [[[sdk.CoincidenceEvent(detection_bins=pair, tof_idx=index) for pair, index in pairs]]]
            )
        interval = sdk.TimeInterval(start=start, stop=start + BLOCK_MS)
        yield sdk.TimeBlock.EventTimeBlock(
            sdk.EventTimeBlock(time_interval=interval, prompt_events=lists[0], delayed_events=lists[1])
        )


def _detection_bins(
    events: DetectorEvents, scanner: CylinderScanner
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the crystals as PETSIRD does; the first one has the higher number."""
    ring, crystal = np.divmod(events.detectors.astype(np.int64), scanner.crystals_per_ring)
    module, element = np.divmod(crystal, _CRYSTALS_PER_MODULE)
    bins = (module * _CRYSTALS_PER_MODULE + element) * scanner.num_rings + ring
    swap = bins[:, 0] < bins[:, 1]
    tof = events.tof.astype(np.int64)
    return np.where(swap[:, None], bins[:, ::-1], bins), np.where(swap, scanner.num_tof_bins - 1 - tof, tof)
