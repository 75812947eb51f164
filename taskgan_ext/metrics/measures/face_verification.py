"""Measure: does a recogniser still take the face for the same person?"""

import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.networks.utils import eval_mode
from numpy.typing import NDArray
from torch import Tensor, nn

from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.data.face_pairs import Pair, read_pairs
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.evaluation_files import REFERENCE, RESTORED, MetricInfo, Row, SummaryRow, arms_of
from taskgan_ext.io.roc_file import CROSS, ROC, SAME, RocCurve, area_metric, rate_metric
from taskgan_ext.keys import SUBJECT
from taskgan_ext.metrics.roc import equal_error_rate, roc_curve
from taskgan_ext.metrics.verification import (
    IndexedPairs,
    area_with_interval,
    cross_scores,
    index_pairs,
    same_kind_scores,
)

logger = logging.getLogger(__name__)

AREA_TITLES = {SAME: "AUC", CROSS: "AUC against references"}
KIND_TEXT = {
    SAME: "both faces of a pair from the same images (degraded against degraded and so on)",
    CROSS: "each face of a pair in turn against the reference image of the other",
}


@dataclass(frozen=True)
class _Verified:
    """Scores of the pairs whose faces were evaluated in every arm.

    Attributes:
        pairs: the pairs.
        scores: by kind and arm, shape ``(K, P)``.
    """

    pairs: IndexedPairs
    scores: dict[tuple[str, str], NDArray[np.float64]]


