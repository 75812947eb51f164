"""The types of a yardl stream (PETSIRD), made from the schema that the file itself carries.

Reading by the schema has two advantages over the generated classes of the SDK: arrays become arrays at once,
and what nobody needs, such as efficiencies of pairs of modules, is skipped instead of being built as objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np

from preprocessing.pet.listmode.yardl_reader import YardlReader

Spec = Any
"""A type as it stands in a schema: a name, a union, or an object with one key."""
_FIXED = {"float32": "<f4", "float64": "<f8", "int8": "i1", "uint8": "u1", "bool": "?"}
_VARINTS = frozenset({"uint16", "uint32", "uint64", "size"})
_SIGNED = frozenset({"int16", "int32", "int64", "date", "time", "datetime"})


class YardlType(Protocol):
    """How values of a type are read and skipped."""

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Layout in the file, if all values take the same number of bytes."""
        ...

    @property
    def varints(self) -> int:
        """Numbers of a value, if it consists of nothing but varints, else 0."""
        ...

    def read(self, reader: YardlReader) -> Any:  # noqa: ANN401
        """Read a value as numbers, text, lists, arrays and dicts."""
        ...

    def skip(self, reader: YardlReader) -> None:
        """Skip a value."""
        ...


@dataclass(frozen=True)
class _Fixed:
    """Values that always take the same number of bytes."""

    dtype: np.dtype[Any]
    varints = 0

    def read(self, reader: YardlReader) -> Any:  # noqa: ANN401
        return np.frombuffer(reader.read(self.dtype.itemsize), self.dtype)[0]

    def skip(self, reader: YardlReader) -> None:
        reader.skip(self.dtype.itemsize)


@dataclass(frozen=True)
class _Number:
    """A whole number, an enumeration or a time."""

    signed: bool
    dtype = None
    varints = 1

    def read(self, reader: YardlReader) -> int:
        return reader.signed_varint() if self.signed else reader.varint()

    def skip(self, reader: YardlReader) -> None:
        reader.skip_varints(1)


@dataclass(frozen=True)
class _Text:
    """A string."""

    dtype = None
    varints = 0

    def read(self, reader: YardlReader) -> str:
        return reader.read(reader.count()).decode("utf-8", "replace")

    def skip(self, reader: YardlReader) -> None:
        reader.skip(reader.count())


@dataclass(frozen=True)
class Record:
    """Named fields, one after the other."""

    fields: Mapping[str, YardlType]
    unneeded: frozenset[str] = frozenset()

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """See ``YardlType``."""
        kinds = [(name, field.dtype) for name, field in self.fields.items()]
        return None if any(kind is None for _, kind in kinds) else np.dtype(kinds)

    @property
    def varints(self) -> int:
        """See ``YardlType``."""
        numbers = [field.varints for field in self.fields.values()]
        return sum(numbers) if all(numbers) else 0

    def read(self, reader: YardlReader) -> dict[str, Any]:
        """Read the fields; of those that are not needed, only the number of their bytes is returned."""
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name in self.unneeded:
                start = reader.position
                field.skip(reader)
                values[name] = reader.position - start
            else:
                values[name] = field.read(reader)
        return values

    def skip(self, reader: YardlReader) -> None:
        """Skip all fields."""
        for field in self.fields.values():
            field.skip(reader)


@dataclass(frozen=True)
class Choice:
    """A value of one of several types; a leading None is for no value."""

    cases: tuple[YardlType | None, ...]
    dtype = None
    varints = 0

    def read(self, reader: YardlReader) -> Any:  # noqa: ANN401
        """Read the type and the value."""
        case = self.case(reader)
        return None if case is None else case.read(reader)

    def skip(self, reader: YardlReader) -> None:
        """Skip the type and the value."""
        case = self.case(reader)
        if case is not None:
            case.skip(reader)

    def case(self, reader: YardlReader) -> YardlType | None:
        """Read which type follows."""
        index = reader.varint()  # one byte: there are never 128 types
        if index >= len(self.cases):
            raise reader.refuse("parse_error", f"expected one of {len(self.cases)} types, found {index}")
        return self.cases[index]


