"""Sanitation (消杀): places are disinfected as policy says, isolation waste is never lost, faults are put right (R5).

Owns: sites and their codes, what held for them day by day, closures, disinfection rounds, airings, days that were
closed, pickups of waste from households under home quarantine with their chain of custody, mask-bin collections,
photos as proof, venues that stay closed with approvals to reopen, inspections by checklist, orders to put something
right with their custody, reports of the public, property companies, imports of site lists.

Events in: registry's CompoundRegistered, CheckpointOpened and PolicyRevised, kept as copies; SubjectCardSealed for
this recipient (rooms) and PersonErased; observation's cases from start to end (where waste is fetched, and when).
Events out: SiteRegistered, SiteExempted, RoundLogged, RoundMissed, VentilationLogged, WastePickupDue / Done / Missed /
Withdrawn, MaskBinEmptied, VenueStatusChanged, InspectionRecorded, RectificationOrdered / Mended / Overdue / Closed.

HTTP: `/v1/imports` (site lists), `/v1/sites` with `/closures`, `/v1/site-closures`, `/v1/site-sheets` (codes to print),
`/v1/rounds`, `/v1/ventilations`, `/v1/logs/batch` (what a phone kept), `/v1/day-sheets`, `/v1/day-figures`,
`/v1/figures-history`, `/v1/work-sheets`, `/v1/work-history`, `/v1/pickups` with `/steps`, `/skips`, `/reschedulings`,
`/v1/households/{dwelling_id}/pickup-hour`, `/v1/mask-bin-collections`, `/v1/mask-bins`,
`/v1/photos`, `/v1/venues` with `/approvals`, `/v1/checklists`, `/v1/inspections`, `/v1/orders` with `/mendings`,
`/replies`, `/reviews`, `/settlements`, `/v1/order-exports`, `/v1/rounds/{round_id}/spot-checks`, `/v1/spot-checks`,
`/v1/compounds/{compound}/property-company` and `/property-record`; for anybody `/place` and `/v1/site-reports`.

Tickers close every day that is over, plan each day's pickups and find those that were missed; they catch up after a
standstill. Others drop photos whose time is over, turn venues whose approval begins or ends, and let orders that
nobody mended go up a level.
"""
