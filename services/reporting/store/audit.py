"""Who read what about one person."""

AUDIT = """
insert into audit_read (at, actor, role, action, person_ref, scope, correlation_id)
values ($1, $2, $3, $4, $5, $6, $7)
"""
