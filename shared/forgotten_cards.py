"""Sealed cards leave the bus when somebody was erased; their outboxes are blank by then."""

import structlog

from shared.bus import names
from shared.bus.link import Link
from shared.events import catalogue
from shared.events.registry.people import PersonErased

log = structlog.get_logger(__name__)


async def forget_cards(link: Link, *, erased: int | None) -> int:
    """Empty the streams of cards when somebody more was erased than when this was called last.

    A message cannot be found by whose it is: nobody is named in a subject, and what it holds is sealed. So all go, and
    who had not read one yet gets it from its producer's outbox. What was erased is told behind the cards that were told
    before it, so none of somebody's comes later.

    Args:
        link: with the right to purge.
        erased: what this answered last; None: unknown, and emptied once if anybody was ever erased.

    Returns:
        How many erasures the bus knows of.
    """
    told = int(
        (await link.js.stream_info(names.stream(PersonErased.service, PersonErased.channel))).state.last_seq
    )
    if told and told != erased:
        for service, channels in catalogue.channels().items():
            for channel in channels:
                if channel.startswith("cards"):
                    await link.js.purge_stream(names.stream(service, channel))
        log.info("cards_forgotten", erasures=told)
    return told
