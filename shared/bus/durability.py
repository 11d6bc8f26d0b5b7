"""Does the bus keep what it acknowledges? A server that syncs by the minute forgets it when the power fails.

The servers' own statement, asked for over the connection itself: `deploy/nats` lets every user ask, and nothing more.
"""

import json
from typing import Any

import structlog

from shared.bus import metrics, names
from shared.bus.link import Link

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0


class ForgetfulBusError(Exception):
    """A server of the bus does not sync before it acknowledges, or does not say."""


async def assert_kept(link: Link) -> None:
    """Every server of the cluster that answers says `sync_interval: always`; asked once a connection.

    Raises:
        ForgetfulBusError: one does not, or none says anything.
        BusError: the bus is away.
    """
    if link.kept:
        return
    metrics.FORGETFUL.set(1)
    answers = await link.ask_all(names.STATE, b"{}", timeout=ANSWER_SECONDS, enough=_all_here)
    told = [json.loads(answer) for answer in answers]
    forgetful = [
        one["server"]["name"] for one in told if one["data"]["config"].get("sync_always") is not True
    ]
    if forgetful or not told:
        log.error("bus_forgetful", servers=forgetful, remedy="set sync_interval: always (deploy/nats)")
        raise ForgetfulBusError(f"acknowledge before they sync, or say nothing: {forgetful}")
    metrics.FORGETFUL.set(0)
    link.kept = True


def _all_here(answers: list[bytes]) -> bool:
    """A server of a cluster knows how many there are."""
    told: dict[str, Any] = json.loads(answers[-1]).get("data", {})
    return len(answers) >= int(told.get("meta_cluster", {}).get("cluster_size", 1))
