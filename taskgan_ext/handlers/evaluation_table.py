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

import taskgan_ext
from taskgan_ext.data.evaluation_case import Measure
from taskgan_ext.data.subject_bootstrap import INTERVAL
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.case_of_batch import arm_volumes, case_of_batch, item_affine
from taskgan_ext.handlers.case_preview import save_preview
from taskgan_ext.handlers.case_summary import paired_differences, summarise_groups
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.evaluation_files import (
    CASES,
    DIFFERENCES,
    EVALUATION,
    INPUT,
    PREVIEW_DIR,
    PREVIEW_FACTS,
    REFERENCE,
    RESTORED,
    SUMMARY,
    MetricInfo,
    Row,
    SummaryRow,
    arms_of,
    write_summary,
    write_table,
)
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.io.summary_text import format_summary
from taskgan_ext.keys import CASE, LABEL, PROPERTY, SUBJECT

logger = logging.getLogger(__name__)


class EvaluationTable:
    """Measure input, comparisons, restored and reference image of every case and write the tables of the run.

    Attach to a MONAI evaluator that decollates: after an iteration ``engine.state.output`` is a list of
    dictionaries with ``image``, ``label`` and ``pred`` in data units and ``engine.state.batch`` one with
    ``subject``, ``property`` and, where there are any, ``case``, ``regions``, ``mask``, ``true_...`` values,
    the group and the images of the comparisons (in data units too). The scale, data units per network unit,
    is read from ``image.meta["scale"]``. Where the input is no degraded picture of the target (other shape,
    as for MR contrasts) it is not measured.

    At the end of the epoch the means are set as ``<arm>_<metric>`` in ``engine.state.metrics``, those of a
    group as ``<group>_<arm>_<metric>``, with ``_`` for spaces; list this handler before the ones that log
    metrics. When the run completes ``cases.csv``, ``summary.csv``, ``differences.csv`` (with comparisons),
    further tables of the measures, ``preview/`` and ``evaluation.json`` are complete in ``output_dir``: the
    same run gives the same bytes.

    Args:
        measures: what is measured, see ``taskgan_ext.metrics.measures``.
        output_dir: folder of the files.
        presentation: names, units and orientation for the report; the comparisons and the key of the groups.

    Raises:
        ConfigError: two measures give one column, or two arms have one name.
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
        _check_comparisons(self.presentation.comparisons)
        self.arms = [INPUT, *self.presentation.comparisons.values(), RESTORED, REFERENCE]
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
        case = case_of_batch(item, result, self.presentation.group_key)
        name = str(item.get(CASE, case.subject))
        if any(row["case"] == name for row in self.rows):
            raise ConfigError(
                f"expected each case once in an evaluation, got {name} again; give items a {CASE!r} name"
            )
        volumes = arm_volumes(case, item, self.presentation.comparisons)
        group = {self.presentation.group_key: case.group} if self.presentation.group_key else {}
        for arm, volume in volumes.items():
            row: Row = {
                "case": name,
                SUBJECT: case.subject,
                **group,
                PROPERTY: case.property,
                **case.truth,
                "arm": arm,
            }
            for measure in self.measures:
                if arm != REFERENCE or measure.judges_reference:
                    row.update(measure(case, volume))
            self.rows.append(row)
        if self._num_cases() <= self.presentation.preview_limit:
            # The axes of a picture are rows and columns, whatever affine its file reader made up.
            is_picture = self.presentation.orientation == "picture"
            affine = None if is_picture else item_affine(result[LABEL])
            save_preview(self.output_dir / PREVIEW_DIR, name, case, volumes, affine, colour=is_picture)

    def _summarise(self, engine: Engine) -> None:
        self.summary = summarise_groups(self.rows, self.measures, self.arms, self.presentation)
        engine.state.metrics.update({_metric_name(row): row.mean for row in self.summary})

    def _write(self) -> None:
        presentation = self.presentation
        truths = sorted({key for row in self.rows for key in row if key.startswith("true_")})
        found = [name for name in self.metrics if any(name in row for row in self.rows)]
        facts = ["case", SUBJECT, presentation.group_key, PROPERTY, *truths, "arm"]
        columns = list(dict.fromkeys(column for column in [*facts, *found] if column))
        write_table(self.output_dir / CASES, columns, self.rows)
        write_summary(self.output_dir / SUMMARY, self.summary)
        if presentation.compared_arms:
            differences = paired_differences(self.rows, self.measures, presentation)
            write_summary(self.output_dir / DIFFERENCES, differences)
        tables = self._tables()
        for file, rows in tables.items():
            write_table(self.output_dir / file, list(rows[0]), rows)
        write_json(self.output_dir / EVALUATION, self._description() | {"tables": sorted(tables)})
        logger.info("evaluation of %d cases in %s", self._num_cases(), self.output_dir)
        for line in format_summary(self.summary, self.metrics).splitlines():
            logger.info(line)

    def _tables(self) -> dict[str, list[Row]]:
        tables: dict[str, list[Row]] = {}
        for measure in self.measures:
            for file, rows in measure.tables(self.rows).items():
                tables.setdefault(file, []).extend(rows)
        return tables

    def _num_cases(self) -> int:
        return len({row["case"] for row in self.rows})

    def _description(self) -> dict[str, Any]:
        return {
            "presentation": asdict(self.presentation),
            "num_cases": self._num_cases(),
            "num_subjects": len({row[SUBJECT] for row in self.rows}),
            "arms": sorted(arms_of(self.rows), key=self.arms.index),
            "interval": INTERVAL,
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


def _metric_name(row: SummaryRow) -> str:
    """Name of a value among the engine's metrics: group, arm and metric, without spaces."""
    return "_".join(part.replace(" ", "_") for part in (row.group, row.arm, row.metric) if part)


def _check_comparisons(comparisons: Mapping[str, str]) -> None:
    arms = [INPUT, *comparisons.values(), RESTORED, REFERENCE, *PREVIEW_FACTS]
    twice = sorted({arm for arm in arms if arms.count(arm) > 1})
    if twice:
        raise ConfigError(f"expected comparisons with names of their own, got {', '.join(twice)}")


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
