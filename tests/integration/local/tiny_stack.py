"""Supervises PostgreSQL, NATS and tiny children in the home given first. Run as a script, killed by tests."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local import ports
from deploy.local.names import SERVICES
from deploy.local.programs import Program, Surroundings
from deploy.local.state import Home, Plan
from deploy.local.supervisor import supervise

TINY = Path(__file__).with_name("tiny.py")


def tiny_children(around: Surroundings) -> Sequence[Program]:
    failing = json.loads(sys.argv[2]) if len(sys.argv) > 2 else []
    return [
        Program(
            name=name,
            argv=(sys.executable, str(TINY), str(around.plan.ports[name])),
            port=around.plan.ports[name],
            ready_url=around.probe_url(name),
            env={"TINY_FAILS": "1"} if name in failing else {},
        )
        for name in SERVICES
    ]


if __name__ == "__main__":
    home = Home(Path(sys.argv[1]))
    home.make()
    plan = Plan(ports=ports.choose(home.path, home.state().get("ports", {}), {}, None))
    sys.exit(supervise(home, plan, children=tiny_children, with_streams=False))
