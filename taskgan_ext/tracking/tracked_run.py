"""A run in an experiment store, shared by the handlers of a training or of an evaluation."""

import atexit
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import taskgan_ext
from taskgan_ext.handlers.tracking import executed_config
from taskgan_ext.io.atomic import read_json
from taskgan_ext.tracking.bundle_copy import bundle_facts, copy_bundle, own_configs
from taskgan_ext.tracking.delivery import Delivery
from taskgan_ext.tracking.environment import environment_tags
from taskgan_ext.tracking.experiment_store import ExperimentStore, Point, now_ms
from taskgan_ext.tracking.private_text import clean_config, clean_parameters
from taskgan_ext.tracking.run_file import RunRecord, read_record, write_record

logger = logging.getLogger(__name__)

_PATIENCE_S = {"FINISHED": 600.0, "FAILED": 20.0, "KILLED": 10.0}
"""How long to wait for one request in the end; a process that is told to end has few seconds."""


class TrackedRun:
    """Begin a run when there is something to tell, and end it whatever happens.

    A training has a file ``mlflow_run.json`` beside its checkpoint. The same command again, which continues
    the training, continues the run of that file, and nothing else ever continues a run. An evaluation is a
    run of its own below the one of the training.

    Everything but the start is delivered by a thread: see ``Delivery``. Nothing that is delivered holds a
    path of this computer or the name of a subject.

    Args:
        tracking_uri: see ``ExperimentStore``.
        experiment_name: made if it is not there.
        folder: of the checkpoint.
        bundle_root: folder of the bundle.
        run_name: of the run; empty, or taken already, makes one of the time.
        config: file of the executed configuration; empty for none.
        pictures: whether pictures of the validation are kept.
    """

    def __init__(
        self,
        tracking_uri: str,
        experiment_name: str,
        folder: str | os.PathLike[str],
        bundle_root: str | os.PathLike[str] = ".",
        run_name: str = "",
        config: str = "",
        pictures: bool = True,
    ) -> None:
        self.tracking_uri, self.experiment_name = tracking_uri, experiment_name
        self.folder, self.bundle_root = Path(folder), Path(bundle_root)
        self.run_name, self.pictures = run_name, pictures
        self.config = Path(executed_config(config)) if config else None
        self.record: RunRecord | None = None
        self._store: ExperimentStore | None = None
        self._delivery: Delivery | None = None
        self._of_training = False
        self._seen: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether the run has begun and not ended."""
        return self._delivery is not None

    def see(self, stage: str, epoch: int) -> None:
        """Take note of where a stage of the training stands as it starts.

        Args:
            stage: of the training.
            epoch: finished epochs.
        """
        self._seen[stage] = epoch

    @property
    def has_rest(self) -> bool:
        """Whether the run of the training that is complete was left without an end, or lacks something."""
        record = read_record(self.folder)
        if record is None or (record.status == "FINISHED" and not record.missing):
            return False
        return self._is_continued(record)

    def start_training(self, parameters: Mapping[str, object], data: str = "") -> None:
        """Begin the run of a training, or continue the one that is the training's own; add parameters to it.

        Args:
            parameters: settings of a stage.
            data: fingerprint of the data; empty for none.

        Raises:
            ConfigError: the store cannot be used.
            DataError: the file of the run cannot be read.
        """
        found = clean_parameters(parameters)
        if not self.is_open:
            store = ExperimentStore(self.tracking_uri, self.experiment_name)
            record = self._own_run(store, found)
            self._of_training = True
            if record is None:
                self._begin(store, "training")
            else:
                self._resume(store, record)
            self._remember()
        self.deliver("parameters", lambda store, run_id: store.log_parameters(run_id, found))
        if data:
            name = bundle_facts(self.bundle_root)["bundle"]
            self.deliver("data", lambda store, run_id: store.log_data(run_id, name, data))

    def start_evaluation(self) -> None:
        """Begin the run of an evaluation, below the one of the training if that is in the same store.

        Raises:
            ConfigError: the store cannot be used.
            DataError: the file of the run cannot be read.
        """
        store = ExperimentStore(self.tracking_uri, self.experiment_name)
        record = read_record(self.folder)
        training = store.find_run(record.run_id) if record and _is_of(record, store) else None
        self._begin(store, "evaluation", {"mlflow.parentRunId": training.info.run_id} if training else {})
        if training:
            parameters = dict(training.data.params)
            self.deliver("parameters", lambda store, run_id: store.log_parameters(run_id, parameters))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Add values.

        Args:
            values: by name of the metric.
            step: epoch or iteration.
        """
        self.points([Point(name, value, step, now_ms()) for name, value in values.items()])

    def points(self, points: Sequence[Point]) -> None:
        """Add values of any steps.

        Args:
            points: the values.
        """
        if points:
            self.deliver("metrics", lambda store, run_id: store.log_metrics(run_id, points))

    def picture(self, picture: NDArray[np.uint8], name: str) -> None:
        """Keep a picture.

        Args:
            picture: see ``ExperimentStore.log_picture``.
            name: path among the artefacts.
        """
        self.deliver("pictures", lambda store, run_id: store.log_picture(run_id, picture, name))

    def deliver(self, what: str, job: Callable[[ExperimentStore, str], object]) -> None:
        """Do something with the run, in the thread.

        Args:
            what: its kind, for the list of what is missing.
            job: called with the store and the identifier of the run.
        """
        if self._delivery is not None and self._store is not None and self.record is not None:
            store, run_id = self._store, self.record.run_id
            self._delivery.add(what, lambda: job(store, run_id))

    def finish_epoch(self, stage: str, epoch: int) -> None:
        """Remember how far the run has come.

        Args:
            stage: of the training.
            epoch: that has ended.
        """
        if self.record is not None:
            self.record.epochs[stage] = epoch
            self._remember()

    def known_steps(self, metric: str) -> set[int]:
        """Find the steps of a metric that the store has.

        Args:
            metric: its name.
        """
        if self._store is None or self.record is None:
            return set()
        return self._store.steps(self.record.run_id, metric)

    def keep_folder(self, name: str, fill: Callable[[Path], object]) -> None:
        """Keep files.

        Args:
            name: folder among the artefacts.
            fill: writes the files into an empty folder that it is given.
        """
        self.deliver(name, lambda store, run_id: store.log_folder(run_id, fill, name))

    def keep_bundle(self, register: bool) -> None:
        """Keep the bundle with the weights of the training, ready to use.

        Args:
            register: whether it becomes a version of the registered model of its name.
        """
        facts = bundle_facts(self.bundle_root)
        executed = self._executed_config()
        self.keep_folder("bundle", lambda out: copy_bundle(self.bundle_root, self.folder, executed, out))
        if register:
            self.deliver(
                "registered model",
                lambda store, run_id: store.register(facts["bundle"], run_id, "bundle", facts),
            )

    def end(self, status: str, error: str = "") -> None:
        """End the run; nothing happens where it has not begun.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
            error: class of the exception that ended it.
        """
        if self._delivery is None or self.record is None:
            return
        if error:
            self.deliver("tags", lambda store, run_id: store.set_tag(run_id, "error", error))
        self.deliver("status", lambda store, run_id: store.end(run_id, status))
        missing = self._delivery.close(_PATIENCE_S[status])
        self._delivery = None
        atexit.unregister(self._end_at_exit)
        self.record.status, self.record.missing = status, missing
        self._remember()
        if missing:
            what = ", ".join(f"{kind} ({number})" for kind, number in missing.items())
            advice = "; the same command again delivers it" if self._of_training else ""
            logger.warning("%s: the run lacks %s%s", self.record.store, what, advice)

    def _own_run(self, store: ExperimentStore, parameters: Mapping[str, str]) -> RunRecord | None:
        """Give the record of the run that the training continues; end the run of one that starts anew."""
        record = read_record(self.folder)
        if record is None:
            return None
        run = store.find_run(record.run_id) if _is_of(record, store) else None
        if run is None:
            logger.info("run %s is not in %s; the training gets a new one", record.run_name, store.address)
            return None
        known = run.data.params
        same = all(known.get(name, value) == value for name, value in parameters.items())
        if same and self._is_continued(record):
            return record
        if run.info.status == "RUNNING":
            store.end(record.run_id, "KILLED")
        return None

    def _is_continued(self, record: RunRecord) -> bool:
        """Whether the training goes on from an epoch that this run has seen."""
        return any(epoch > 0 and record.epochs.get(stage, 0) > 0 for stage, epoch in self._seen.items())

    def _begin(self, store: ExperimentStore, kind: str, tags: Mapping[str, str] | None = None) -> None:
        facts = bundle_facts(self.bundle_root)
        stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {secrets.token_hex(2)}"
        name = self.run_name or facts["bundle"]
        if kind != "training" or not self.run_name or store.is_taken(name):
            name = " ".join([name, *([] if kind == "training" else [kind]), stamp])
        folders = [Path(taskgan_ext.__file__).parent, self.bundle_root]
        run_id = store.create_run(name, {"kind": kind, **facts, **environment_tags(folders), **(tags or {})})
        self._open(store, RunRecord(run_id, name, store.address, store.experiment_name))
        config = self._executed_config()
        if config:
            self.deliver("configuration", lambda store, run_id: store.log_json(run_id, config, "config.json"))

    def _resume(self, store: ExperimentStore, record: RunRecord) -> None:
        store.reopen(record.run_id)
        record.status, record.missing = "RUNNING", {}
        self._open(store, record)

    def _open(self, store: ExperimentStore, record: RunRecord) -> None:
        self._store, self.record, self._delivery = store, record, Delivery(store.address)
        # What fails between two engines, or before the process ends in another way than by an error.
        atexit.register(self._end_at_exit)
        logger.info("tracked as run '%s' of '%s' in %s", record.run_name, record.experiment, record.store)

    def _end_at_exit(self) -> None:
        self.end("FAILED")

    def _executed_config(self) -> dict[str, object]:
        if self.config is None or not self.config.is_file():
            return {}
        return clean_config(read_json(self.config), own_configs(self.bundle_root).values())

    def _remember(self) -> None:
        if self._of_training and self.record is not None:
            write_record(self.record, self.folder)


def _is_of(record: RunRecord, store: ExperimentStore) -> bool:
    return record.store == store.address and record.experiment == store.experiment_name
