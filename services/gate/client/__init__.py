"""Reference client of the device contract: what tests and simulations use, and what device makers may build on.

It belongs to the gate's package because its verdicts are the gate's own rule (`services.gate.domain`), on fewer facts.
`vectors` holds facts and verdicts for any other implementation to prove itself with.
"""
