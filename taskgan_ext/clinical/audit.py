"""Lines that tell an auditor what was done to which series, and nothing about whom."""

import json
import logging
from datetime import UTC, datetime

logger = logging.getLogger("taskgan_ext.clinical.audit")


def audit(event: str, **facts: object) -> None:
    """Log one line of JSON at level INFO.

    Args:
        event: what happened, such as ``restored``.
        facts: hashed UIDs, codes, numbers and versions; never names, dates of a patient, paths or texts of a
            header.
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    logger.info("%s", json.dumps({"time": moment, "event": event, **facts}, sort_keys=True))
