"""How streams, consumers and subjects are called."""

STATE = "fk.bus.state"
"""Where the servers of the bus say how they keep messages."""


def stream(service: str, channel: str) -> str:
    """One stream per channel."""
    return f"fk_{service}_{channel}"


def stream_subjects(service: str, channel: str) -> str:
    """What the stream of a channel holds."""
    return f"fk.evt.{service}.{channel}.>"


def heartbeat(service: str) -> str:
    """Where a producer says how far each of its channels is."""
    return f"fk.beat.{service}"


def replay(service: str, channel: str) -> str:
    """Where a producer answers from its outbox."""
    return f"fk.replay.{service}.{channel}"


def message_id(service: str, channel: str, epoch: int, pos: int) -> str:
    """JetStream's duplicate key: the same position is the same message for ever."""
    return f"{service}:{channel}:{epoch}:{pos}"
