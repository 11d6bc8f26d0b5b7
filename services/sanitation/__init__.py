"""Sanitation (消杀): every place is disinfected as often as policy says, provably (R5.1, R5.5).

Owns: sites and their codes, disinfection rounds, imports of site lists.

Events in: registry's CompoundRegistered and PolicyRevised, kept as copies.
Events out: SiteRegistered, RoundLogged.

HTTP: `/v1/imports` (site lists), `/v1/sites`, `/v1/rounds`, `/v1/day-sheets`.
"""
