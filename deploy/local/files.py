"""Writing small files whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file that only its owner can read, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)  # the mode holds from birth
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.rename(path)


def write_json(path: Path, value: Any, *, mode: int = 0o644) -> None:
    """Write a JSON file, complete or not at all."""
    write_private(path, json.dumps(value, ensure_ascii=False, indent=1), mode=mode)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty when there is no such file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
