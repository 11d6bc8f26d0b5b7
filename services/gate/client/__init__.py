"""Reference client of the device contract: what tests and simulations use, and what device makers may build on.

    Device.enrol(...)   a one-time code for a credential and the first list
    device.check(...)   stored, asked online for 800 ms, else decided from the own list, stored again, then shown
    device.check_vehicle(...), device.arrive(...)   the same for a vehicle, and for who comes from elsewhere
    device.sync()       batches of up to 200; nothing leaves the queue but on `created` and `exists`
    device.refresh()    the list, whole or what changed; a failed refresh never makes it look younger
    device.run()        the three of them for ever

It belongs to the gate's package because its verdicts are the gate's own rule (`services.gate.domain`), on fewer facts.
It needs nothing of a server: no database, no bus. Where a device keeps its credential and the key of its store is the
device's affair (a hardware key store).
"""
