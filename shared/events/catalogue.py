"""All events at once: importing this module knows every publisher."""

from shared.events import gate, observation, reporting, sanitation
from shared.events.base import Event, channels_of, every, find
from shared.events.registry import cards, leads, passes, people, places, returnees, rules, surveys

PUBLISHERS = ("registry", "gate", "observation", "sanitation", "reporting")

_MODULES = (
    gate,
    observation,
    reporting,
    sanitation,
    cards,
    leads,
    passes,
    people,
    places,
    returnees,
    rules,
    surveys,
)


def channels() -> dict[str, list[str]]:
    """Service -> its channels."""
    return {service: channels_of(service) for service in PUBLISHERS}


__all__ = ["PUBLISHERS", "Event", "channels", "channels_of", "every", "find"]
