"""Household forms as they are kept: sealed on the way in, opened to compare, show and confirm them (R4.2, P7)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import asyncpg

from services.registry.domain.returnees import Trip
from services.registry.domain.stated import StatedPerson
from services.registry.domain.survey_forms import Filed, Finding, Form, FormOutcome, Member, Offer, Standing
from services.registry.store import survey_forms as store
from shared.db.pool import Conn
from shared.kernel.sealed import PersonKey, Vault

NOTE, DETAIL, MEMBER = "survey_note", "survey_detail", "survey_member"
"""Names of sealed fields, part of what is stored: never renamed."""


def sealed_finding(finding: Finding, key: PersonKey) -> tuple[object, ...]:
    """A finding as a row: note and trip are sealed."""
    detail: dict[str, Any] = {}
    if finding.note:
        detail["note"] = finding.note
    if finding.trip:
        detail["trip"] = {**asdict(finding.trip), "arrived_on": finding.trip.arrived_on.isoformat()}
    sealed = Vault.seal(key, DETAIL, json.dumps(detail, ensure_ascii=False)) if detail else None
    return finding.kind, finding.member, None, sealed


def opened_detail(row: asyncpg.Record, key: PersonKey | None) -> Mapping[str, Any]:
    """What a finding says; nothing where its key is gone."""
    if key is None or row["detail_sealed"] is None:
        return {}
    detail: dict[str, Any] = json.loads(Vault.open(key, DETAIL, row["detail_sealed"]))
    return detail


async def filed(conn: Conn, row: asyncpg.Record, vault: Vault) -> tuple[Filed, Standing]:
    """A form that is kept, opened, and how it stands. Who was erased is a member without a statement."""
    wanted = [row["submission_id"]]
    members = await conn.fetch(store.MEMBERS, wanted)
    keys = await vault.keys([row["key_ref"], *(one["key_ref"] for one in members if one["key_ref"])])
    own = keys.get(row["key_ref"])
    form = Form(
        outcome=FormOutcome(row["outcome"]),
        visited_at=row["visited_at"],
        members=tuple(_member(one, keys.get(one["key_ref"])) for one in members),
        findings=tuple(
            _finding(one, opened_detail(one, own))
            for one in await conn.fetch(store.FINDINGS, wanted)
            if one["kind"] != "not_mentioned"
        ),
        offers=tuple(
            Offer(
                member=one["member"],
                kind=one["kind"],
                note=Vault.open(own, DETAIL, one["note_sealed"]) if own and one["note_sealed"] else None,
            )
            for one in await conn.fetch(store.OFFERS, wanted)
        ),
        witness=row["witness"],
        note=Vault.open(own, NOTE, row["note_sealed"]) if own and row["note_sealed"] else None,
    )
    kept = Filed(
        submission_id=row["submission_id"], source=row["source"], corrects=row["corrects"], form=form
    )
    return kept, Standing(row["standing"])


def _member(row: asyncpg.Record, key: PersonKey | None) -> Member:
    stated = None
    if key is not None and row["stated_sealed"] is not None:
        stated = StatedPerson.of_json(json.loads(Vault.open(key, MEMBER, row["stated_sealed"])))
    return Member(state=row["state"], person_ref=row["person_ref"], stated=stated)


def _finding(row: asyncpg.Record, detail: Mapping[str, Any]) -> Finding:
    trip = detail.get("trip")
    return Finding(
        kind=row["kind"],
        member=row["member"],
        note=detail.get("note"),
        trip=Trip(**{**trip, "arrived_on": date.fromisoformat(trip["arrived_on"])}) if trip else None,
    )
