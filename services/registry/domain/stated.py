"""A person as somebody states them: at a counter, on a doorstep, at a gate. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from services.registry.domain.documents import Document, DocumentKind
from services.registry.domain.people import Relation, Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPerson:
    """Name, sex, birth date, documents, phone, and what they are to the dwelling."""

    name: str
    sex: Sex
    born: date
    documents: tuple[Document, ...]
    phone: str
    relation: Relation

    def as_json(self) -> dict[str, Any]:
        """All of it, to be sealed."""
        return {
            "name": self.name,
            "sex": self.sex.value,
            "born": self.born.isoformat(),
            "documents": [[one.kind.value, one.number, one.error] for one in self.documents],
            "phone": self.phone,
            "relation": self.relation.value,
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        """What `as_json` made."""
        return cls(
            name=kept["name"],
            sex=Sex(kept["sex"]),
            born=date.fromisoformat(kept["born"]),
            documents=tuple(
                Document(kind=DocumentKind(kind), number=number, error=error)
                for kind, number, error in kept["documents"]
            ),
            phone=kept["phone"],
            relation=Relation(kept["relation"]),
        )
