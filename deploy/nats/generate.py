"""The files of a cluster: one configuration a node, and one seed a user, made once and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.files import write_private
from deploy.nats.configuration import Node
from deploy.nats.users import USERS
from shared.bus.credentials import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A folder of seeds (``<user>.nk``, for that user's process alone) and configurations (``<node>.conf``)."""

    folder: Path

    def seed_file(self, user: str) -> Path:
        """The secret of one user."""
        return self.folder / f"{user}.nk"

    def credentials(self, user: str) -> Credentials:
        """One user; made when there is none yet, and never changed afterwards: delete the file to change it.

        Raises:
            CredentialsError: the file holds no seed.
        """
        file = self.seed_file(user)
        if not file.exists():
            write_private(file, Credentials.new(user).seed + "\n")
        made = Credentials.read(file, user)
        assert made is not None  # noqa: S101 -- only without a path
        return made

    def public(self) -> dict[str, str]:
        """What servers are told: nothing in a configuration is a secret."""
        return {user: self.credentials(user).public for user in USERS}

    def write(self, nodes: Sequence[Node]) -> list[Path]:
        """Write every node's configuration; returns the files."""
        public, written = self.public(), list[Path]()
        for node in nodes:
            file = self.folder / f"{node.name}.conf"
            write_private(file, node.config(public, nodes), mode=0o644)
            written.append(file)
        return written
