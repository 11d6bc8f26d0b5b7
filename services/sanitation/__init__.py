"""Sanitation (消杀): every place is disinfected as policy says, and isolation waste is never lost (R5.1, R5.2).

Owns: sites and their codes, what held for them day by day, closures, disinfection rounds, airings, days that were
closed, pickups of waste from households under home quarantine with their chain of custody, mask-bin collections,
photos as proof, imports of site lists.

Events in: registry's CompoundRegistered and PolicyRevised, kept as copies; SubjectCardSealed for this recipient (rooms)
and PersonErased; observation's cases from start to end (where waste is fetched, and on which days).
Events out: SiteRegistered, SiteExempted, RoundLogged, RoundMissed, VentilationLogged, WastePickupDue / Done / Missed /
Withdrawn, MaskBinEmptied.

HTTP: `/v1/imports` (site lists), `/v1/sites` with `/closures`, `/v1/site-closures`, `/v1/site-sheets` (codes to print),
`/v1/rounds`, `/v1/ventilations`, `/v1/logs/batch` (what a phone kept), `/v1/day-sheets`, `/v1/day-figures`,
`/v1/figures-history`, `/v1/work-sheets`, `/v1/work-history`, `/v1/pickups` with `/steps`, `/skips`, `/reschedulings`,
`/v1/households/{dwelling_id}/pickup-hour`, `/v1/mask-bin-collections`, `/v1/mask-bins`,
`/v1/photos`.

Tickers close every day that is over, plan each day's pickups and find those that were missed; they catch up after a
standstill. Another one drops photos whose time is over.
"""
