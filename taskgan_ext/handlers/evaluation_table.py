"""Ignite handler: tables and pictures of an evaluation."""

import logging
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import monai
import torch
from ignite.engine import Engine, Events
from torch import Tensor

import taskgan_ext
from taskgan_ext.data.evaluation_case import Case, Measure
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.case_preview import save_preview
from taskgan_ext.handlers.case_summary import summarise
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.evaluation_files import (
    ARMS,
    CASES,
    EVALUATION,
    INPUT,
    PREVIEW_DIR,
    REFERENCE,
    RESTORED,
    SUMMARY,
    MetricInfo,
    Row,
    SummaryRow,
    write_table,
)
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.io.summary_text import format_summary
from taskgan_ext.keys import CASE, IMAGE, LABEL, PRED, PROPERTY, REGIONS, SUBJECT

logger = logging.getLogger(__name__)


class EvaluationTable:
    """Measure input, restored and reference image of every case and write the tables of the run.

    Attach to a MONAI evaluator that decollates: after an iteration ``engine.state.output`` is a list of
    dictionaries with ``image``, ``label`` and ``pred`` in data units and ``engine.state.batch`` one with
    ``subject``, ``property`` and, where there are any, ``case``, ``regions`` and ``true_...`` values. The
    scale, data units per network unit, is read from ``image.meta["scale"]``. Where the input is no degraded
    picture of the target (other shape, as for MR contrasts) it is not measured.

    At the end of the epoch the means are set as ``<arm>_<metric>`` in ``engine.state.metrics``; list this
    handler before the ones that log metrics. When the run completes ``cases.csv``, ``summary.csv``,
    ``preview/`` and ``evaluation.json`` are complete in ``output_dir``: the same run gives the same bytes.

    Args:
        measures: what is measured, see ``taskgan_ext.metrics.measures``.
        output_dir: folder of the files.
        presentation: names, units and orientation for the report.
    """

    def __init__(
        self,
        measures: Sequence[Measure],
        output_dir: str | os.PathLike[str],
        presentation: Presentation | None = None,
    ) -> None:
        self.measures = list(measures)
        self.output_dir = Path(output_dir)
        self.presentation = presentation or Presentation()
        self.metrics = _all_metrics(self.measures)
        self.rows: list[Row] = []
        self.summary: list[SummaryRow] = []

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator.

        Args:
            engine: the evaluator.

        Raises:
            ConfigError: there are several processes; each would see a part of the cases.
        """
        if idist.get_world_size() > 1:
            raise ConfigError(
                f"expected one process for an evaluation, got {idist.get_world_size()}; start it without "
                "torchrun and without multi_gpu_train.json"
            )
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._measure)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._summarise)
        engine.add_event_handler(Events.COMPLETED, self._write)

    def _start(self) -> None:
        self.rows = []
        self.summary = []

    def _measure(self, engine: Engine) -> None:
        output, batch = engine.state.output, engine.state.batch
        if not isinstance(output, list) or not isinstance(batch, list):
            raise ConfigError(
                "expected lists of cases in engine.state.output and engine.state.batch, got "
                f"{type(output).__name__} and {type(batch).__name__}; build the evaluator with decollate=True"
            )
        for item, result in zip(batch, output, strict=True):
            self._measure_case(item, result)

    def _measure_case(self, item: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        case = _case(item, result)
        name = str(item.get(CASE, case.subject))
        if any(row["case"] == name for row in self.rows):
            raise ConfigError(
                f"expected each case once in an evaluation, got {name} again; give items a {CASE!r} name"
            )
        volumes = {INPUT: case.image, RESTORED: case.pred, REFERENCE: case.label}
        if case.image.shape != case.label.shape:
            del volumes[INPUT]
        for arm, volume in volumes.items():
            row: Row = {
                "case": name,
                SUBJECT: case.subject,
                PROPERTY: case.property,
                **case.truth,
                "arm": arm,
            }
            for measure in self.measures:
                if arm in measure.arms:
                    row.update(measure(case, volume))
            self.rows.append(row)
        if len({row["case"] for row in self.rows}) <= self.presentation.preview_limit:
            save_preview(self.output_dir / PREVIEW_DIR, name, case, volumes, item_affine(result[LABEL]))

    def _summarise(self, engine: Engine) -> None:
        self.summary = summarise(self.rows, self.metrics)
        for measure in self.measures:
            self.summary.extend(measure.summarise(self.rows))
        engine.state.metrics.update({f"{row.arm}_{row.metric}": row.mean for row in self.summary})

    def _write(self) -> None:
        truths = sorted({key for row in self.rows for key in row if key.startswith("true_")})
        found = [name for name in self.metrics if any(name in row for row in self.rows)]
        write_table(self.output_dir / CASES, ["case", SUBJECT, PROPERTY, *truths, "arm", *found], self.rows)
        write_table(
            self.output_dir / SUMMARY,
            ["arm", "metric", "mean", "sd", "n"],
            [asdict(row) for row in self.summary],
        )
        write_json(self.output_dir / EVALUATION, self._description())
        logger.info("evaluation of %d cases in %s", self._num_cases(), self.output_dir)
        for line in format_summary(self.summary, self.metrics).splitlines():
            logger.info(line)

    def _num_cases(self) -> int:
        return len({row["case"] for row in self.rows})

    def _description(self) -> dict[str, Any]:
        return {
            "presentation": asdict(self.presentation),
            "num_cases": self._num_cases(),
            "num_subjects": len({row[SUBJECT] for row in self.rows}),
            "arms": [arm for arm in ARMS if any(row["arm"] == arm for row in self.rows)],
            "metrics": {name: asdict(info) for name, info in self.metrics.items()},
            "measures": [
                {"measure": type(measure).__name__, "settings": measure.settings} for measure in self.measures
            ],
            "versions": {
                "taskgan_ext": taskgan_ext.__version__,
                "torch": torch.__version__,
                "monai": monai.__version__,
                "python": platform.python_version(),
            },
        }


def item_affine(label: Tensor) -> Tensor | None:
    """Affine of a target image.

    Args:
        label: a tensor, with metadata or without.

    Returns:
        ``(4, 4)``, voxel index to RAS mm, or ``None`` for a tensor without metadata.
    """
    return label.affine.cpu() if isinstance(label, monai.data.MetaTensor) else None


def _case(item: Mapping[str, Any], result: Mapping[str, Any]) -> Case:
    missing = [key for key in (SUBJECT, PROPERTY) if key not in item] + [
        key for key in (IMAGE, LABEL, PRED) if key not in result
    ]
    if missing:
        raise ConfigError(
            f"expected {', '.join(missing)} in the batch or output of the evaluator, found none"
        )
    label = plain_tensor(result[LABEL]).cpu()
    pred = plain_tensor(result[PRED]).cpu()
    if pred.shape != label.shape:
        raise ConfigError(
            f"{item[SUBJECT]}: expected pred of the shape of label {tuple(label.shape)}, "
            f"got {tuple(pred.shape)}"
        )
    value = item[PROPERTY]
    return Case(
        subject=str(item[SUBJECT]),
        property=value if isinstance(value, str) else float(value),
        image=plain_tensor(result[IMAGE]).cpu(),
        label=label,
        pred=pred,
        regions=plain_tensor(item[REGIONS]).cpu() if REGIONS in item else None,
        scale=_scale(result[IMAGE], item.get(IMAGE)),
        truth={key: float(item[key]) for key in sorted(item) if key.startswith("true_")},
    )


def _scale(*images: Tensor | None) -> float:
    """Take the scale from the first image that knows it; postprocessing may have dropped it."""
    metas = [image.meta for image in images if isinstance(image, monai.data.MetaTensor)]
    return next((float(meta["scale"]) for meta in metas if "scale" in meta), 1.0)


def _all_metrics(measures: Sequence[Measure]) -> dict[str, MetricInfo]:
    metrics: dict[str, MetricInfo] = {}
    for measure in measures:
        twice = metrics.keys() & measure.metrics.keys()
        if twice:
            raise ConfigError(
                f"expected each column from one measure, got {', '.join(sorted(twice))} twice; "
                "give measures of the same kind different names"
            )
        metrics.update(measure.metrics)
    return metrics
