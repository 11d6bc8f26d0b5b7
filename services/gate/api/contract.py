"""What a device maker has to know beside routes and shapes: the text at the head of the gate's OpenAPI document."""

DESCRIPTION = """\
卡口设备据此文档即可接入。A checkpoint device can be built from this document and from
`deploy/docs/device-makers-guide.md`; `services/gate/client` is a reference implementation.

## The way of a device
1. `POST /v1/devices` with a one-time code (10 minutes, one use, one checkpoint): credential and `list_keys`.
2. `GET /v1/checkpoints/me/snapshot`: the signed list, then with `since` what changed, at least once a minute.
3. `POST /v1/entry-checks` for each person. Store `check_id` (UUIDv7) and a gapless `seq` **before** showing a verdict.
   Without an answer within `answer_within_ms` of the list's rules, decide from the list.
4. `POST /v1/entry-checks/batch` hands in what was decided alone; delete on `created` and `exists` only.
   Vehicles and arrivals likewise: `POST /v1/vehicle-checks` and `/batch`, `POST /v1/arrivals` and `/batch`.
5. `POST /v1/devices/me/heartbeat` once a minute: it tells how far the device's clock is off.

Authorization: `Device <credential>`, and behind it a proof that the device has its key: a signature over the request,
or with single entry checks the ticket of the last heartbeat (the guide, *The key*).

## Verdicts
`admit`, `admit_with_action`, `cannot_verify`, `refuse`; of a vehicle `complete`, `held`, `refuse`. `reasons` are codes,
gravest first; show `instruction`. `nth_today`: from 2 on *ask* and *record* may be left out, nothing else. A code that
you do not know is shown as the verdict and the instruction alone; the set of codes grows.

## Problems
Every answer of 400 and above is `application/problem+json`. Branch on `code`:

| status | code | what the device does |
|---|---|---|
| 400 | `malformed_json`, `bad_request`, `parameter_unknown` | a defect of the device: keep the check, report it |
| 401 | `not_authenticated`, `token_refused` | decide offline, call for help |
| 401 | `proof_stale` | take the server's second from `now`, sign again, send it once more |
| 401 | `proof_needed` | sign; if you did, decide offline, call for help |
| 401 | `device_key_needed` | name a key with `POST /v1/devices/me/credential` |
| 401 | `device_revoked` | stop deciding; hand in the queue by batch, it waits in quarantine |
| 403 | `role_not_allowed`, `out_of_scope`, `enrolment_code_invalid` | another way in is needed |
| 403 | `not_your_turn` | the badge is another worker's: scan it again |
| 404 | `not_found` | a defect of the device |
| 404 | `check_unknown`, `badge_unknown`, `turn_unknown` | nothing of this checkpoint: look at what was entered |
| 409 | `device_id_taken` | enrol with a new id |
| 409 | `already_corrected`, `line_keyed`, `already_on_duty`, `turn_over` | it is done already: show what is known |
| 409 | `worker_left`, `checkpoint_closed` | nobody is on duty like this: call the shift leader |
| 413 | `body_too_large` | send fewer checks at once |
| 415 | `unsupported_media_type` | a defect of the device |
| 422 | `invalid_request` | `field` and `errors` name what is wrong; keep the check, report it |
| 422 | `vehicle_not_named`, `corrects_another`, `same_person` | `field` names what to change |
| 422 | `not_decided_on_paper`, `sheet_unknown` | `field` names what to change |
| 422 | `device_key_invalid` | no public key for ES256, or the device has another: enrol anew |
| 422 | `same_id_other_content` | the id was used for another check: a defect of the device |
| 429 | `too_many_requests` | wait for `Retry-After`, then go on |
| 503 | `unavailable`, `too_busy`, `policy_unknown` | as without an answer; wait for `Retry-After` |

What the desk meets beside these, whoever sits there:

| status | codes |
|---|---|
| 403 | `own_override` |
| 404 | `unknown_checkpoint`, `unknown_device`, `unknown_quarantined_item`, `worker_unknown`, `shift_unknown` |
| 409 | `checkpoint_closed`, `enrolment_code_used`, `quarantined_item_settled` |
| 409 | `nothing_to_override`, `already_overridden`, `not_overridden`, `already_reviewed` |
| 409 | `badge_taken`, `shift_begun`, `shift_cancelled`, `worker_booked` |
| 422 | `note_needed`, `objection_needed`, `roster_too_long`, `shift_length`, `days_out_of_order` |

In a batch each item has a status of its own; the batch never fails as a whole because of one,
unless what was sent is no JSON at all (400): look for that one in halves, and set it aside.

## Versions
`/v1` is kept compatible: routes and fields stay, optional fields and new codes may be added, so ignore fields that
you do not know. Whatever cannot be compatible becomes `/v2` beside it; then what goes away is marked `deprecated` here,
and `/v1` is served for at least 180 days from that day on. The list names its `format`; a device that does not know it
keeps the list that it has, which ages.
"""
