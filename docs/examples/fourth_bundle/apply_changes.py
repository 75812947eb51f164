"""Set ids of a bundle's configuration.

python apply_changes.py CONFIG.json CHANGES.json
reads changes as {"id": value}, where "a::b" is a part of a. Editing by hand does the same and keeps the lines
as they are.
"""

import json
import sys
from pathlib import Path
from typing import Any


def apply(config: Any, changes: dict[str, Any]) -> None:  # noqa: ANN401 - JSON
    """Change a parsed configuration in place."""
    for name, value in changes.items():
        *parents, last = [int(word) if word.isdigit() else word for word in name.split("::")]
        part = config
        for parent in parents:
            part = part[parent]
        part[last] = value


if __name__ == "__main__":
    file, changes = Path(sys.argv[1]), Path(sys.argv[2])
    content = json.loads(file.read_text(encoding="utf-8"))
    apply(content, json.loads(changes.read_text(encoding="utf-8")))
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
