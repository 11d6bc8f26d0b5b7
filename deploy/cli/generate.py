"""Generates the town in a process of its own: ``python -m deploy.cli.generate OUT SEED SCALE``.

Prints one JSON line for each step. A process of its own, because `up` stays in the foreground for days and
would keep the memory that a hundred thousand people took.
"""

import json
import sys
from pathlib import Path

from deploy.town import generate


def _tell(name: str, done: int, total: int) -> None:
    print(json.dumps({"name": name, "done": done, "total": total}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    generate(Path(sys.argv[1]), seed=int(sys.argv[2]), scale=float(sys.argv[3]), progress=_tell)