@dataclass(frozen=True)
class _Sequence:
    """Values of one type: a list, or an array of given dimensions.

    Attributes:
        item: type of a value.
        length: how many, where the schema tells.
        num_dimensions: sizes that precede the values; 0 for none, None if their number precedes them.
    """

    item: YardlType
    length: int | None = None
    num_dimensions: int | None = 1

    @property
    def dtype(self) -> np.dtype[Any] | None:
        fixed = self.length is not None and self.item.dtype is not None
        return np.dtype((self.item.dtype, self.length)) if fixed else None

    @property
    def varints(self) -> int:
        return 0 if self.length is None else self.item.varints * self.length

    def read(self, reader: YardlReader) -> Any:  # noqa: ANN401
        """Read the values: an array if they have a fixed layout, else a list."""
        count = self.read_length(reader)
        if self.item.dtype is not None:
            return np.frombuffer(reader.read(count * self.item.dtype.itemsize), self.item.dtype)
        return [self.item.read(reader) for _ in range(count)]

    def skip(self, reader: YardlReader) -> None:
        count = self.read_length(reader)
        if self.item.dtype is not None:
            reader.skip(count * self.item.dtype.itemsize)
        elif self.item.varints:
            reader.skip_varints(count * self.item.varints)
        else:
            for _ in range(count):
                self.item.skip(reader)

    def read_length(self, reader: YardlReader) -> int:
        """Read how many values follow."""
        if self.length is not None:
            return self.length
        dimensions = reader.count() if self.num_dimensions is None else self.num_dimensions
        count = prod(reader.varint() for _ in range(dimensions))
        if count > reader.remaining:
            raise reader.refuse(
                "truncated", f"expected {count} values, but the file ends after {reader.remaining} bytes"
            )
        return count


class YardlSchema:
    """The types of a schema by name.

    Args:
        types: the list ``types`` of the schema; it is trusted, for it equals that of the SDK.
        unneeded: names of fields of records that are skipped.
    """

    def __init__(self, types: list[dict[str, Any]], unneeded: frozenset[str] = frozenset()) -> None:
        self._types = {entry["name"]: entry for entry in types}
        self._unneeded = unneeded

    def compile(self, spec: Spec, arguments: Mapping[str, YardlType] | None = None) -> YardlType:
        """Make the type of a specification.

        Args:
            spec: of the schema.
            arguments: what stands for the parameters of a generic type.
        """
        if isinstance(spec, list):
            cases = [case["type"] if isinstance(case, dict) and "tag" in case else case for case in spec]
            return Choice(tuple(case and self.compile(case, arguments) for case in cases))
        if isinstance(spec, str):
            return self._named(spec, [], arguments or {})
        if "vector" in spec:
            vector = spec["vector"]
            return _Sequence(self.compile(vector["items"], arguments), vector.get("length"))
        if "array" in spec:
            return self._array(spec["array"], arguments)
        given = [self.compile(argument, arguments) for argument in spec.get("typeArguments", [])]
        return self._named(spec["name"], given, arguments or {})

    def _array(self, spec: Spec, arguments: Mapping[str, YardlType] | None) -> YardlType:
        item, dimensions = self.compile(spec["items"], arguments), spec.get("dimensions")
        if isinstance(dimensions, list) and all("length" in size for size in dimensions):
            if item.dtype is None:
                return _Sequence(item, prod(size["length"] for size in dimensions))
            return _Fixed(np.dtype((item.dtype, tuple(size["length"] for size in dimensions))))
        count = len(dimensions) if isinstance(dimensions, list) else dimensions
        return _Sequence(item, None, count)

    def _named(self, name: str, given: list[YardlType], outer: Mapping[str, YardlType]) -> YardlType:
        if name in outer:
            return outer[name]
        if name in _FIXED:
            return _Fixed(np.dtype(_FIXED[name]))
        if name in _VARINTS or name in _SIGNED:
            return _Number(name in _SIGNED)
        return _Text() if name == "string" else self._defined(self._types[name.rpartition(".")[2]], given)

    def _defined(self, entry: dict[str, Any], given: list[YardlType]) -> YardlType:
        if "values" in entry:
            return _Number(signed=True)
        inner = dict(zip(entry.get("typeParameters", []), given, strict=True))
        if "fields" in entry:
            fields = {field["name"]: self.compile(field["type"], inner) for field in entry["fields"]}
            return Record(fields, self._unneeded)
        return self.compile(entry["type"], inner)
