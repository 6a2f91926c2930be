"""Metrics by name: what pages, rules and dashboard speak of, and what a running service exports."""

import json
import re
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests import promql
from tests.engines import ROOT

PROMETHEUS = {"up"}
"""What Prometheus itself knows of each target."""
OURS = re.compile(r"`(quittance_[a-z_]+)`")


def rules() -> list[dict[str, Any]]:
    """Return all alert rules."""
    file = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))
    return [rule for group in file["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads(
        (ROOT / "deploy" / "grafana" / "quittance.json").read_text("utf-8")
    )
    return found


def expressions() -> list[str]:
    """Return every expression of rules and panels."""
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + panels


def named_everywhere() -> set[str]:
    """Return every metric that a rule, a panel or a page names, as it is exported."""
    asked = set().union(*(promql.metrics(promql.parse(one)) for one in expressions()))
    pages = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
    return (asked - PROMETHEUS) | set(OURS.findall(pages))


def exported(page: bytes) -> set[str]:
    """Return the names of what has a value on a page of /metrics; a histogram by its own too."""
    found = set()
    for family in text_string_to_metric_families(page.decode()):
        found |= {sample.name for sample in family.samples}
        if family.samples and family.type == "histogram":
            found.add(family.name)
    return found
