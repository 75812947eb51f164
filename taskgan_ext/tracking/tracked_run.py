"""A run in an experiment store, shared by the handlers of a training or of an evaluation."""

import atexit
import logging
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from taskgan_ext.tracking.delivery import Delivery
from taskgan_ext.tracking.environment import renewed_tags
from taskgan_ext.tracking.experiment_store import ExperimentStore
from taskgan_ext.tracking.private_text import clean_parameters
from taskgan_ext.tracking.run_file import (
    LAST_STAGE,
    Position,
    RunRecord,
    goes_on,
    read_record,
    write_record,
)
from taskgan_ext.tracking.store_address import StoreAddress, checked_name
from taskgan_ext.tracking.told_run import ToldRun
from taskgan_ext.tracking.tracked_bundle import TrackedBundle

logger = logging.getLogger(__name__)

_PATIENCE_S = {"FINISHED": 600.0, "FAILED": 20.0, "KILLED": 10.0}
"""How long to wait for one request in the end; a process that is told to end has few seconds."""


class TrackedRun(ToldRun):
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
        super().__init__(TrackedBundle(Path(bundle_root), Path(folder), config))
        self.tracking_uri, self.experiment_name = tracking_uri, experiment_name
        self.folder, self.run_name, self.pictures = Path(folder), run_name, pictures
        self._of_training = False
        self._seen: dict[str, Position] = {}
        self._settings: dict[str, str] = {}
        self._facts: dict[str, str] = {}

    def check(self, register: bool = False) -> None:
        """Refuse what would stop the run when it begins, before anything is trained.

        Args:
            register: whether the bundle becomes a registered model.

        Raises:
            ConfigError: a name cannot be one, the store does not answer, or there is no such bundle.
        """
        checked_name("run_name", self.run_name)
        checked_name("experiment_name", self.experiment_name)
        StoreAddress(self.tracking_uri).check()
        self.bundle.check(register)

    def see(self, stage: str, epoch: int, is_complete: bool) -> None:
        """Take note of where a stage of the training stands as it starts.

        Args:
            stage: of the training.
            epoch: finished epochs.
            is_complete: whether none is left.
        """
        self._seen[stage] = Position(epoch, is_complete)

    def hold(self, settings: Mapping[str, object], facts: Mapping[str, str]) -> None:
        """Keep parameters of a stage for the run that begins with a later one.

        Args:
            settings: a training with others is another training.
            facts: told with them.
        """
        self._settings |= clean_parameters(settings)
        self._facts |= facts

    @property
    def has_rest(self) -> bool:
        """Whether the run of the training that is complete was left without an end, or lacks something."""
        record = read_record(self.folder)
        if record is None or (record.status == "FINISHED" and not record.missing):
            return False
        return goes_on(record, LAST_STAGE, self._seen)

    def start_training(self, stage: str, settings: Mapping[str, object], data: str = "") -> None:
        """Begin the run of a training, or continue the one that is the training's own; add parameters to it.

        Args:
            stage: of the training, which ``see`` was told of.
            settings: of the stage.
            data: fingerprint of the data; empty for none.

        Raises:
            ConfigError: the store cannot be used.
            DataError: the file of the run cannot be read.
        """
        self.hold(settings, self.bundle.sizes())
        if not self.is_open:
            store = ExperimentStore(self.tracking_uri, self.experiment_name)
            self._of_training = True
            if not self._continue_own(store, stage):
                self._begin(store, "training")
            self._remember()
        self.parameters({**self._settings, **self._facts})
        if data:
            name = self.bundle.facts["bundle"]
            self.deliver("data", lambda store, run_id: store.log_data(run_id, name, data, "training"))

    def start_evaluation(self, data: str = "") -> None:
        """Begin the run of an evaluation, below the one of the training whose weights are evaluated.

        Its parameters are those of the training, without the data, and the fingerprints of the weights.

        Args:
            data: fingerprint of the data that are evaluated; empty for none.

        Raises:
            ConfigError: the store cannot be used.
            DataError: the file of the run cannot be read.
        """
        store = ExperimentStore(self.tracking_uri, self.experiment_name)
        record, digests = read_record(self.folder), self.bundle.digests()
        run = store.find_run(record.run_id) if record and _is_of(record, store) else None
        trained = run.data.tags.get("weights.model", digests.get("weights.model")) if run else None
        if run and trained != digests.get("weights.model"):
            logger.warning("%s: other weights than those of run %s", self.folder, run.info.run_name)
            run = None
        self._begin(store, "evaluation", {"mlflow.parentRunId": run.info.run_id} if run else {})
        copied = {name: value for name, value in run.data.params.items() if name != "data"} if run else {}
        self.parameters({**copied, **digests, **({"data": data} if data else {})})
        if data:
            name = self.bundle.facts["bundle"]
            self.deliver("data", lambda store, run_id: store.log_data(run_id, name, data, "testing"))

    def finish_epoch(self, stage: str, epoch: int) -> None:
        """Remember how far the run has come.

        Args:
            stage: of the training.
            epoch: that has ended.
        """
        if self.record is not None:
            self.record.epochs[stage] = epoch
            self._remember()

    def end(self, status: str, error: str = "") -> None:
        """End the run; nothing happens where it has not begun.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
            error: class of the exception that ended it.
        """
        if self._delivery is None or self.record is None:
            return
        if error:
            self.deliver("tags", lambda store, run_id: store.change_tags(run_id, {"error": error}))
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

    def _continue_own(self, store: ExperimentStore, stage: str) -> bool:
        """Continue the run that is the training's own, if it is; end it where the training starts anew."""
        record = read_record(self.folder)
        if record is None:
            return False
        run = store.find_run(record.run_id) if _is_of(record, store) else None
        if run is None:
            where = store.address.shown
            logger.info("run %s is not in %s; the training gets a new one", record.run_name, where)
            return False
        known = run.data.params
        same = all(known.get(name, value) == value for name, value in self._settings.items())
        if same and goes_on(record, stage, self._seen):
            store.reopen(record.run_id)
            record.status, record.missing = "RUNNING", {}
            self._known = dict(known)
            self._open(store, record)
            self._renew_tags(dict(run.data.tags), self._seen[stage].is_complete)
            return True
        if run.info.status == "RUNNING":
            store.end(record.run_id, "KILLED")
        return False

    def _renew_tags(self, known: dict[str, str], is_complete: bool) -> None:
        # A process that only delivers the rest has trained nothing: then the environment stays.
        now = {name: tag for name, tag in known.items() if name != "error"}
        changed, removed = renewed_tags(known, now if is_complete else self.bundle.environment())
        self.deliver("tags", lambda store, run_id: store.change_tags(run_id, changed, removed))

    def _begin(self, store: ExperimentStore, kind: str, tags: Mapping[str, str] | None = None) -> None:
        facts = self.bundle.facts
        stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {secrets.token_hex(2)}"
        wanted = checked_name("run_name", self.run_name)
        name = wanted or facts["bundle"]
        if kind != "training" or not wanted or store.is_taken(name):
            name = " ".join([name, *([] if kind == "training" else [kind]), stamp])
        run_id = store.create_run(name, {"kind": kind, **facts, **self.bundle.environment(), **(tags or {})})
        self._known = {}
        self._open(store, RunRecord(run_id, name, store.address.shown, store.experiment_name))
        config = self.bundle.executed_config()
        if config:
            self.deliver("configuration", lambda store, run_id: store.log_json(run_id, config, "config.json"))

    def _open(self, store: ExperimentStore, record: RunRecord) -> None:
        self._store, self.record = store, record
        self._delivery = Delivery(store.address.shown, store.address.answers)
        # What fails between two engines, or before the process ends in another way than by an error.
        atexit.register(self._end_at_exit)
        logger.info("tracked as run '%s' of '%s' in %s", record.run_name, record.experiment, record.store)

    def _end_at_exit(self) -> None:
        self.end("FAILED")

    def _remember(self) -> None:
        if self._of_training and self.record is not None:
            write_record(self.record, self.folder)


def _is_of(record: RunRecord, store: ExperimentStore) -> bool:
    return record.store == store.address.shown and record.experiment == store.experiment_name
