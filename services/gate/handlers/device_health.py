"""Heartbeats: how a device is, kept each time and told to the others at most once a minute (screens §6.2)."""

from dataclasses import dataclass
from datetime import datetime

from services.gate.desk import Station
from services.gate.domain.device_health import clock_skew, decide_telling
from services.gate.store import device_health as store
from services.gate.store.device_health import Report
from shared.db.pool import Tx
from shared.events.gate import DeviceSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a device says of itself. `device_time` is its own clock, read when it sent this."""

    device_time: datetime
    app_version: str
    queue_length: int
    oldest_queued_at: datetime | None
    quarantined: int
    rejected: int
    list_made_at: datetime | None


async def hear(beat: Heartbeat, station: Station, *, real_now: datetime, tx: Tx) -> Report:
    """Keep it with the skew of the device's clock, by which what it decides offline is dated right (G11)."""
    report = Report(
        app_version=beat.app_version,
        queue_length=beat.queue_length,
        oldest_queued_at=beat.oldest_queued_at,
        quarantined=beat.quarantined,
        rejected=beat.rejected,
        list_made_at=beat.list_made_at,
        clock_skew_seconds=clock_skew(beat.device_time, now=tx.now),
    )
    told_at = await store.keep_report(tx, station.device_id, report, real_now=real_now)
    if decide_telling(told_at, real_now=real_now):
        await tx.execute(store.MARK_TOLD, station.device_id, real_now)
        await tx.publish(
            DeviceSeen(
                device_id=station.device_id,
                compound=station.compound,
                checkpoint=station.checkpoint,
                seen_at=real_now,
                queue_length=report.queue_length,
                oldest_queued_at=report.oldest_queued_at,
                list_made_at=report.list_made_at,
                clock_skew_seconds=report.clock_skew_seconds,
            ),
            version=await store.next_version(tx, station.device_id),
        )
    return report
