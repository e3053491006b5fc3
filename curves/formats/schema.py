"""JSON Schema checks that stay fast on takes with a million numbers.

jsonschema walks every number in Python. The items of arrays are therefore first put to a small predicate compiled
from the same schema; only what the predicate does not accept goes to jsonschema. The predicate accepts nothing that
jsonschema refuses (a test compares the two), so the schema file alone decides.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from curves.errors import FormatError

Accepts = Callable[[Any], bool]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_UNDERSTOOD = {"description", "type", "enum", "minimum", "maximum", "properties", "required", "additionalProperties"}


def check(document: Any, schema_name: str, where: str) -> None:
    """Raise FormatError with one sentence naming ``where`` and the place, if the schema refuses the document."""
    error = next(iter(_validator(schema_name).iter_errors(document)), None)
    if error is not None:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        message = error.message if len(error.message) <= 160 else f"{error.message[:100]} ... {error.message[-50:]}"
        raise FormatError(f"{where}{', ' + place.lstrip('.') if place else ''}: {message}.")


def load_schema(name: str) -> dict[str, Any]:
    """The shipped JSON Schema of that name."""
    schema: dict[str, Any] = json.loads((files("curves.formats") / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def compile_predicate(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Accepts:
    """A function that is true only for values that ``schema`` accepts; false for all if it uses unknown keywords."""
    if set(schema) == {"$ref"} and schema["$ref"].startswith("#/$defs/"):
        return compile_predicate(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if set(schema) - _UNDERSTOOD or schema.get("additionalProperties", False) is not False:
        return lambda _: False
    if "enum" in schema:
        allowed = frozenset(value for value in schema["enum"] if isinstance(value, str))
        return lambda value: type(value) is str and value in allowed
    if schema.get("type") == "object":
        return _object_predicate(schema, definitions)
    types = _PYTHON_TYPES.get(str(schema.get("type")), ())
    if types in ((int, float), (int,)):
        low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
        return lambda value: type(value) in types and low <= value <= high
    return lambda _: False


def _object_predicate(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Accepts:
    properties = {name: compile_predicate(part, definitions) for name, part in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    if "additionalProperties" not in schema:
        return lambda _: False

    def accepts(value: Any) -> bool:
        return (
            type(value) is dict
            and required <= value.keys() <= properties.keys()
            and all(properties[name](part) for name, part in value.items())
        )

    return accepts


@cache
def _validator(schema_name: str) -> Draft202012Validator:
    schema = load_schema(schema_name)
    compiled: dict[int, tuple[Any, Accepts]] = {}  # the part is kept, so that its id stays its own

    def items(validator: Any, part: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, list):
            return
        if id(part) not in compiled:
            compiled[id(part)] = (part, compile_predicate(part, schema["$defs"]))
        accepts = compiled[id(part)][1]
        for index, item in enumerate(instance):
            if not accepts(item):
                yield from validator.descend(item, part, path=index)

    extended: type[Draft202012Validator] = extend(Draft202012Validator, {"items": items})  # type: ignore[no-untyped-call]
    return extended(schema)
