"""Conventions that the engine's build tool and header tool insist on, and the plugin's own walls."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from plugin_sources import MODULES, PLUGIN, code, includes, module_sources, read

ROOT = PLUGIN.parents[1]
DESCRIPTOR = PLUGIN / "MicroExpression.uplugin"
#: Names that a Build.cs may name: ours, and the engine's as unreal_api facts have them (5.3 to 5.6).
ENGINE_MODULES = {
    "AssetRegistry", "AssetTools", "Core", "CoreUObject", "DeveloperSettings", "Engine", "InputCore", "Json",
    "JsonUtilities", "LiveLinkInterface", "Projects", "PropertyEditor", "Slate", "SlateCore", "ToolMenus", "UnrealEd",
    "WorkspaceMenuStructure",
}  # fmt: skip
MODULE_FIELDS = {"Name", "Type", "LoadingPhase", "PlatformAllowList"}
FIELDS = {
    "FileVersion", "Version", "VersionName", "FriendlyName", "Description", "Category", "CreatedBy",
    "CanContainContent", "IsBetaVersion", "Modules", "Plugins",
}  # fmt: skip
REFLECTED = re.compile(r"^\s*(UCLASS|USTRUCT|UENUM)\s*\(", re.MULTILINE)


def descriptor_complaints(descriptor: dict[str, Any]) -> list[str]:
    found = [f"unknown field {name}" for name in sorted(set(descriptor) - FIELDS)]
    found += [f"missing field {name}" for name in sorted(FIELDS - set(descriptor))]
    if "EngineVersion" in descriptor:
        found.append("EngineVersion stops the plugin on every other engine")
    if descriptor.get("FileVersion") != 3:
        found.append("FileVersion must be 3")
    modules = {module["Name"]: module for module in descriptor.get("Modules", [])}
    if set(modules) != set(MODULES):
        found.append(f"modules must be {MODULES}")
    if "SupportedTargetPlatforms" in descriptor:
        found.append("SupportedTargetPlatforms keeps the rows' struct from games of other platforms")
    kinds = {"MicroExpression": "Runtime", "MicroExpressionEditor": "Editor"}
    platforms = {"MicroExpressionEditor": ["Win64", "Linux"]}  # where the core library is built
    for name, module in modules.items():
        if set(module) - MODULE_FIELDS or module.get("Type") != kinds.get(name):
            found.append(f"{name} must be a {kinds.get(name)} module")
        if module.get("PlatformAllowList") != platforms.get(name):
            found.append(f"{name} must be allowed on {platforms.get(name, 'every platform')}")
    plugins = {plugin["Name"]: plugin for plugin in descriptor.get("Plugins", [])}
    if plugins.get("LiveLink") != {"Name": "LiveLink", "Enabled": True, "TargetAllowList": ["Editor"]}:
        found.append("LiveLink must be enabled in the editor, whose module links with its interface, and in no game")
    if plugins.get("PythonScriptPlugin", {}).get("Optional") is not True:
        found.append("PythonScriptPlugin must be optional")
    return found


def test_descriptor() -> None:
    descriptor = json.loads(read(DESCRIPTOR))
    assert descriptor_complaints(descriptor) == []
    version = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["version"]
    assert descriptor["VersionName"] == version


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"EngineVersion": "5.4.0"}, "EngineVersion stops"),
        ({"FileVersion": 2}, "FileVersion"),
        ({"Modules": []}, "modules must be"),
        ({"Plugins": []}, "LiveLink must be enabled"),
        ({"SupportedTargetPlatforms": ["Win64", "Linux"]}, "games of other platforms"),
        (
            {"Modules": [{"Name": "MicroExpression", "Type": "Runtime", "PlatformAllowList": ["Win64"]}]},
            "MicroExpression must be allowed on every platform",
        ),
        ({"Modules": [{"Name": "MicroExpressionEditor", "Type": "Editor"}]}, "Editor must be allowed on ['Win64'"),
        ({"Plugins": [{"Name": "LiveLink", "Enabled": True}]}, "in no game"),
        ({"FriendlyNam": "x"}, "unknown field FriendlyNam"),
    ],
)
def test_descriptor_guard(change: dict[str, Any], complaint: str) -> None:
    found = descriptor_complaints({**json.loads(read(DESCRIPTOR)), **change})
    assert any(complaint in line for line in found)


# --- build rules -----------------------------------------------------------------------------------------------------


def rules_complaints(module: str, text: str) -> list[str]:
    found = []
    if not re.search(rf"public class {module} : ModuleRules\b", text):
        found.append("the class must be named as its folder")
    if not re.search(rf"public {module}\(ReadOnlyTargetRules Target\) : base\(Target\)", text):
        found.append("the constructor must be the build tool's")
    named = re.findall(r'"(\w+)"', " ".join(re.findall(r"DependencyModuleNames\.AddRange\((.*?)\);", text, re.DOTALL)))
    found += [f"unknown module {name}" for name in named if name not in ENGINE_MODULES | set(MODULES)]
    if module in named or len(named) != len(set(named)):
        found.append("a module twice, or itself")
    if any(text.count(a) != text.count(b) for a, b in ("{}", "()")):
        found.append("brackets")
    if module == "MicroExpression" and re.search(r"MicroExprCore|RuntimeDependencies|UnrealEd", text):
        found.append("a game must not need the editor or the core library")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_build_rules(module: str) -> None:
    text = read(PLUGIN / "Source" / module / f"{module}.Build.cs")
    assert rules_complaints(module, text) == []
    wrong = text.replace(f"class {module} ", "class Other ").replace('"Engine"', '"Enigne"')
    assert rules_complaints(module, wrong) == ["the class must be named as its folder", "unknown module Enigne"]


def test_build_rules_find_the_core_library() -> None:
    """The file names and folders of the core's own build."""
    rules = read(PLUGIN / "Source" / "MicroExpressionEditor" / "MicroExpressionEditor.Build.cs")
    core = PLUGIN / "Source" / "MicroExprCore"
    output = re.search(r"OUTPUT_NAME (\w+)", read(core / "CMakeLists.txt"))
    assert output is not None
    assert f'"{output[1]}.dll"' in rules
    assert f'"lib{output[1]}.so"' in rules
    presets = {preset["name"] for preset in json.loads(read(core / "CMakePresets.json"))["configurePresets"]}
    assert set(re.findall(r'"(bundle[\w-]*)"', rules)) == {"bundle", "bundle-windows"} <= presets
    loader = read(PLUGIN / "Source" / "MicroExpressionEditor" / "Private" / "MicroExpressionCoreLibrary.cpp")
    assert set(re.findall(r'"(\S+\.(?:dll|so))"', loader)) == {f"{output[1]}.dll", f"lib{output[1]}.so"}


