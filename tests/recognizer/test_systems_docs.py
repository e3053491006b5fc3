from pathlib import Path

from recognizer.systems.registry import SYSTEMS

DOCS = Path(__file__).parents[2] / "docs" / "systems.md"


def test_every_system_has_its_row_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [name for name in SYSTEMS if f"| `{name}` |" not in text]
    assert not missing
