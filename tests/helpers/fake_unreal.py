# ruff: noqa: F821  annotations are the stub's words, some of which the fake has no class for
"""A small `unreal` module: what microexpr_import.py uses of the editor's Python, strict and with what is known of it.

Strict: an attribute that a class does not have cannot be read or set, and every argument and property must be of the
kind that its annotation names. Names, signatures and annotations are those of the editor's own stub;
test_import_script.py holds both together. Numbers are kept in float32, as the editor keeps them.
"""

import functools
import inspect
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

ASSETS: dict[str, Any] = {}
SAVED: list[str] = []
LOG: list[str] = []
#: What a test makes the editor do wrong: no_tangents, no_text, no_create, no_save, no_import, refuse (a curve), cancel.
FAULTS: dict[str, Any] = {}


def reset() -> None:
    for store in (ASSETS, SAVED, LOG, FAULTS):
        store.clear()


def _fits(kind: str, value: Any) -> bool:  # noqa: PLR0911  a table in words
    if kind.startswith("Array["):
        return isinstance(value, list | tuple) and all(_fits(kind[6:-1], item) for item in value)
    if kind.startswith(("Union[", "Optional[")):
        inner = [part.strip() for part in kind[kind.index("[") + 1 : -1].split(",")]
        return (value is None and kind.startswith("O")) or any(_fits(part, value) for part in inner)
    if kind in {"str", "Name", "Text"}:
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool)
    if kind in {"int", "float"}:
        return isinstance(value, int if kind == "int" else int | float) and not isinstance(value, bool)
    if kind in {"Class", "type"} or kind.startswith("type["):
        return isinstance(value, type)
    return kind == "Any" or isinstance(value, globals()[kind])


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuses arguments of another kind than the annotations name, as the editor's type conversion does."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            kind = signature.parameters[name].annotation
            if name not in {"self", "cls"} and not _fits(kind, value):
                raise TypeError(f"{function.__qualname__}, {name}: expected {kind}, got {value!r}")
        return function(*args, **kwargs)

    return call


