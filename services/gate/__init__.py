"""Gate: answers checkpoint devices, also while everything else is away.

Owns: enrolment codes, devices and how they are, the quarantine, entry checks, its own holds (a fever seen at a
checkpoint); badges, the duty roster, turns of duty, handovers and duty gaps; and its copies of passes, pass keys,
restrictions, policy, compounds, checkpoints, postings and cards.
Events in: registry (policy, town, passes, cards for gate), observation (cases).
Events out: EntryChecked (checks), FeverSeen (alerts), DeviceEnrolled, DeviceSeen, DeviceRevoked (devices),
ShiftStarted, ShiftEnded, DutyGapOpened, DutyGapClosed (duty).
HTTP: enrolment codes, devices, heartbeats, credentials, quarantine, entry checks (one, and batches of up to 200), the
device's own checkpoint and the signed list that it decides by when it is offline (`client` is the reference client);
`/v1/duty/...`: badges, roster, check-in and check-out, handover, coverage, gaps, service record.
"""
