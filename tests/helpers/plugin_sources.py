"""The Unreal plugin's sources as tests look at them: files, text without comments and strings, names of the shim."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "UnrealPlugin" / "MicroExpression"
MODULES = ("MicroExpression", "MicroExpressionEditor")
SHIM = PLUGIN / "Tests" / "Shim"

_FIELD = re.compile(
    r"^\s*(?:static |extern |mutable |inline |const )*[\w:<>,* ]+[\s*&]([A-Z]\w*)(?:\[\])?\s*"
    r"(?:=[^;()]*|\{[^;]*\})?;",
    re.MULTILINE,
)
_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def module_sources(module: str) -> list[Path]:
    return sorted(path for path in (PLUGIN / "Source" / module).rglob("*") if path.suffix in {".h", ".cpp"})


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code(text: str) -> str:
    """Without comments, strings and include lines; line ends stay."""
    text = _NOISE.sub(lambda found: '""' if found[0][0] == '"' else "\n" * found[0].count("\n"), text)
    return re.sub(r"^\s*#\s*include\b.*$", "", text, flags=re.MULTILINE)


def includes(text: str) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE)


def tokens(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Za-z_]\w*", code(text)))


@cache
def shim_headers() -> tuple[Path, ...]:
    return tuple(sorted(path for path in SHIM.rglob("*.h") if "Generated" not in path.parts))


def _names(text: str) -> Iterator[str]:
    """Names that a shim header declares: types, macros, functions, enumerators, fields."""
    bare = code(text)
    yield from re.findall(r"^\s*#define\s+(\w+)", bare, re.MULTILINE)
    yield from re.findall(r"\b(?:class|struct|enum class|enum|namespace)\s+(\w+)", bare)
    yield from re.findall(r"\busing\s+(\w+)\s*=", bare)
    yield from re.findall(r"\bSLATE_(?!PRIVATE)\w+\([^;{}()]*?(\w+)\)", bare)
    yield from re.findall(r"\bSLATE_PRIVATE_VALUES\([^;{}()]*?(\w+), Derived\)", bare)
    yield from re.findall(r"\bDECLARE_\w+\(\s*(\w+)\s*[,)]", bare)
    yield from re.findall(r"\bDECLARE_DELEGATE_RetVal\w*\([^,]+,\s*(\w+)", bare)
    yield from re.findall(r"[\w>&*]\s+[&*]?([A-Z]\w*)\s*\(", bare)
    for body in re.findall(r"\benum\b[^;{}]*\{([^}]*)\}", bare):
        yield from re.findall(r"\b([A-Za-z]\w*)\b(?=\s*(?:=|,|$|\}))", body)
    yield from _FIELD.findall(bare)


@cache
def shim_names() -> dict[str, tuple[Path, ...]]:
    """Each name of the engine that the shim declares, and the headers that do."""
    found: dict[str, list[Path]] = {}
    for path in shim_headers():
        for name in set(_names(read(path))):
            if not name.startswith(("Shim", "SHIM_", "SLATE_PRIVATE")) and name != "Shim":
                found.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


@cache
def own_names() -> frozenset[str]:
    """Types and functions that the modules themselves declare; an override of the engine's is not their own."""
    found: set[str] = set()
    for module in MODULES:
        for path in module_sources(module):
            bare = code(read(path))
            found |= set(
                re.findall(r"\b(?:class|struct|enum class|namespace)\s+(?:\w+_API\s+)?(\w*MicroExpression\w*)", bare)
            )
    return frozenset(found)