def test_no_stray_build_rules() -> None:
    """A Build.cs makes a module of its folder: the core must not be one."""
    found = {path.parent.name for path in PLUGIN.rglob("*.Build.cs")}
    assert found == set(MODULES)


# --- sources ---------------------------------------------------------------------------------------------------------


def header_complaints(path: Path, text: str) -> list[str]:
    found = []
    bare, given = code(text), includes(text)
    if "#pragma once" not in text:
        found.append("no #pragma once")
    generated = [name for name in given if name.endswith(".generated.h")]
    if bool(generated) != bool(REFLECTED.search(bare)):
        found.append(".generated.h must be there exactly if something is reflected")
    if generated and (given[-1] != f"{path.stem}.generated.h" or len(generated) > 1):
        found.append(f"the last include must be {path.stem}.generated.h")
    for kind, rest in re.findall(r"^\s*(UCLASS|USTRUCT)\s*\(.*?\)\s*\n(.*?)^\};", bare, re.MULTILINE | re.DOTALL):
        named = re.search(r"(?:class|struct)\s+(?:(\w+)_API\s+)?([UAF])\w+", rest)
        if named is None or (named[2] == "F") != (kind == "USTRUCT"):
            found.append(f"{kind}: wrong prefix")
        elif "Public" in path.parts and named[1] is None:
            found.append(f"{kind}: a public type without its module's _API")
        if not re.search(r"\{\s*GENERATED_BODY\(\)", rest):
            found.append(f"{kind}: the body must begin with GENERATED_BODY()")
    for name in re.findall(r"^\s*UENUM\s*\(.*?\)\s*\n\s*enum\s+(?:class\s+)?(\w+)", bare, re.MULTILINE):
        if not name.startswith("E"):
            found.append(f"UENUM {name}: wrong prefix")
    if "Public" in path.parts and re.search(r"microexpr_(?!\.)", text):
        found.append("the core library is seen in Public/")
    return found


