"""All events at once: importing this module knows every publisher."""

from shared.events import closing, gate, observation, reporting, sanitation
from shared.events.base import Event, channels_of, every, find
from shared.events.registry import cards, leads, passes, people, places, returnees, rules, surveys

PUBLISHERS = ("registry", "gate", "observation", "sanitation", "reporting")

_MODULES = (
    closing,
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


READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "registry": {
        "gate": ("alerts", "cards_registry", "closing"),
        "observation": ("cases", "closing", "fevers"),
        "reporting": ("closing",),
        "sanitation": ("closing",),
    },
    "gate": {
        "observation": ("cases", "fevers"),
        "registry": (
            *("applications", "cards_gate", "erasures", "merges", "passes", "policy", "returnees", "town"),
            "vehicle_passes",
        ),
    },
    "observation": {
        "gate": ("alerts",),
        "registry": (*("cards_observation", "erasures", "merges", "people", "policy", "returnees", "town"),),
    },
    "sanitation": {
        "observation": ("cases",),
        "registry": ("cards_sanitation", "erasures", "policy", "town"),
    },
    "reporting": {
        "gate": ("alerts", "checks", "devices", "duty"),
        "observation": ("cases", "declarations", "fevers"),
        "registry": (
            *(
                "erasures",
                "leads",
                "merges",
                "notices",
                "passes",
                "people",
                "policy",
                "returnees",
                "surveys",
                "town",
            ),
            "watch_lists",
        ),
        "sanitation": ("inspections", "rounds", "ventilation", "venues", "waste"),
    },
}
"""Service -> publisher -> the channels that it is served: the bus gives it no other. A test holds this against what the
services' consumers read."""


def readers_of(publisher: str, channel: str) -> list[str]:
    """Which services a channel is served to."""
    return [service for service, served in READERS.items() if channel in served.get(publisher, ())]


def channels() -> dict[str, list[str]]:
    """Service -> its channels."""
    return {service: channels_of(service) for service in PUBLISHERS}


__all__ = ["PUBLISHERS", "READERS", "Event", "channels", "channels_of", "every", "find", "readers_of"]
