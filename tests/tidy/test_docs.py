"""What the documents promise exists, and what exists is documented."""

from __future__ import annotations

from pathlib import Path

from server.web import metrics

ROOT = Path(__file__).resolve().parents[2]


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    families = [family.name for family in metrics.registry.collect()]
    assert families, "there are metrics"
    for name in families:
        assert name in text, f"docs/metrics.md does not name {name}"


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(name.partition("-")[0]) for name in names]
    assert numbers == list(range(1, len(numbers) + 1))
