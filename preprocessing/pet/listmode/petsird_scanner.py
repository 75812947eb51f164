"""The scanner of a PETSIRD file: where its detectors are and what detection bins mean."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry
from taskgan_ext.errors import RefusedListMode

_MAX_DETECTORS = 5_000_000
_FARTHEST = 1e5
_MOST_EFFICIENT = 1e9
_SAME_RING = 0.05
"""Detectors whose axial positions differ by less (mm) are in one ring."""


@dataclass(frozen=True)
class ModuleType:
    """Detectors of one type of modules.

    Attributes:
        first_detector: index of its first detector among those of all types.
        num_detectors: of all modules of the type.
        num_energies: energy bins of a detector.
        centres: ``(num_detectors, 3)``, float32, mm.
        efficiencies: ``(num_detectors,)``, float32, mean over the energy bins.
    """

    first_detector: int
    num_detectors: int
    num_energies: int
    centres: NDArray[np.float32]
    efficiencies: NDArray[np.float32]

    def detectors(self, bins: NDArray[np.uint32]) -> NDArray[np.int32] | None:
        """Return the detector of each detection bin, None if one is out of range.

        ``bin = energy + (element + module * num_elements) * num_energies`` (PETSIRD SDK,
        ``petsird.helpers.make_detection_bin``).

        Args:
            bins: detection bins.
        """
        if bins.size and int(bins.max()) >= self.num_detectors * self.num_energies:
            return None
        return (bins // np.uint32(self.num_energies)).astype(np.int32) + np.int32(self.first_detector)


class PetsirdScanner:
    """The scanner.

    Args:
        scanner: field ``scanner`` of the header.
        where: name of the file, for messages.

    Raises:
        RefusedListMode: the header contradicts itself.
    """

    def __init__(self, scanner: dict[str, Any], where: str) -> None:
        self._scanner, self._where = scanner, where
        self.name = scanner["modelName"]
        self.types: tuple[ModuleType, ...] = ()
        num_detectors = 0
        for index in range(len(scanner["scannerGeometry"]["replicatedModules"])):
            self.types += (self._module_type(index, num_detectors),)
            num_detectors += self.types[-1].num_detectors
        if not self.types:
            raise self._invalid("at least one type of modules")
        self._edges = self._tof_edges((0, 0))
        pairs = [(first, second) for first in range(len(self.types)) for second in range(first + 1)]
        self._tof_tables = {pair: self._tof_table(pair) for pair in pairs}

    @property
    def has_pair_efficiencies(self) -> bool:
        """Whether the file gives efficiencies for pairs of modules; empty lists take one byte."""
        return int(self._scanner["detectionEfficiencies"]["modulePairEfficienciesVectors"]) > 1

    @property
    def mapped_tof(self) -> tuple[tuple[int, int], ...]:
        """Pairs of module types whose time-of-flight bins differ from those of the first type."""
        return tuple(pair for pair, table in self._tof_tables.items() if table is not None)

    def knows(self, types: tuple[int, int]) -> bool:
        """Tell whether a pair of module types exists.

        Args:
            types: of the first and the second detector.
        """
        return max(types) < len(self.types)

    def tof_bins(self, types: tuple[int, int], indices: NDArray[np.uint32]) -> NDArray[np.int16] | None:
        """Return time-of-flight bins of the geometry, None if one is out of range.

        Args:
            types: of the first and the second detector.
            indices: of the file.
        """
        table = self._tof_tables.get((max(types), min(types)))
        size = self._edges.size - 1 if table is None else table.size
        if indices.size and int(indices.max()) >= size:
            return None
        return indices.astype(np.int16) if table is None else table[indices]

    def geometry(self) -> DetectorGeometry:
        """Positions of the detectors and time of flight."""
        centres = np.concatenate([module.centres for module in self.types])
        axial = np.unique(np.round(centres[:, 2] / _SAME_RING)) * _SAME_RING
        resolution = self._cell("tofResolution", (0, 0))
        has_tof = self._edges.size > 2 and resolution is not None and 0 < resolution < _FARTHEST
        return DetectorGeometry(
            name=self.name,
            centres=centres,
            tof_edges=self._edges,
            tof_fwhm=float(resolution) if has_tof and resolution is not None else 0.0,
            ring_spacing=float(np.median(np.diff(axial))) if axial.size > 1 else 1.0,
            num_rings=axial.size,
            efficiencies=np.concatenate([module.efficiencies for module in self.types]),
        )

    def _module_type(self, index: int, first_detector: int) -> ModuleType:
        modules = self._scanner["scannerGeometry"]["replicatedModules"][index]
        elements = modules["object"]["detectingElements"]
        corners = elements["object"]["shape"]["corners"]["c"]
        matrices = elements["transforms"]["matrix"], modules["transforms"]["matrix"]
        if not all(_within(array, _FARTHEST) for array in (corners, *matrices)):
            raise self._invalid(f"detectors within {_FARTHEST:g} mm")
        num_elements, num_modules = elements["transforms"].size, modules["transforms"].size
        num_detectors = num_elements * num_modules
        if not 0 < first_detector + num_detectors <= _MAX_DETECTORS or not num_detectors:
            raise self._invalid(f"1 to {_MAX_DETECTORS} detectors")
        energies = self._scanner["eventEnergyBinEdges"]
        num_energies = energies[index]["edges"].size - 1 if index < len(energies) else 1
        if num_energies < 1:
            raise self._invalid("at least one energy bin")
        inner = _transform(matrices[0], corners.astype(np.float64).mean(0)[None])[:, 0]
        centres = _transform(matrices[1], inner).reshape(-1, 3)
        return ModuleType(
            first_detector,
            num_detectors,
            num_energies,
            centres.astype(np.float32),
            self._efficiencies(index, num_detectors, num_energies),
        )

    def _efficiencies(self, index: int, num_detectors: int, num_energies: int) -> NDArray[np.float32]:
        tables = self._scanner["detectionEfficiencies"]["detectionBinEfficiencies"]
        if index >= len(tables) or not tables[index].size:
            return np.ones(num_detectors, np.float32)
        right_size = tables[index].size == num_detectors * num_energies
        if not right_size or not _within(tables[index], _MOST_EFFICIENT):
            raise self._invalid(f"an efficiency below {_MOST_EFFICIENT:g} for each detection bin")
        return np.asarray(tables[index].reshape(num_detectors, num_energies).mean(1), np.float32)

    def _tof_edges(self, types: tuple[int, int]) -> NDArray[np.float32]:
        cell = self._cell("tofBinEdges", types)
        edges = np.empty(0, np.float32) if cell is None else np.asarray(cell["edges"], np.float32)
        if edges.size < 2:
            # One bin that holds everything: no photon is later than the other by the whole scanner.
            reach = float(np.abs(np.concatenate([module.centres for module in self.types])).max())
            return np.array([-2 * reach, 2 * reach], np.float32)
        if not _within(edges, _FARTHEST) or not (np.diff(edges) > 0).all() or edges.size > 32768:
            raise self._invalid("increasing edges of time-of-flight bins")
        return edges

    def _tof_table(self, types: tuple[int, int]) -> NDArray[np.int16] | None:
        """The bins of the first type of modules in which those of a pair of types lie by their middle."""
        edges = self._tof_edges(types)
        if np.array_equal(edges, self._edges):
            return None
        nearest = np.searchsorted(self._edges, (edges[1:] + edges[:-1]) / 2, side="right") - 1
        return np.clip(nearest, 0, self._edges.size - 2).astype(np.int16)

    def _cell(self, field: str, types: tuple[int, int]) -> Any:  # noqa: ANN401
        matrix = self._scanner[field]
        if types[0] < len(matrix) and types[1] < len(matrix[types[0]]):
            return matrix[types[0]][types[1]]
        return None

    def _invalid(self, expected: str) -> RefusedListMode:
        return RefusedListMode(
            "header_invalid", f"{self._where}: expected {expected} in the header, found something else"
        )


def _within(values: NDArray[np.float32], limit: float) -> bool:
    """Whether all values are finite and small enough; not-a-numbers of any kind pass no arithmetic here."""
    return bool(np.isfinite(values).all()) and (not values.size or float(np.abs(values).max()) < limit)


def _transform(matrices: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move ``(p, 3)`` points by each of ``(m, 3, 4)`` matrices; the result is ``(m, p, 3)``."""
    matrices = matrices.astype(np.float64)
    return np.einsum("mij,pj->mpi", matrices[:, :, :3], points) + matrices[:, None, :, 3]
