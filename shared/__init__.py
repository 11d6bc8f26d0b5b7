"""What every service stands on: time, ids, sealed fields, events, bus, database, HTTP and observability.

Nothing here knows a threshold, a duration, a quota or a decision of the township's plan: those are policy
and live in the services. `shared` never imports `services`.
"""
