"""Registry (登记): the town's book of places, people, rules and passes.

Owns: neighbourhoods, compounds, checkpoints, grids, dwellings, businesses and what each of them was before; people,
their documents, phones and residences over time, what was done to them and by whom, which records were merged and which
pairs are two people; workers, postings, posts and claims of vacant ones, volunteers, who answers for what; imports with
their rejected rows, exports; policy versions, risk areas and the public figures behind them; returnees' intakes; watch
lists and the call list; entry passes and applications for them, vehicles and their passes, the keys that sign them;
leads with who told them (apart) and rewards; notices and where they hang. Survey rounds, the forms of every household
in them, and households' links; intakes that a gate's sighting makes due. Trips and health answers of intakes go by
themselves some days after the release.

Events in: observation's ObservationStarted / Interrupted / Resumed / Rescheduled / Restarted / MeasureChanged /
AwaitsClosure / Completed / Closed (no pass before the end) and SymptomReported, FeverCleared, CaseConfirmed; gate's
FeverSeen, FeverWithdrawn (passes suspended, reinstated when nothing stands any more), PassApplicationRequested (R2.4),
FirstReturnSeen, FocusAreaPersonReported, CaseContactReported and IntakeAnswersSealed (an intake is due, with what was
answered).
Events out: CompoundRegistered, CheckpointOpened / Closed, GridRegistered, AddressesRegistered, WorkerPosted,
PostsNeeded, ResponsibilityAssigned; PersonRegistered, HouseholdChanged, ResidenceEnded / ResidenceRestored,
PeopleMerged / PeopleSeparated, PersonErased; PolicyRevised, RiskAreasRevised, PassKeyAnnounced / PassKeyRetired;
ReturneeRegistered, IntakeTaskSettled, WatchListLineSettled; EntryPassIssued / Suspended / Reinstated / Revoked,
HoldSettled; VehiclePassIssued / Revoked;
PassApplicationReceived / Settled; SubjectCardSealed, a channel per recipient; LeadReceived / Assigned / Closed,
NoticePublished. SurveyRoundOpened / Closed, HouseholdSurveyed. At the end ClosingPrepared / Approved and
TownClosed; all five services answer with a `…ClosingTold`, which the registry reads (0063).

HTTP: `/v1/imports` with templates, `/v1/exports`; `/v1/neighbourhoods`, `/v1/compounds` with their grids, dwellings,
checkpoints, businesses, posts, sheet and history; `/v1/people` with lookup, sheet, corrections, documents, phones,
residences, death, holds; `/v1/departures`, `/v1/moves`, `/v1/dwellings/{id}/tenancy` and `/occupancy`;
`/v1/people-changes` (undo), `/v1/people/{ref}/erasure`, `/v1/closing`;
`/v1/duplicates`, `/v1/merges`; `/v1/workers`, `/v1/postings`, `/v1/surplus`, `/v1/volunteers`, `/v1/responsibilities`;
`/v1/policies`, `/v1/musts`, `/v1/risk-areas`, `/v1/divisions`, `/v1/case-counts`; `/v1/returnees` with corrections and
versions, `/v1/intake-tasks`;
`/v1/watch-lists`, `/v1/call-list`; `/v1/passes`, `/v1/temporary-passes`, `/v1/pass-sheets`, `/v1/pass-applications`,
`/v1/vehicles`, `/v1/vehicle-passes`, `/v1/pass-keys`, `/v1/revocation-lists`; `/v1/leads`, `/v1/notices`.
`/v1/survey-rounds`, `/v1/survey-submissions`, `/v1/survey-offers`, `/v1/survey-link-sessions` and `/v1/me/survey`
(households, by link).

Pages: `/intake` and `/returnees`; `/applications` and `/passes`; `/leads`, `/surveys`, `/duplicates`, `/watch-lists`,
`/calls`, `/people`, `/imports`, `/exports`, `/closing`. Each asks the functions of the API above behind its own cell.
"""
