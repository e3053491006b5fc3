"""Every name and signature of the editor's Python that the import script uses, against a dump of Unreal 5.6's own stub.

The stub is the package unreal-stub (26 MB of Python in one file): the classes that matter are cut out of its text and
parsed; it is never imported.
"""

import ast
import importlib.metadata
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import fake_unreal
import pytest

SCRIPT = Path(__file__).parents[2] / "UnrealPlugin" / "MicroExpression" / "Content" / "Python" / "microexpr_import.py"
#: What the fake has besides the editor's names.
OWN = {"Strict", "checked", "members", "read_write", "float32", "reset"}


@cache
def stub_text() -> str:
    files = importlib.metadata.files("unreal-stub") or []
    path = next(file for file in files if file.as_posix() == "unreal/unreal.py")
    return Path(str(path.locate())).read_text(encoding="utf-8-sig")


@cache
def stub(name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """The class or function of this name; None if the stub has none."""
    start = re.search(rf"^(?:class|def) {name}\b", stub_text(), re.MULTILINE)
    if start is None:
        return None
    following = re.compile(r"^(?:class|def|@|\w)", re.MULTILINE).search(stub_text(), start.end())
    node = ast.parse(stub_text()[start.start() : following.start() if following else None]).body[0]
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    return node


def bases(node: ast.ClassDef) -> list[str]:
    return [base.id for base in node.bases if isinstance(base, ast.Name) and base.id != "object"]


def member(owner: str, name: str) -> ast.stmt | None:
    """A member of the class or of what it inherits from; the first of a property's two functions."""
    node = stub(owner)
    assert isinstance(node, ast.ClassDef), f"unreal.{owner} is no class"
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == name:
            return item
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == name:
            return item
    return next((found for base in bases(node) if (found := member(base, name))), None)


def has_setter(owner: str, name: str) -> bool:
    node = stub(owner)
    assert isinstance(node, ast.ClassDef)
    text = [
        ast.unparse(mark) for item in node.body if isinstance(item, ast.FunctionDef) for mark in item.decorator_list
    ]
    return f"{name}.setter" in text or any(has_setter(base, name) for base in bases(node))


def parameters(node: ast.FunctionDef) -> list[tuple[str, str, str]]:
    """Name, kind and default of each parameter but self."""
    found = node.args.args
    defaults = ["-"] * (len(found) - len(node.args.defaults)) + [ast.unparse(default) for default in node.args.defaults]
    rows = [
        (argument.arg, ast.unparse(argument.annotation) if argument.annotation else "", default)
        for argument, default in zip(found, defaults, strict=True)
    ]
    return [row for row in rows if row[0] not in {"self", "cls"}]


def fake_parameters(function: Any) -> list[tuple[str, str, str]]:
    rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = "-" if parameter.default is parameter.empty else repr(parameter.default)
        rows.append((name, parameter.annotation, default))
    return [row for row in rows if row[0] not in {"self", "cls"}]


def chains(tree: ast.AST) -> set[tuple[str, ...]]:
    """unreal.X and unreal.X.y, the longest of each place; annotations count too."""
    found = set()
    for node in ast.walk(tree):
        names: list[str] = []
        inner: ast.expr | None = node if isinstance(node, ast.Attribute) else None
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id == "unreal":
            found.add(tuple(names))
    return found


USED = sorted(chains(ast.parse(SCRIPT.read_text(encoding="utf-8"))))
FAKED = sorted(
    name
    for name, value in vars(fake_unreal).items()
    if (inspect.isclass(value) or inspect.isfunction(value))
    and value.__module__ == fake_unreal.__name__
    and name not in OWN
    and not name.startswith("_")
)


@pytest.mark.parametrize("used", USED, ids=".".join)
def test_the_script_uses_what_the_editor_has(used: tuple[str, ...]) -> None:
    assert stub(used[0]) is not None
    if len(used) > 1:
        assert member(used[0], used[1]) is not None
    fake: Any = fake_unreal
    for name in used:
        fake = getattr(fake, name)  # so that the tests ran it


@pytest.mark.parametrize("name", FAKED)
def test_the_fake_has_the_signatures_of_the_editor(name: str) -> None:
    fake, real = getattr(fake_unreal, name), stub(name)
    assert real is not None
    if isinstance(real, ast.FunctionDef):
        assert fake_parameters(fake) == parameters(real)
        return
    if fake.__mro__[1] not in {object, fake_unreal.Strict}:
        assert fake.__mro__[1].__name__ in ancestors(name)
    for own, value in vars(fake).items():
        if own.startswith("_") and not (own == "__init__" and issubclass(fake, fake_unreal.StructBase)):
            continue
        compare(name, own, value)


def compare(owner: str, name: str, value: Any) -> None:
    real = member(owner, name)
    assert real is not None, f"unreal.{owner} has no {name}"
    if isinstance(value, property):
        assert isinstance(real, ast.FunctionDef) and ast.unparse(real.decorator_list[0]) == "property"
        kind = value.fget.__annotations__.get("return") if value.fget else None
        if value.fset is not None:
            assert has_setter(owner, name), f"unreal.{owner}.{name} is read-only"
            assert real.returns is not None and ast.unparse(real.returns) == kind
    elif isinstance(value, fake_unreal.EnumBase):
        assert isinstance(real, ast.AnnAssign)
    else:
        function = value.__func__ if isinstance(value, classmethod) else value
        assert isinstance(real, ast.FunctionDef)
        if function.__code__.co_argcount > 1 or name != "__init__":
            assert fake_parameters(function) == parameters(real)
        assert isinstance(value, classmethod) == ("classmethod" in [ast.unparse(d) for d in real.decorator_list])


def ancestors(name: str) -> set[str]:
    node = stub(name)
    assert isinstance(node, ast.ClassDef)
    return {found for base in bases(node) for found in (base, *ancestors(base))}


def test_the_guard_sees_what_is_wrong() -> None:
    assert stub("NoSuchClassAnywhere") is None
    assert member("AnimationDataController", "initialize_model") is None
    assert member("RichCurveKey", "arrive_tangent") is None
    assert not has_setter("AnimSequence", "controller")
    with pytest.raises(AssertionError):
        compare("AssetImportTask", "file_name", fake_unreal.AssetImportTask.filename)
    with pytest.raises(AssertionError):
        compare("AssetImportTask", "automated", fake_unreal.AssetImportTask.filename)

    def set_frame_rate(self: object, rate: "FrameRate") -> None: ...  # noqa: F821

    with pytest.raises(AssertionError):
        compare("AnimationDataController", "set_frame_rate", set_frame_rate)
    assert chains(ast.parse("import unreal\nunreal.A.b(unreal.C)")) == {("A",), ("A", "b"), ("C",)}
