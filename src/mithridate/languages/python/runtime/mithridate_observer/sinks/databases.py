"""Statements given to databases (sink sql): the text only, parameters cannot change it. They run, on the sandbox's database."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import recording
from .patching import WRAPPED, before, before_awaited, observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look, Patch

CO_COROUTINE = 0x80
DIALECTS = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "oracle": "oracle",
    "mssql": "tsql",
}
METHODS = ("execute", "executemany", "executescript", "callproc", "copy_expert", "execute_async", "executemany_prepared")
ASYNC = frozenset({"aiosqlite", "asyncpg", "psycopg", "aiomysql", "oracledb"})
"""Drivers that SQLAlchemy wraps in cursors of its own, and that are watched below those."""
ASYNCPG_METHODS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "prepare", "cursor")


def _text(statement: Any, cursor: Any) -> str | bytes:
    """The statement as the server gets it; composed ones (`psycopg.sql`) say themselves what they are."""
    if isinstance(statement, (str, bytes)):
        return statement
    compose = getattr(statement, "as_string", None)
    return str(compose(cursor)) if callable(compose) else str(statement)


def _look(api: str, dialect: str) -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        statement = args[1] if len(args) > 1 else next(iter(kwargs.values()), "")
        return recorder.saw("sql", api, _text(statement, args[0]), dialect)

    return look


def driver(dialect: str, *names: str, methods: tuple[str, ...] = METHODS) -> Patch:
    """A patch for classes of a DB-API driver's module, by name; those that a version does not have are left out."""

    def patch(module: ModuleType) -> None:
        for name in names:
            owner = getattr(module, name, None)
            for method in methods if isinstance(owner, type) else ():
                if method not in vars(owner):
                    continue
                look = _look(f"{module.__name__.partition('.')[0]}.{name}.{method}", dialect)
                code = getattr(vars(owner)[method], "__code__", None)
                if code is not None and code.co_flags & CO_COROUTINE:
                    before_awaited(owner, method, look)
                else:
                    before(owner, method, look, "sql")

    return patch


def patch_aiosqlite(module: ModuleType) -> None:
    """`aiosqlite` hands statements to a thread of its own, where nobody knows who asked: seen here, and not again there."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def execute(connection: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            called = getattr(function, "__name__", "")
            if recorder is None or called not in METHODS or not args or not isinstance(args[0], str):
                return await original(connection, function, *args, **kwargs)
            if not recorder.saw("sql", f"aiosqlite.Connection.{called}", args[0], "sqlite"):
                return await original(connection, function, *args, **kwargs)

            def silently(*inner: Any, **named: Any) -> Any:
                with recording.quiet("sql"):
                    return function(*inner, **named)

            return await original(connection, silently, *args, **kwargs)

        return execute

    replace(module.Connection, "_execute", make)


def patch_sqlalchemy(module: ModuleType) -> None:
    """SQLAlchemy, for drivers that are not watched themselves."""

    def look(connection: Any, cursor: Any, statement: Any, *_: Any) -> None:
        recorder = observing()
        if recorder is None or connection.dialect.driver in ASYNC or hasattr(getattr(type(cursor), "execute", None), WRAPPED):
            return
        recorder.saw("sql", "sqlalchemy.Connection.execute", str(statement), DIALECTS.get(connection.dialect.name, ""))

    sys.modules["sqlalchemy.event"].listen(module.Engine, "before_cursor_execute", look)


def patches() -> dict[str, list[Patch]]:
    """The drivers, by the module that defines their classes."""
    sqlite = driver("sqlite", "Connection", "Cursor")
    return {
        "sqlite3.dbapi2": [sqlite],
        "pysqlite3.dbapi2": [sqlite],
        "psycopg2._psycopg": [driver("postgres", "cursor", "ReplicationCursor")],
        "psycopg.cursor": [driver("postgres", "Cursor")],
        "psycopg.cursor_async": [driver("postgres", "AsyncCursor")],
        "asyncpg.connection": [driver("postgres", "Connection", methods=ASYNCPG_METHODS)],
        "pg8000.dbapi": [driver("postgres", "Cursor")],
        "pymysql.cursors": [driver("mysql", "Cursor")],
        "aiomysql.cursors": [driver("mysql", "Cursor")],
        "MySQLdb.cursors": [driver("mysql", "BaseCursor")],
        "mysql.connector.cursor": [driver("mysql", "MySQLCursor", "MySQLCursorPrepared")],
        "mysql.connector.cursor_cext": [driver("mysql", "CMySQLCursor", "CMySQLCursorPrepared")],
        "cx_Oracle": [driver("oracle", "Cursor")],
        "oracledb.cursor": [driver("oracle", "Cursor", "AsyncCursor")],
        "pymssql._pymssql": [driver("tsql", "Cursor")],
        "pyodbc": [driver("", "Cursor", "Connection")],
        "aiosqlite.core": [patch_aiosqlite],
        "sqlalchemy.engine": [patch_sqlalchemy],
    }
