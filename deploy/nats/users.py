"""Who there is on the bus, and what each may say and hear: allow-lists, all that is not named is refused.

A refusal shows on the client only in its error callback and as a timeout.
"""

from collections.abc import Mapping
from typing import Any

from deploy.local.names import SERVICES
from shared.bus.names import STATE

ADMIN = "admin"
"""The streams' administrator: makes, changes and deletes streams and their readers, and publishes nothing."""

USERS = (*SERVICES, ADMIN)
"""Everybody on a bus."""

ANYBODY = "anybody"
"""Somebody in trials who meddles: may say and hear everything. No server of a town knows it."""


def permissions(user: str) -> Mapping[str, Any]:
    """What one user may do."""
    if user == ANYBODY:
        return {}
    if user == ADMIN:
        return {
            "publish": {"allow": ["$JS.API.>", "$JS.ACK.>", STATE]},
            "subscribe": {"allow": [_inbox(user)]},
        }
    return {
        "publish": {
            "allow": [
                f"fk.evt.{user}.>",
                f"fk.beat.{user}",
                "fk.replay.>",  # asking others to repeat; who may answer is decided by "subscribe"
                STATE,
                "$JS.API.STREAM.INFO.*",
                # To make a consumer would be to have the bus speak to anybody in anybody's name: they are made for it.
                f"$JS.API.CONSUMER.INFO.*.{user}",
                f"$JS.API.CONSUMER.MSG.NEXT.*.{user}",
                f"$JS.ACK.*.{user}.>",
                f"$JS.ACK.*.*.*.{user}.>",
            ]
        },
        "subscribe": {"allow": [_inbox(user), "fk.beat.*", f"fk.replay.{user}.>"]},
        "allow_responses": {"max": 1, "expires": "1m"},
    }


def accounts(public: Mapping[str, str]) -> Mapping[str, Any]:
    """The accounts of a server: ours, and the servers' own, which tells ours how messages are kept and no more.

    Args:
        public: the public key of each user.
    """
    return {
        "accounts": {
            "SYS": {
                "exports": [
                    {"service": _SAID_BY_SERVERS, "response_type": "stream", "accounts": ["FANGKONG"]}
                ]
            },
            "FANGKONG": {
                "jetstream": "enabled",
                "users": [{"nkey": key, "permissions": permissions(user)} for user, key in public.items()],
                "imports": [{"service": {"account": "SYS", "subject": _SAID_BY_SERVERS}, "to": STATE}],
            },
        },
        "system_account": "SYS",
    }


_SAID_BY_SERVERS = "$SYS.REQ.SERVER.PING.JSZ"


def _inbox(user: str) -> str:
    return f"_INBOX_{user}.>"
