"""The event backbone: outbox and relay on one side, feeds, reactors and projections on the other.

JetStream carries; each service's PostgreSQL is the truth. Positions are dense per channel, so a reader sees every
gap, and what is missing is asked from the producer's own outbox. Nothing outside this package imports `nats`.
"""