class Strict:
    """Sets only what is a property; what starts with _ is the fake's own."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            setter = getattr(getattr(type(self), name, None), "fset", None)
            if setter is None:
                raise AttributeError(f"{type(self).__name__} has no property {name} that can be set")
        object.__setattr__(self, name, value)


def read_write(name: str, kind: str, default: Any = None) -> property:
    """A property of one kind."""

    def get(self: Any) -> Any:
        return self.__dict__.get(f"_{name}", default)

    def put(self: Any, value: Any) -> None:
        if not _fits(kind, value):
            raise TypeError(f"{type(self).__name__}.{name}: expected {kind}, got {value!r}")
        self.__dict__[f"_{name}"] = value

    get.__annotations__ = {"return": kind}
    return property(get, put)


class EnumBase:
    def __init__(self, name: str) -> None:
        self.name = name


def members(*names: str) -> Callable[[type], type]:
    def fill(kind: type) -> type:
        for name in names:
            setattr(kind, name, kind(name))
        return kind

    return fill


@members("RCT_FLOAT", "RCT_TRANSFORM")
class RawCurveTrackTypes(EnumBase):
    RCT_FLOAT: "RawCurveTrackTypes"


@members("RCIM_LINEAR", "RCIM_CONSTANT", "RCIM_CUBIC")
class RichCurveInterpMode(EnumBase):
    RCIM_LINEAR: "RichCurveInterpMode"


@members("ECSV_DATA_TABLE", "ECSV_CURVE_TABLE")
class CSVImportType(EnumBase):
    ECSV_CURVE_TABLE: "CSVImportType"


class StructBase(Strict):
    def import_text(self, content: "str") -> "bool":
        raise NotImplementedError

    def export_text(self) -> "str":
        raise NotImplementedError


def float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


class RichCurveKey(StructBase):
    """Tangents are reached by text alone. Floats are exported with six digits, and only where they are not 0."""

    _MODES = ("RCIM_Linear", "RCIM_Constant", "RCIM_Cubic"), ("RCTM_Auto", "RCTM_User", "RCTM_Break")

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {"InterpMode": "RCIM_Linear", "TangentMode": "RCTM_Auto"}
        self._fields |= dict.fromkeys(("Time", "Value", "ArriveTangent", "LeaveTangent"), 0.0)

    @checked
    def import_text(self, content: "str") -> "bool":
        body = re.fullmatch(r"\((.*)\)", content)
        if body is None or FAULTS.get("no_text"):
            return False
        for part in body[1].split(","):
            name, _, text = part.partition("=")
            if name.endswith("Mode"):
                if text not in self._MODES[name == "TangentMode"]:
                    return False
                self._fields[name] = text
            elif name in self._fields and re.fullmatch(r"-?\d+(\.\d+)?", text):
                if not (FAULTS.get("no_tangents") and name.endswith("Tangent")):
                    self._fields[name] = float32(float(text))
            else:
                return False
        return True

    @checked
    def export_text(self) -> "str":
        shown = {name: f"{value:.6f}" if isinstance(value, float) else value for name, value in self._fields.items()}
        return "(" + ",".join(f"{name}={text}" for name, text in shown.items() if text != "0.000000") + ")"


class FrameRate(StructBase):
    @checked
    def __init__(self, numerator: "int" = 0, denominator: "int" = 1) -> None:
        self._rate = (numerator, denominator)


class FrameNumber(StructBase):
    @checked
    def __init__(self, value: "int" = 0) -> None:
        self._value = value


class AnimationCurveIdentifier(StructBase):
    def __init__(self) -> None:
        self._name = ""

    @checked
    def set_curve_identifier(self, name: "Name", curve_type: "RawCurveTrackTypes") -> "None":
        self._name = name


class CSVImportSettings(StructBase):
    import_type = read_write("import_type", "CSVImportType")
    import_curve_interp_mode = read_write("import_curve_interp_mode", "RichCurveInterpMode")


class Object(Strict):
    pass


class Skeleton(Object):
    pass


class CurveTable(Object):
    _text = ""
    _interp = ""


class Factory(Object):
    pass


class AnimSequenceFactory(Factory):
    target_skeleton = read_write("target_skeleton", "Skeleton")


class CSVImportFactory(Factory):
    automated_import_settings = read_write("automated_import_settings", "CSVImportSettings")


class AnimationDataModel(Object):
    def __init__(self, sequence: "AnimSequence") -> None:
        self._sequence = sequence

    @checked
    def get_num_bone_tracks(self) -> "int":
        return self._sequence._bone_tracks


class AnimationDataController(Object):
    """Keys must lie within the play length, and changes within a bracket; a curve is added once."""

    def __init__(self, sequence: "AnimSequence") -> None:
        self._sequence = sequence

    @checked
    def get_model_interface(self) -> "AnimationDataModel":
        return AnimationDataModel(self._sequence)

    @checked
    def open_bracket(self, title: "Text", should_transact: "bool" = True) -> "None":
        self._sequence._open += 1

    @checked
    def close_bracket(self, should_transact: "bool" = True) -> "None":
        self._sequence._open -= 1

    @checked
    def remove_all_curves_of_type(
        self, supported_curve_type: "RawCurveTrackTypes", should_transact: "bool" = True
    ) -> "None":
        self._sequence._curves.clear()

    @checked
    def set_frame_rate(self, frame_rate: "FrameRate", should_transact: "bool" = True) -> "None":
        self._sequence._rate = frame_rate._rate

    @checked
    def set_number_of_frames(self, new_length_in_frames: "FrameNumber", should_transact: "bool" = True) -> "None":
        assert new_length_in_frames._value > 0
        self._sequence._frames = new_length_in_frames._value

    @checked
    def add_curve(
        self, curve_id: "AnimationCurveIdentifier", curve_flags: "int" = 4, should_transact: "bool" = True
    ) -> "bool":
        assert self._sequence._open == 1
        if curve_id._name in self._sequence._curves:
            return False
        self._sequence._curves[curve_id._name] = []
        return True

    @checked
    def set_curve_keys(
        self, curve_id: "AnimationCurveIdentifier", curve_keys: "Array[RichCurveKey]", should_transact: "bool" = True
    ) -> "bool":
        numerator, denominator = self._sequence._rate
        length = self._sequence._frames * denominator / numerator
        inside = all(0 <= key._fields["Time"] <= length + 1e-6 for key in curve_keys)
        if curve_id._name not in self._sequence._curves or not inside or FAULTS.get("refuse") == curve_id._name:
            return False
        self._sequence._transacted = should_transact
        self._sequence._curves[curve_id._name] = [dict(key._fields) for key in curve_keys]
        return True


class AnimSequence(Object):
    def __init__(self, skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        self._curves: dict[str, list[dict[str, Any]]] = {}
        self._rate, self._frames, self._open, self._bone_tracks, self._transacted = (30, 1), 1, 0, 0, False

    @checked
    def get_skeleton(self) -> "Skeleton":
        return self._skeleton

    controller = property(AnimationDataController)


class AssetImportTask(Object):
    filename = read_write("filename", "str", "")
    destination_path = read_write("destination_path", "str", "")
    destination_name = read_write("destination_name", "str", "")
    factory = read_write("factory", "Factory")
    automated = read_write("automated", "bool", False)
    replace_existing = read_write("replace_existing", "bool", False)
    save = read_write("save", "bool", False)
    _made: tuple[Any, ...] = ()

    @checked
    def get_objects(self) -> "Array[Object]":
        return list(self._made)


class AssetTools(Object):
    @checked
    def create_asset(
        self,
        asset_name: "str",
        package_path: "str",
        asset_class: "Class",
        factory: "Factory",
        calling_context: "Name" = "None",
    ) -> "Object":
        assert isinstance(factory, AnimSequenceFactory) and asset_class is AnimSequence
        if FAULTS.get("no_create"):
            return None
        return ASSETS.setdefault(f"{package_path}/{asset_name}", AnimSequence(factory.target_skeleton))

    @checked
    def import_asset_tasks(self, import_tasks: "Array[AssetImportTask]") -> "None":
        for task in import_tasks:
            path = f"{task.destination_path}/{task.destination_name}"
            settings = task.factory.automated_import_settings
            assert task.automated and settings.import_type is CSVImportType.ECSV_CURVE_TABLE
            if FAULTS.get("no_import") or (path in ASSETS and not task.replace_existing):
                continue
            table = CurveTable()
            table._text = Path(task.filename).read_text(encoding="utf-8")
            table._interp = settings.import_curve_interp_mode.name
            ASSETS[path] = table
            task._made = (table,)
            if task.save:
                SAVED.append(path)


class AssetToolsHelpers(Object):
    @classmethod
    def get_asset_tools(cls) -> "AssetTools":
        return AssetTools()


class EditorSubsystem(Object):
    pass


class EditorAssetSubsystem(EditorSubsystem):
    @checked
    def does_asset_exist(self, asset_path: "str") -> "bool":
        return asset_path in ASSETS

    @checked
    def load_asset(self, asset_path: "str") -> "Object":
        return ASSETS[asset_path]

    @checked
    def delete_asset(self, asset_path_to_delete: "str") -> "bool":
        return ASSETS.pop(asset_path_to_delete, None) is not None

    @checked
    def save_loaded_asset(self, asset_to_save: "Object", only_if_is_dirty: "bool" = True) -> "bool":
        if not FAULTS.get("no_save"):
            SAVED.extend(path for path, asset in ASSETS.items() if asset is asset_to_save)
        return not FAULTS.get("no_save")


class ScopedSlowTask(Strict):
    @checked
    def __init__(self, work: "float", desc: "Union[Text, str]" = "", enabled: "bool" = True) -> None:
        self._left = work

    def __enter__(self) -> "ScopedSlowTask":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @checked
    def make_dialog(self, can_cancel: "bool" = False, allow_in_pie: "bool" = False) -> "None":
        pass

    @checked
    def enter_progress_frame(self, work: "float" = 1.0, desc: "Union[Text, str]" = "") -> "None":
        self._left -= work
        assert self._left >= 0

    @checked
    def should_cancel(self) -> "bool":
        return self._left <= FAULTS.get("cancel", -1)


@checked
def get_editor_subsystem(
    subsystem: "Union[Class, type[_EditorSubsystemTypeVar]]",
) -> "Optional[_EditorSubsystemTypeVar]":
    return subsystem()


@checked
def log(arg: "Any") -> "None":
    LOG.append(f"log {arg}")


@checked
def log_error(arg: "Any") -> "None":
    LOG.append(f"error {arg}")
