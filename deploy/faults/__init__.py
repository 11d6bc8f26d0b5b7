"""``./fangkong faults``: the town's days while everything breaks, and the same check afterwards (F1 to F14).

wires      TCP proxies: cut, silent, or losing answers on their way back
cluster    three nats-servers whose routes run over wires, so that one of them can be cut off
town       PostgreSQL, the cluster and the services in our own hands: killed, frozen, redeployed, filled up
versions   the next version of a service, with migrations before and after it
meddling   what is done to the stream itself: wiped, doubled, reordered, poisoned
kinds      every kind of fault: how it is made, and healed
campaign   which one comes when, how long headquarters take to be right again after each
"""
