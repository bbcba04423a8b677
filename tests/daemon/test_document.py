"""The OpenAPI document: what it says is what happens. Requests are made from it by schemathesis."""

from __future__ import annotations

import json
import urllib.request

import pytest

from voxedge.daemon.web.openapi import document
from voxedge.daemon.web.routes import ROUTES


def test_the_document_is_served_and_names_every_route(url):
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=10) as answer:
        served = json.load(answer)
    assert served == json.loads(json.dumps(document(ROUTES)))
    for route in ROUTES:
        operation = served["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        if route.body != "none":
            (schema, *_) = [media["schema"] for media in operation["requestBody"]["content"].values()]
            assert set(schema["properties"]) == {field.name for field in route.fields}
            assert all(part["description"] for part in schema["properties"].values())


def test_every_reference_leads_somewhere():
    text = json.dumps(document(ROUTES))
    schemas = document(ROUTES)["components"]["schemas"]
    import re

    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= set(schemas)


@pytest.mark.models
@pytest.mark.filterwarnings("ignore")
def test_requests_made_from_the_document_never_meet_a_fault(url):
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document(ROUTES))))
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def meets_no_fault(case):
            nonlocal tried
            tried += 1
            answer = case.call(base_url=url, timeout=30)
            assert answer.status_code in {200, 400, 404, 405, 408, 413, 429, 501, 503}, answer.text
            if answer.status_code != 503:
                case.validate_response(answer, excluded_checks=excluded(schemathesis))

        meets_no_fault()
    assert tried > 100


def excluded(schemathesis):
    """What isn't asked of the answers: tokens (there are none on loopback), and that odd input is refused."""
    from schemathesis.checks import CHECKS

    wanted = {"status_code_conformance", "content_type_conformance", "response_schema_conformance"}
    return [check for check in CHECKS.get_all() if check.__name__ not in wanted]
