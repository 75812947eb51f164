"""The address of a store: whether it can be used, whether it answers, and one process that makes it."""

import contextlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from monai.utils import path_to_uri

from taskgan_ext.errors import ConfigError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there, start the first training alone
    fcntl = None  # type: ignore[assignment]

_ANSWER_S = 10.0
_HEARTBEAT_S = 4.0
_SQLITE = "sqlite:///"
_SERVER = ("http://", "https://")
_LONGEST_NAME = 200


class StoreAddress:
    """Where runs are kept.

    Args:
        tracking_uri: ``sqlite:///FILE``, ``http://SERVER:PORT``, or another data base. The environment
            variable ``MLFLOW_TRACKING_URI`` counts more where it is set, as it does for MONAI's handler.

    Attributes:
        uri: the address in use.
        shown: the same without user and password.
        file: of a SQLite store; ``None`` for any other.
    """

    def __init__(self, tracking_uri: str) -> None:
        self.uri = os.environ.get("MLFLOW_TRACKING_URI") or str(tracking_uri)
        self.shown = re.sub(r"//[^/@]*@", "//", self.uri)
        self.file = Path(self.uri.removeprefix(_SQLITE)) if self.uri.startswith(_SQLITE) else None

    @property
    def artefacts(self) -> str | None:
        """Folder of new artefacts beside the file of a SQLite store, where MONAI's handler puts them too."""
        return None if self.file is None else path_to_uri(self.file.parent / "mlruns")

    def check(self) -> None:
        """Refuse an address that no store can have, and a server that does not answer.

        Raises:
            ConfigError: with the address, and what is wrong with it.
        """
        if self.uri.startswith("file:") or "://" not in self.uri:
            raise ConfigError(
                f"tracking_uri: expected sqlite:///FILE or the address of a server, got {self.shown}; "
                "MLflow no longer keeps runs in a folder"
            )
        if self.uri.startswith(_SERVER):
            try:
                self._ask(_ANSWER_S)
            except OSError as error:
                reason = getattr(error, "reason", error)
                raise ConfigError(
                    f"tracking_uri {self.shown}: expected an MLflow server, but none answers ({reason}); "
                    "start it, correct the address, or run without --tracking"
                ) from None
            except (ValueError, http.client.HTTPException) as error:
                raise ConfigError(
                    f"tracking_uri {self.shown}: expected the address of an MLflow server ({error})"
                ) from None

    def answers(self) -> bool:
        """Tell within seconds whether a server is there; a file or a data base is taken to be there."""
        if not self.uri.startswith(_SERVER):
            return True
        try:
            self._ask(_HEARTBEAT_S)
        except (OSError, http.client.HTTPException):
            return False
        return True

    @contextlib.contextmanager
    def made_by_one(self) -> Iterator[None]:
        """Let one process at a time make or renew the tables of a SQLite file.

        The lock is a file beside it, ``<name>.lock``, which stays; it is free as soon as its process ends.

        Raises:
            ConfigError: the folder of the file cannot be made.
        """
        if self.file is None:
            yield
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"tracking_uri {self.shown}: expected a folder that can be written ({error.strerror})"
            ) from None
        with contextlib.ExitStack() as stack:
            # A folder without locks serves one process; one that cannot be written fails in MLflow's words.
            with contextlib.suppress(OSError):
                lock = stack.enter_context(self.file.with_name(f"{self.file.name}.lock").open("a"))
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ask(self, patience_s: float) -> None:
        # Without a body an answer of any kind will do: whether it lets us in is seen at the first request.
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{self.shown.rstrip('/')}/health", timeout=patience_s).close()  # noqa: S310  # http


def checked_name(setting: str, value: object) -> str:
    """Give a name that a store can keep.

    Args:
        setting: whose value it is, for the message.
        value: a text, or a number, which becomes text.

    Returns:
        The name.

    Raises:
        ConfigError: it is something else, holds a line break or another control character, or has more than
            200 characters.
    """
    name = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(f'{setting}: expected a text, got {name}; write --{setting} "NAME"')
    if len(name) > _LONGEST_NAME:
        raise ConfigError(
            f"{setting}: expected at most {_LONGEST_NAME} characters, got {len(name)} ({name[:40]!r}...)"
        )
    if not name.isprintable():
        raise ConfigError(f"{setting}: expected one line of text, got {name!r}")
    return name