HEADERS = [path for module in MODULES for path in module_sources(module) if path.suffix == ".h"]
SOURCES = [path for module in MODULES for path in module_sources(module)]


def test_headers() -> None:
    assert [(path.name, found) for path in HEADERS if (found := header_complaints(path, read(path)))] == []
    assert sum(bool(REFLECTED.search(code(read(path)))) for path in HEADERS) >= 2


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("#pragma once", "", "no #pragma once"),
        ('#include "MicroExpressionSettings.generated.h"', "", "exactly if"),
        ('settings.generated.h"\n', 'Settings.generated.h"\n#include "CoreMinimal.h"\n', "the last include"),
        ("GENERATED_BODY()", "", "GENERATED_BODY"),
        ("UMicroExpressionSettings : public", "FMicroExpressionSettings : public", "wrong prefix"),
        ("MICROEXPRESSIONEDITOR_API ", "", "without its module's _API"),
        ("enum class EMicro", "enum class Micro", "UENUM Micro"),
        ("#pragma once", "#pragma once\nstruct microexpr_take;", "core library is seen"),
    ],
)
def test_header_guard(before: str, after: str, complaint: str) -> None:
    path = PLUGIN / "Source" / "MicroExpressionEditor" / "Public" / "MicroExpressionSettings.h"
    text = read(path)
    pattern = re.compile(re.escape(before), re.IGNORECASE if before.startswith("settings") else 0)
    assert pattern.search(text)
    assert any(complaint in line for line in header_complaints(path, pattern.sub(lambda _: after, text, count=1)))


@pytest.mark.parametrize("module", MODULES)
def test_each_module_is_implemented_once(module: str) -> None:
    found = [
        name
        for path in module_sources(module)
        for name in re.findall(r"^IMPLEMENT_MODULE\(\s*\w+,\s*(\w+)\)", code(read(path)), re.MULTILINE)
    ]
    assert found == [module]


def test_only_convert_names_both_worlds() -> None:
    core = {path.name for path in SOURCES if "microexpr_core.h" in includes(read(path))}
    assert core
    assert all(re.fullmatch(r"MicroExpressionConvert\w*\.cpp", name) for name in core)
    for path in SOURCES:
        if path.name not in core and not path.name.startswith("MicroExpressionConvert"):
            assert not re.search(r"\b(microexpr_\w+\s*\(|MICROEXPR_\w+)", code(read(path))), path


def test_own_includes_exist_and_the_own_header_comes_first() -> None:
    names = {path.name for path in SOURCES}
    for path in SOURCES:
        given = includes(read(path))
        assert len(given) == len(set(given)), path
        assert all(name in names for name in given if "MicroExpression" in name and ".generated." not in name), path
        if path.suffix == ".cpp" and f"{path.stem}.h" in names:
            assert given[0] == f"{path.stem}.h", path


def test_sources_keep_the_engines_ways() -> None:
    """Tabs; no exceptions and no run-time types, which modules are compiled without; text macros closed again."""
    for path in SOURCES:
        text = read(path)
        assert not re.search(r"^ {2,}\S", text, re.MULTILINE), path
        assert not re.search(r"\b(try|catch|throw|dynamic_cast|typeid)\b", code(text)), path
        assert text.count("#define LOCTEXT_NAMESPACE") == text.count("#undef LOCTEXT_NAMESPACE"), path
        assert len(text.splitlines()) <= 400, path
        if path.suffix == ".cpp":
            assert ("LOCTEXT(" in code(text)) == ("#define LOCTEXT_NAMESPACE" in text), path


def test_specs_are_left_out_of_games() -> None:
    specs = sorted((PLUGIN / "Source").rglob("*.spec.cpp"))
    assert specs
    for path in specs:
        text = code(read(path)).strip()
        assert text.startswith("#if WITH_DEV_AUTOMATION_TESTS")
        assert text.endswith("#endif")
        assert path.parent.relative_to(PLUGIN / "Source").as_posix() == "MicroExpressionEditor/Private/Tests"


def test_the_token_is_no_setting() -> None:
    text = read(PLUGIN / "Source" / "MicroExpressionEditor" / "Public" / "MicroExpressionSettings.h")
    stored = re.findall(r"UPROPERTY\([^;]*?\)\s*\n\s*\w[\w<>:]* (\w+)", text)
    assert "Address" in stored
    assert not {name for name in stored if "token" in name.lower()} - {"TokenFile"}
