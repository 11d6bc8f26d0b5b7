"""Gate: answers checkpoint devices, also while everything else is away.

Owns: enrolment codes, devices and how they are, the quarantine, entry checks with their overrides and corrections,
vehicle checks, arrivals and the reports that wait for an outcome, its own holds (a fever seen at a checkpoint); badges,
the duty roster, turns of duty, handovers and duty gaps; and its copies of passes, vehicle passes, pass keys,
restrictions, policy, risk areas, compounds, checkpoints, postings and cards.
Events in: registry (policy, risk areas, town, merges, passes, vehicle passes, applications, returnees, cards for gate,
erasures), observation (cases, fevers).
Events out: EntryChecked, VehicleChecked (checks), FeverSeen, FeverWithdrawn, FirstReturnSeen, FocusAreaPersonReported,
CaseContactReported, QuarantineExitSeen, PassApplicationRequested, CheckOverridden, OverrideReviewed (alerts),
IntakeAnswersSealed (cards for registry), DeviceEnrolled, DeviceSeen, DeviceRevoked (devices), ShiftStarted, ShiftEnded,
DutyGapOpened, DutyGapClosed (duty).
HTTP: enrolment codes, devices, heartbeats, credentials, quarantine, entry checks (one, and batches of up to 200),
overrides and their review, corrections, `/v1/vehicle-checks` and `/v1/arrivals` (also in batches),
`/v1/reports/open`, paper sheets; the device's own checkpoint and the signed list that it decides by when it is offline
(`client` is the reference client); `/guard/`: the checkpoint page that is such a device in a browser (`page`);
`/v1/duty/...`: badges, roster, check-in and check-out, handover, coverage, gaps, service record.
"""
