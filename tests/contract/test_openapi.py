"""The HTTP contract: committed OpenAPI documents are current, and every route says who may call it and how it fails."""

from typing import Any

import pytest

from deploy.documents import SERVICES, openapi
from shared.events.catalogue import PUBLISHERS
from shared.events.documents import render


@pytest.mark.parametrize("service", PUBLISHERS)
def test_the_committed_openapi_document_is_current(service: str) -> None:
    committed = (SERVICES / service / "openapi.json").read_text(encoding="utf-8")
    assert committed == render(openapi(service)), "run `python -m deploy.documents`"


@pytest.mark.parametrize("service", PUBLISHERS)
def test_every_operation_has_a_summary_and_names_its_problems(service: str) -> None:
    document: dict[str, Any] = openapi(service)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            assert operation.get("summary"), f"{where} has no summary"
            problems = [
                status
                for status, answer in operation["responses"].items()
                if "application/problem+json" in answer.get("content", {})
            ]
            assert "503" in problems, f"{where} does not say how it fails"
