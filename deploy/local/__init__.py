"""The local stack: PostgreSQL, nats-server, an issuer and the five services under one supervisor.

Needs only Python and the packages of ``requirements.lock``; no root, no Docker, no system service.
Nothing here is used in production, where the same services are pointed at managed servers.
"""
