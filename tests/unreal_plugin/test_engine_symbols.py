"""Every symbol of the engine that the plugin's sources use stands in a table, with where its knowledge comes from.

UnrealPlugin/MicroExpression/Tests/engine_symbols.csv: symbol, module, header, mark, proved. Marks: E Epic's API pages,
H the engine's doxygen, S the editor's Python stub, C and P public plugins, F a forum thread, ? believed, no source.
proved: yes where the shim has the symbol's semantics and tests run it, no where it is only declared.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from plugin_sources import (
    MODULES,
    PLUGIN,
    SHIM,
    includes,
    module_sources,
    own_names,
    read,
    shim_headers,
    shim_names,
    tokens,
)

TABLE = PLUGIN / "Tests" / "engine_symbols.csv"
README = PLUGIN / "README.md"
#: Words of our own code that some shim header uses too, for something else.
LOCAL = {
    "A", "Class", "Construct", "Controller", "Count", "Default", "Fail", "FArguments", "Features", "Found",
    "Frame", "Handle", "Id", "Index", "Item", "Items", "Mode", "Name", "None", "Path",
    "Result", "Root", "Skeleton", "Tick", "Values", "Widget", "EqualTo", "bool", "int32", "int64",
    "uint32", "uint64", "uint8",
}  # fmt: skip
#: What Build.cs needs without a symbol of it being named: Slate's headers include InputCore's.
INDIRECT = {"InputCore", "MicroExpression"}

Row = dict[str, str]


def table() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def last(symbol: str) -> str:
    return symbol.rpartition("::")[2]


def used_names(sources: list[Path]) -> set[str]:
    """Names of the engine in sources: words that the shim declares and that are not ours."""
    words: set[str] = set()
    for path in sources:
        words |= tokens(read(path))
    return {word for word in words if word in shim_names()} - LOCAL - own_names()


def all_sources() -> list[Path]:
    return [path for module in MODULES for path in module_sources(module)]


def complaints(rows: list[Row], used: set[str]) -> list[str]:
    listed = {last(row["symbol"]) for row in rows}
    found = [f"not in the table: {name} ({shim_names()[name][0].relative_to(SHIM)})" for name in sorted(used - listed)]
    found += [f"no longer used: {name}" for name in sorted(listed - used)]
    for row in rows:
        headers = {path.relative_to(SHIM).as_posix() for path in shim_names().get(last(row["symbol"]), ())}
        plain = {header.removeprefix("Declared/") for header in headers}
        if row["header"] not in plain and last(row["symbol"]) in used:
            found.append(f"{row['symbol']}: {row['header']} of the shim does not declare it")
        proved = "yes" if row["header"] in headers else "no"
        if row["header"] in plain and row["proved"] != proved:
            found.append(f"{row['symbol']}: proved must be {proved}")
    return found


def test_the_table_is_complete_and_holds_nothing_stale() -> None:
    assert complaints(table(), used_names(all_sources())) == []


def test_the_guard_sees_new_and_stale_symbols(tmp_path: Path) -> None:
    source = tmp_path / "New.cpp"
    source.write_text(
        '#include "Curves/RichCurve.h"\n// RCTM_SmartAuto\nint X = RCIM_None; auto Y = TEXT("RCTM_None");\n'
    )
    assert used_names([source]) == {"RCIM_None", "TEXT"}
    rows = [row for row in table() if last(row["symbol"]) == "TEXT"]
    assert complaints(rows, used_names([source])) == ["not in the table: RCIM_None (Curves/RichCurve.h)"]
    assert complaints(rows, {"RCIM_None"}) != complaints(rows, {"RCIM_None", "TEXT"})
    moved = [{**rows[0], "header": "Curves/RichCurve.h"}, {**rows[0], "proved": "no"}]
    assert len(complaints(moved, {"TEXT"})) == 2


def test_every_row_is_whole_and_stands_once() -> None:
    rows = table()
    assert [key for key, count in Counter((row["symbol"], row["header"]) for row in rows).items() if count > 1] == []
    assert rows == sorted(rows, key=lambda row: (row["module"], row["header"], row["symbol"]))
    for row in rows:
        assert re.fullmatch(r"[EHSCTPF]+|\?", row["mark"]), row
        assert re.fullmatch(r"[\w:]+", row["symbol"]), row
        assert re.fullmatch(r"\w+", row["module"]), row


def test_headers_that_sources_include_are_in_the_shim() -> None:
    known = {path.relative_to(SHIM).as_posix().removeprefix("Declared/") for path in shim_headers()}
    ours = {path.name for path in all_sources()} | {"microexpr_core.h"}
    for path in all_sources():
        foreign = {name for name in includes(read(path)) if name not in ours and not name.endswith(".generated.h")}
        standard = {name for name in foreign if name.isalpha()}
        assert foreign - standard <= known, path


def test_every_class_of_the_shim_names_its_source() -> None:
    """A comment with a mark before each type that does not begin as an inner one."""
    for path in shim_headers():
        text = read(path)
        assert text.startswith("//"), path
        if "Shim:" in text.splitlines()[0] or "Declared only" in text.splitlines()[0]:
            assert re.search(r"\[[EHSCTPF?]", text) or path.name in {"CoreTypes.h"}, path


@pytest.mark.parametrize("module", MODULES)
def test_build_rules_name_the_modules_of_the_symbols(module: str) -> None:
    rules = read(PLUGIN / "Source" / module / f"{module}.Build.cs")
    named = set(
        re.findall(r'"(\w+)"', " ".join(re.findall(r"DependencyModuleNames\.AddRange\((.*?)\);", rules, re.DOTALL)))
    )
    used = used_names(module_sources(module))
    wanted = {row["module"] for row in table() if last(row["symbol"]) in used and len(owners(row["symbol"])) == 1}
    assert wanted <= named, f"missing in {module}.Build.cs: {sorted(wanted - named)}"
    known = {row["module"] for row in table()} | INDIRECT
    assert named <= known, f"nothing of {sorted(named - known)} is used"


def owners(symbol: str) -> set[str]:
    """Modules that have a symbol of this name."""
    return {row["module"] for row in table() if last(row["symbol"]) == last(symbol)}


def test_the_readme_lists_what_is_to_be_checked_first() -> None:
    text = read(README)
    for row in table():
        if row["mark"] == "?":
            assert f"`{row['symbol']}`" in text, row
