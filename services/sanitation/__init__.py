"""Sanitation (消杀): every place is disinfected as often as policy says, provably (R5.1, R5.5).

Owns: sites and their codes, what held for them day by day, closures, disinfection rounds, days that were closed,
imports of site lists.

Events in: registry's CompoundRegistered and PolicyRevised, kept as copies.
Events out: SiteRegistered, SiteExempted, RoundLogged, RoundMissed.

HTTP: `/v1/imports` (site lists), `/v1/sites` with `/closures`, `/v1/site-closures`, `/v1/site-sheets` (codes to print),
`/v1/rounds`, `/v1/day-sheets`, `/v1/day-figures`, `/v1/figures-history`.

A ticker closes every day that is over, once, and catches up after a standstill.
"""
