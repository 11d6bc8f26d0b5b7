"""What the gate is measured against: FastAPI and asyncpg with nothing of ours, under the same uvicorn settings.

`python -m tests.bench.bare PORT DATABASE_URL` serves `POST /echo`, which gives the body back, and `POST /insert`, which
keeps it with one INSERT. Both take the body as JSON without a model of it: less work than any real route has.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI, Request

TABLE = """
create table if not exists bare_check (
  check_id uuid primary key,
  seq bigint not null,
  direction text not null,
  checked_at timestamptz not null,
  content text not null
)
"""
INSERT = "insert into bare_check (check_id, seq, direction, checked_at, content) values ($1, $2, $3, $4, $5)"


def build(url: str) -> FastAPI:
    """The two routes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=10, max_size=10) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @app.post("/insert", status_code=201)
    async def insert(body: dict[str, Any], request: Request) -> dict[str, Any]:
        await request.app.state.pool.execute(
            INSERT,
            UUID(body["check_id"]),
            body["seq"],
            body["direction"],
            datetime.fromisoformat(body["checked_at"]),
            json.dumps(body),
        )
        return {"check_id": body["check_id"]}

    return app


def main() -> None:
    """Serve until killed."""
    port, url = int(sys.argv[1]), sys.argv[2]
    config = uvicorn.Config(
        build(url), port=port, access_log=False, server_header=False, date_header=False, log_level="warning"
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
