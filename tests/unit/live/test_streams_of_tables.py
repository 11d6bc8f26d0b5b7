"""Where a stream was emptied, the checker knows for which tables."""

from deploy.live.checker.bus import EVENTS
from deploy.live.checker.check import ON_THE_STREAM_OF
from shared.events import catalogue


def test_every_table_that_the_bus_tells_of_is_looked_for_on_its_own_stream() -> None:
    channels = {event.__name__: (event.service, event.channel) for event in catalogue.every()}
    assert {what: channels[name] for what, (name, _) in EVENTS.items()} | {
        "gaps": channels["DutyGapClosed"],
        "findings": channels["FindingOpened"],
    } == ON_THE_STREAM_OF