class FaceVerification(Measure):
    """Cosine to the embedding of the reference, and verification over a list of pairs.

    Verification is that of the paper: area under the ROC curve of the Euclidean distance between two
    embeddings of length one, over pairs of one person and of two (section 4.3, Figure 2a). Pairs of the same
    kind of image are the paper's. A pair of a restored image with a reference, as when a face from a camera
    is looked up in a gallery, also fails where all restored faces drift in one direction.

    The network that took part in the training is a poor judge of the restored images. Evaluate it as
    ``name="task"`` and an independent one as ``name="judge"``. A crop of the face and a size are a matter of
    the network, which has seen its training images in the same way.

    Args:
        network: called on ``(1, C, X, Y)`` in network units; the embedding is its last features, see
            :func:`~taskgan_ext.data.embedding.embedding_of`.
        name: prefix of the columns and name in tables.
        pairs: file of the pairs, see :func:`~taskgan_ext.data.face_pairs.read_pairs`; ``None`` for the
            cosine alone. Names of images are names of cases.
        device: where to run; ``None`` for where the network's parameters are.

    Raises:
        DataError: the list of pairs is missing or malformed.
    """

    def __init__(
        self,
        network: nn.Module,
        name: str = "judge",
        pairs: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        self.network = network if device is None else network.to(device)
        self.name = name
        self.pairs: list[Pair] = [] if pairs is None else read_pairs(pairs)
        self._of_label: tuple[Tensor, NDArray[np.float32]] | None = None

    def __call__(self, case: Case, volume: Tensor) -> dict[str, Any]:
        """Cosine to the reference, and the embedding; nothing where the network gives no finite one.

        Raises:
            ConfigError: the image has several slices.
        """
        reference = self._reference(case)
        is_reference = volume is case.label
        embedding = reference if is_reference else self._embedding(case, volume)
        if not np.isfinite(embedding).all():
            return {}
        values: dict[str, Any] = {self._key: embedding}
        if not is_reference and np.isfinite(reference).all():
            values[f"{self.name}_cosine"] = float(embedding.astype(np.float64) @ reference)
        return values

    def _reference(self, case: Case) -> NDArray[np.float32]:
        """Embedding of the target, computed once for all arms of a case."""
        if self._of_label is None or self._of_label[0] is not case.label:
            self._of_label = (case.label, self._embedding(case, case.label))
        return self._of_label[1]

    def _embedding(self, case: Case, volume: Tensor) -> NDArray[np.float32]:
        if volume.ndim == 4 and volume.shape[-1] != 1:
            raise ConfigError(
                f"{case.subject}: expected a picture, which is one slice, for {self._title}, got a volume of "
                f"{tuple(volume.shape)}; take FaceVerification out of the measures"
            )
        picture = volume.reshape(1, *volume.shape[:3]).to(next(self.network.parameters()).device)
        with torch.no_grad(), eval_mode(self.network):
            embedding = embedding_of(self.network(picture.to(torch.float32) / case.scale))[0]
        return np.asarray(embedding.to(torch.float32).cpu().numpy())

    def summarise(self, rows: Sequence[Row]) -> list[SummaryRow]:
        """Area under the curve with its interval, and equal error rate, of each arm and kind of pair."""
        verified = self._verify(rows)
        if verified is None:
            return []
        pairs = verified.pairs
        self._warn_of_absent(len(pairs.same))
        found = []
        for (kind, arm), scores in verified.scores.items():
            found.append(self._area_row(arm, kind, area_with_interval(scores, pairs), pairs))
            rate = equal_error_rate(*_curve(scores, pairs))
            found.append(SummaryRow(arm, rate_metric(self.name, kind), rate, math.nan, len(pairs.same)))
        return found

    def compare(self, rows: Sequence[Row], arms: Sequence[str]) -> list[SummaryRow]:
        """Area of the restored images minus that of other arms, over the same pairs and draws."""
        verified = self._verify(rows)
        if verified is None:
            return []
        pairs, scores = verified.pairs, verified.scores
        return [
            self._area_row(arm, kind, area_with_interval(scores[kind, RESTORED], pairs, minus), pairs)
            for (kind, arm), minus in scores.items()
            if arm in arms and (kind, RESTORED) in scores
        ]

    def tables(self, rows: Sequence[Row]) -> dict[str, list[Row]]:
        """ROC curves of each arm and kind of pair."""
        verified = self._verify(rows)
        if verified is None:
            return {}
        curves = [
            RocCurve(self.name, arm, kind, *(rates.tolist() for rates in _curve(scores, verified.pairs)))
            for (kind, arm), scores in verified.scores.items()
        ]
        return {ROC: [row for curve in curves for row in curve.rows]}

    def _verify(self, rows: Sequence[Row]) -> _Verified | None:
        """Compare the pairs whose faces every arm has; ``None`` without pairs of one person and of two."""
        of_arm: dict[str, dict[str, NDArray[np.float32]]] = {arm: {} for arm in arms_of(rows)}
        subjects = {str(row["case"]): str(row[SUBJECT]) for row in rows}
        for row in rows:
            if self._key in row:
                of_arm[str(row["arm"])][str(row["case"])] = row[self._key]
        of_arm = {arm: embeddings for arm, embeddings in of_arm.items() if embeddings}
        cases = sorted(set.intersection(*map(set, of_arm.values()))) if of_arm else []
        pairs = index_pairs(self.pairs, cases, [subjects[case] for case in cases])
        if pairs.same.all() or not pairs.same.any():
            return None
        matrices = {arm: np.stack([embeddings[case] for case in cases]) for arm, embeddings in of_arm.items()}
        scores = {(SAME, arm): same_kind_scores(matrix, pairs) for arm, matrix in matrices.items()}
        if REFERENCE in matrices:
            references = matrices[REFERENCE]
            scores |= {
                (CROSS, arm): cross_scores(matrix, references, pairs) for arm, matrix in matrices.items()
            }
        return _Verified(pairs, scores)

    def _warn_of_absent(self, num_used: int) -> None:
        if num_used < len(self.pairs):
            logger.warning(
                "%s: %d of %d pairs name cases that were not evaluated; they are left out",
                self._title,
                len(self.pairs) - num_used,
                len(self.pairs),
            )

    def _area_row(
        self, arm: str, kind: str, area: tuple[float, float, float], pairs: IndexedPairs
    ) -> SummaryRow:
        mean, low, high = area
        return SummaryRow(
            arm, area_metric(self.name, kind), mean, math.nan, len(pairs.same), low=low, high=high
        )

    @property
    def metrics(self) -> dict[str, MetricInfo]:
        """Definitions with the kinds of pairs spelled out."""
        infos = {
            f"{self.name}_cosine": MetricInfo(
                title=f"{self._title}: identity cosine",
                better="higher",
                headline=True,
                plot="paired",
                definition="Cosine between the embeddings of the image and of its own reference.",
            )
        }
        if self.pairs:
            infos |= {area_metric(self.name, kind): self._area_info(kind) for kind in KIND_TEXT}
            infos |= {rate_metric(self.name, kind): self._rate_info(kind) for kind in KIND_TEXT}
        return infos

    def _area_info(self, kind: str) -> MetricInfo:
        return MetricInfo(
            title=f"{self._title}: {AREA_TITLES[kind]}",
            better="higher",
            headline=True,
            definition="Verification: area under the ROC curve of the Euclidean distance between embeddings "
            f"of length one, pairs of one person against pairs of two; {KIND_TEXT[kind]}.",
        )

    def _rate_info(self, kind: str) -> MetricInfo:
        return MetricInfo(
            title=f"{self._title}: {AREA_TITLES[kind].replace('AUC', 'EER')}",
            digits=1,
            percent=True,
            better="lower",
            definition="Equal error rate: the threshold at which as large a share of the pairs of one person "
            f"is rejected as of those of two is accepted; {KIND_TEXT[kind]}.",
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Name, kind of network and number of pairs."""
        return {"name": self.name, "network": type(self.network).__name__, "num_pairs": len(self.pairs)}

    @property
    def _title(self) -> str:
        return self.name.capitalize()

    @property
    def _key(self) -> str:
        return f"_{self.name}_embedding"


def _curve(
    scores: NDArray[np.float64], pairs: IndexedPairs
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return roc_curve(scores.ravel(), np.tile(pairs.same, len(scores)))
