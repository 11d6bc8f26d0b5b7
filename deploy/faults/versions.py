"""The next version of a service: a program and two migrations that are truly others, made from the one at hand (F14).

An installed copy holds one version, so the next one is made: a copy of the program that writes with every event which
version wrote it. The newer program cannot run before the schema is widened, and once it is narrowed the older one
cannot write any more. Only between the two can both of them.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from shared.db.migrations import Phase, Source, migrate, service_sources

OUTBOX = Path("shared") / "bus" / "outbox.py"
BASE = Path("shared") / "db" / "base_migrations"
UNNEEDED = shutil.ignore_patterns("__pycache__", "node_modules")
WIDER = """-- migrate:up
alter table outbox add column version_{number} int;
-- migrate:down
alter table outbox drop column version_{number};
"""
NARROWER = """-- migrate:up
lock table outbox in access exclusive mode;
update outbox set version_{number} = {before} where version_{number} is null;
alter table outbox alter column version_{number} set not null;
-- migrate:down
alter table outbox alter column version_{number} drop not null;
"""
"""The strongest lock first: whoever only reads meanwhile, and writes next, would wait for us and we for them."""
NEWER = (
    ("insert into outbox (", "insert into outbox (version_{number}, "),
    (")\nselect ", ")\nselect {number}, "),
    ('columns=["', 'columns=["version_{number}", "'),
    ("records=[(", "records=[({number}, "),
)
"""Where an event is written: each place stands there once, also in a version that was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A program of one service: where it lies, and the how-manieth it is. The first one is the product as it is."""

    service: str
    number: int
    tree: Path

    @property
    def column(self) -> str:
        """Where this version leaves its number with every event; the first one leaves none."""
        return f"version_{self.number}"

    @property
    def sources(self) -> tuple[Source, ...]:
        """All migrations of this version."""
        _, own = service_sources(self.service, self.tree / "services" / self.service)
        return Source(name="base", directory=self.tree / BASE), own

    async def migrate(self, owner_url: str, phase: Phase) -> list[str]:
        """Widen the schema before this version starts, or narrow it after the one before has ended."""
        return await migrate(owner_url, self.sources, phase=phase)

    def next(self, into: Path) -> "Version":
        """Make the version after this one in an empty folder.

        Raises:
            ValueError: the program writes its events in another way than this knows; nothing was made that is no other.
        """
        newer = Version(service=self.service, number=self.number + 1, tree=into)
        for part in (Path("shared"), Path("services") / self.service):
            shutil.copytree(self.tree / part, into / part, ignore=UNNEEDED)
        shutil.copy(self.tree / "services" / "__init__.py", into / "services")
        program = (into / OUTBOX).read_text(encoding="utf-8")
        for place, written in NEWER:
            if program.count(place) != 1:
                raise ValueError(f"{OUTBOX}: {place!r} stands there {program.count(place)} times")
            program = program.replace(place, written.format(number=newer.number))
        (into / OUTBOX).write_text(program, encoding="utf-8")
        last = len(list((into / BASE).glob("*.sql")))
        for nth, (what, text) in enumerate((("", WIDER), ("_always_post", NARROWER)), start=last + 1):
            file = into / BASE / f"{nth:04}_{newer.column}{what}.sql"
            file.write_text(text.format(number=newer.number, before=self.number), encoding="utf-8")
        return newer
