"""Hot reads: written once in the ORM's words, compiled once, run with new values.

Compiling a query costs Django several times what running it costs the database. A
function under `compiled` writes the query with a `parameter` wherever a value comes
with each request; what it returns from then on is a `Statement` that only runs.
"""

import json
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Func, JSONField, QuerySet, Subquery, TextField
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler

Arguments = ParamSpec("Arguments")

# Of one query; a page has one for each size that is asked for.
SHAPES = 512


def compiled(write: Callable[Arguments, QuerySet[Any, Any]]) -> Callable[Arguments, "Statement"]:
    """Turn a function that writes a query into one that returns it compiled.

    It runs once for each set of arguments, which give the query its shape. Whatever
    else it looks at is fixed from then on.
    """

    @lru_cache(maxsize=SHAPES)
    @wraps(write)
    def statement(*args: Arguments.args, **shape: Arguments.kwargs) -> "Statement":
        return Statement(write(*args, **shape))

    return cast("Callable[Arguments, Statement]", statement)


def parameter(name: str, field: Field[Any, Any]) -> Any:
    """Return what stands for a value of the kind that ``field`` holds, until the query runs.

    Typed as anything, since it goes where a plain value would.
    """
    return _Parameter(name, field)


def parameters(name: str, field: Field[Any, Any]) -> Any:
    """Return what stands for any number of such values, on the right of an `__in`."""
    return _Parameters(name, field)


class Statement:
    """A compiled query. It holds no connection: every thread may run it on its own."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        self._alias = queryset.db
        connection = connections[self._alias]
        compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._parameters = compiler.as_sql()
        # On PostgreSQL the driver itself gives Python's types, and there are none.
        self._converted = {
            number: column
            for number, (column, *_) in enumerate(compiler.select)
            if _converters(column, connection)
        }

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run it with a value for each parameter; give the columns as the ORM would."""
        connection = connections[self._alias]
        given = [
            one.prepared(values, connection) if isinstance(one, _Parameter) else one
            for one in self._parameters
        ]
        with _cursor(connection) as cursor:
            cursor.execute(self._sql, given)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return self._convert(rows, connection) if self._converted else rows

    def _convert(
        self, rows: list[tuple[Any, ...]], connection: BaseDatabaseWrapper
    ) -> list[tuple[Any, ...]]:
        converted = [list(row) for row in rows]
        for number, column in self._converted.items():
            for convert in _converters(column, connection):
                for row in converted:
                    row[number] = convert(row[number], column, connection)
        return [tuple(row) for row in converted]


def _converters(column: Any, connection: BaseDatabaseWrapper) -> list[Callable[..., Any]]:
    return [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]


def _cursor(connection: Any) -> CursorWrapper:
    if connection.vendor != "postgresql":
        return cast("CursorWrapper", connection.cursor())
    # Only PostgreSQL has the driver loaded.
    from snappio.core.preparing import PreparingCursor  # noqa: PLC0415

    connection.ensure_connection()
    with connection.wrap_database_errors:
        # As `connection.cursor()` does, around a cursor of another class.
        cursor = PreparingCursor(connection.connection)
        return cast("CursorWrapper", connection._prepare_cursor(cursor))  # noqa: SLF001


class _Parameter(Expression):
    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return "%s", [self]

    def prepared(
        self, values: dict[str, Any], connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        return self.output_field.get_db_prep_value(values[self.name], connection)


class _Parameters(_Parameter):
    """Many values as one: an array on PostgreSQL, elsewhere JSON."""

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        kind = self.output_field.cast_db_type(connection)
        return f"(SELECT UNNEST(%s::{kind}[]))", [self]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        return "(SELECT value FROM JSON_EACH(%s))", [self]

    def prepared(
        self, values: dict[str, Any], connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        given = [
            self.output_field.get_db_prep_value(value, connection) for value in values[self.name]
        ]
        return given if connection.vendor == "postgresql" else json.dumps(given)


class JsonList(Subquery):
    """The rows of a query, in its order, as the text of one JSON array of arrays.

    What belongs to a row comes with it, in the same statement; null where nothing does.
    """

    output_field = TextField()

    def __init__(self, queryset: QuerySet[Any, Any], *columns: str | Combinable) -> None:
        super().__init__(queryset.values(item=_JsonArray(*columns)))

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="(SELECT JSON_AGG(item)::text FROM (%(subquery)s) AS items)",
        )

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="(SELECT NULLIF(JSON_GROUP_ARRAY(JSON(item)), '[]') FROM (%(subquery)s))",
        )


class _JsonArray(Func):
    """One row's columns as a JSON array; a `JsonList` among them is an array in it."""

    output_field = JSONField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        copy = self._wrapping(_is_list, template="%(expressions)s::json")
        return copy.as_sql(compiler, connection, function="JSON_BUILD_ARRAY")

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        # JSON is kept as text there; without this it would become a string.
        copy = self._wrapping(lambda one: _is_list(one) or _is_json(one), function="JSON")
        return copy.as_sql(compiler, connection, function="JSON_ARRAY")

    def _wrapping(self, concerned: Callable[[Any], bool], **call: Any) -> "_JsonArray":
        copy = self.copy()
        copy.set_source_expressions(
            [
                Func(source, **call) if concerned(source) else source
                for source in self.get_source_expressions()
            ]
        )
        return copy


def _is_list(source: Expression) -> bool:
    return isinstance(source, JsonList)


def _is_json(source: Expression) -> bool:
    return isinstance(source.output_field, JSONField)
