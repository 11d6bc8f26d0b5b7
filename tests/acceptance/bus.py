"""What the services told each other, read from JetStream itself."""

import json
from typing import Any

from nats.js.errors import NotFoundError

from shared.bus import names
from shared.bus.link import Link
from shared.events.base import Event
from tests.acceptance.stack import Stack


async def told(stack: Stack, event: type[Event], place: str = "*", **fields: object) -> list[dict[str, Any]]:
    """What the bus holds of one kind of event, in order: of one compound, and with these values, where named."""
    link = Link(stack.nats.url, name="onlooker", credentials=stack.nats.admin)
    link.start()
    try:
        await link.up.wait()
        subject = f"fk.evt.{event.service}.{event.channel}.{event.event_name}.{place}"
        bodies, sequence = [], 0
        while True:
            try:
                message = await link.js.get_msg(
                    names.stream(event.service, event.channel), seq=sequence + 1, subject=subject, next=True
                )
            except NotFoundError:
                break
            assert message.seq is not None
            bodies.append(message.data or b"")
            sequence = message.seq
    finally:
        await link.stop()
    wanted = {name: str(value) for name, value in fields.items()}
    facts = [json.loads(body)["data"] for body in bodies]
    return [fact for fact in facts if {name: str(fact[name]) for name in wanted} == wanted]
