"""The HTTP face that all services share: application shell, problems, access table, authentication, paging.

`app.make_app` puts it together. A request passes `shell.Shell` (correlation id, log line, figures, headers,
last catch), `bodies.BodyGuard` (size and strictness of bodies), the router, and `access.principal` (who may
come in, and how often: `limits`).
"""
