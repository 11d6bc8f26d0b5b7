"""Observation: fourteen days, twice a day, nobody lost (R2.7, R4.6 to R4.10).

Owns: cases, declarations, interruptions, decisions (dates, measures and endings included), missed windows,
residents' links, calls and visits with who is to make them, messages and how far they came, its own contact cards;
fever paths, confirmed cases and whom they reached; devices at doors, their signals and tasks;
declarations that look made up, and what somebody found.

Events in: ReturneeRegistered (a case opens, or follows a corrected intake), PolicyRevised and CompoundRegistered
(copies), SubjectCardSealed for this service (contact), PersonErased (everything personal goes), HouseholdChanged and
RiskAreasRevised (copies), ResidenceEnded and ResidenceRestored, PeopleMerged and PeopleSeparated (cases end or go on);
from gate FeverSeen (the fever path opens), FeverWithdrawn (it ends where it was opened for a mistyped reading
alone) and QuarantineExitSeen (somebody looks into it).

Events out: ObservationStarted, ObservationInterrupted, ObservationResumed, ObservationAwaitsClosure,
ObservationCompleted, ObservationRestarted, ObservationRescheduled, ObservationMeasureChanged, ObservationClosed,
SymptomReported (channel `cases`); DeclarationSubmitted, DeclarationMissed, DeclarationCorrected
(channel `declarations`); FeverCleared, CaseConfirmed (channel `fevers`); FollowUpEscalated
(channel `follow_ups`).

HTTP: staff: `/v1/cases`, a case with its days, declarations by phone or visit, one by one or queued
(`/v1/declarations/batch`) or as a questionnaire platform's list (`/v1/declaration-imports`), corrections, decisions,
links and whom they reach, links on paper (`/v1/link-sheets`), `/v1/fevers`, `/v1/confirmations`, `/v1/escalations`,
`/v1/messages`, `/v1/message-counts`, `/v1/risk-proposals`, `/v1/worklists`, `/v1/case-days`, attempts and follow-ups,
bulk actions, compounds' observation groups, sheets and tables of declarations; `/v1/released-model` for headquarters;
residents, by a personal link: `/v1/link-sessions`, `/v1/me/case`, `/v1/me/declarations`, `/v1/me/family`; the message
service, by signature: `/v1/message-receipts`; devices at doors: `/v1/door-signals`, and for staff `/v1/door-tasks`
and a case's door devices; `/v1/pattern-flags`.
"""
