import pytest

from .conftest import MARKED, Observe

PREPARED = "import sqlite3\ndef run(data):\n    con = sqlite3.connect(':memory:')\n"


@pytest.mark.parametrize(
    "call",
    [
        "con.cursor().execute",
        "con.execute",
        "con.executescript",
        "con.cursor(Own).execute",
        "sqlite3.connect(':memory:', factory=OwnConnection).execute",
    ],
)
def test_a_statement_is_seen_and_runs(observe: Observe, call: str) -> None:
    source = f"""
import sqlite3
class Own(sqlite3.Cursor): pass
class OwnConnection(sqlite3.Connection): pass
def run(data):
    con = sqlite3.connect(':memory:')
    got = {call}(f"SELECT '{{data}}'")
    assert type(con) is sqlite3.Connection and isinstance(got, sqlite3.Cursor)
    return [list(row) for row in got]
"""
    seen = observe(source)
    found = seen.only("sql")
    assert found["text"] == f"SELECT '{MARKED}'"
    assert (found["dialect"], found["stopped"]) == ("sqlite", False)
    assert found["api"] == f"sqlite3.{'Connection' if 'cursor' not in call else 'Cursor'}.{call.rpartition('.')[2]}"
    assert seen.attack["result"] == ([] if "script" in call else [[MARKED]])


def test_parameters_are_no_text(observe: Observe) -> None:
    seen = observe(PREPARED + "    return con.execute('SELECT ?', (data,)).fetchone()[0]\n")
    assert seen.records == []
    assert seen.attack["result"] == MARKED


def test_errors_of_the_database_are_its_own(observe: Observe) -> None:
    seen = observe(PREPARED + "    return con.execute('SELECT ' + data + '(').fetchone()\n")
    assert seen.only("sql")
    assert (seen.attack["raised"], seen.attack["stopped"]) == ("OperationalError", False)


def test_the_database_file_is_a_path(observe: Observe) -> None:
    source = "import sqlite3\ndef run(data):\n    sqlite3.connect('../scratch/' + data).close()\n"
    seen = observe(source)
    assert seen.only("path")["api"] == "sqlite3.connect"
    assert seen.attack["stopped"]
    assert not (seen.scratch / MARKED).exists()
    assert not (seen.scratch / "plain").exists()  # outside of the tree nothing is made


def test_sqlalchemy_is_told_once_by_its_driver(observe: Observe) -> None:
    source = """
import sqlalchemy
engine = sqlalchemy.create_engine('sqlite://')
def run(data):
    with engine.connect() as con:
        con.execute(sqlalchemy.text('SELECT :x'), {'x': data})
        return con.execute(sqlalchemy.text(f"SELECT '{data}'")).scalar()
"""
    seen = observe(source, "sqlalchemy")
    assert seen.only("sql")["api"] == "sqlite3.Cursor.execute"
    assert seen.attack["result"] == MARKED


def test_sqlalchemy_speaks_for_a_driver_that_is_not_watched(observe: Observe) -> None:
    source = """
import sqlalchemy, sqlite3, types
class Cursor:
    def __init__(self, cursor): self.cursor = cursor
    def __getattr__(self, name): return getattr(self.cursor, name)
    def execute(self, *args): return self.cursor.execute("SELECT 1")
class Connection:
    def __init__(self, connection): self.connection = connection
    def __getattr__(self, name): return getattr(self.connection, name)
    def cursor(self): return Cursor(self.connection.cursor())
engine = sqlalchemy.create_engine('sqlite://', creator=lambda: Connection(sqlite3.connect(':memory:')))
def run(data):
    with engine.connect() as con:
        return con.exec_driver_sql(f"SELECT '{data}'").scalar()
"""
    seen = observe(source, "sqlalchemy")
    found = seen.only("sql")
    assert (found["api"], found["dialect"]) == ("sqlalchemy.Connection.execute", "sqlite")


def test_django_is_told_once(observe: Observe) -> None:
    source = """
import django
from django.conf import settings
settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}})
django.setup()
from django.db import connection
def run(data):
    with connection.cursor() as cursor:
        cursor.execute('SELECT %s', [data])
        cursor.execute(f"SELECT '{data}'")
        return cursor.fetchone()[0]
"""
    seen = observe(source, "django")
    assert seen.only("sql")["text"] == f"SELECT '{MARKED}'"
    assert seen.attack["result"] == MARKED


DRIVERS = {
    "pymysql.cursors": ("mysql", "Cursor"),
    "psycopg.cursor": ("postgres", "Cursor"),
    "MySQLdb.cursors": ("mysql", "BaseCursor"),
    "mysql.connector.cursor": ("mysql", "MySQLCursor"),
    "oracledb.cursor": ("oracle", "Cursor"),
}


@pytest.mark.parametrize("module", DRIVERS)
def test_drivers_in_python_are_watched(observe: Observe, module: str) -> None:
    dialect, name = DRIVERS[module]
    source = f"""
import importlib
Cursor = importlib.import_module('{module}').{name}
def run(data):
    cursor = Cursor.__new__(Cursor)
    cursor.execute(f"SELECT '{{data}}'")
"""
    found = observe(source, module).only("sql")
    assert (found["dialect"], found["api"]) == (dialect, f"{module.partition('.')[0]}.{name}.execute")


def test_aiosqlite_is_told_with_the_frames_of_who_asked(observe: Observe) -> None:
    source = """
import aiosqlite, asyncio
async def ask(data):
    async with aiosqlite.connect(':memory:') as con:
        async with con.execute(f"SELECT '{data}'") as cursor:
            return (await cursor.fetchone())[0]
def run(data):
    return asyncio.run(ask(data))
"""
    seen = observe(source, "aiosqlite")
    assert [(one["api"], one["frames"][0]["function"]) for one in seen.observed()] == [("aiosqlite.Connection.execute", "ask")]
    assert seen.attack["result"] == MARKED


def test_the_caller_is_known_through_a_greenlet(observe: Observe) -> None:
    source = """
import asyncio, sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine
async def ask(data):
    async with create_async_engine('sqlite+aiosqlite://').connect() as con:
        return (await con.execute(sqlalchemy.text(f"SELECT '{data}'"))).scalar()
def run(data):
    return asyncio.run(ask(data))
"""
    seen = observe(source, "aiosqlite", "greenlet", "sqlalchemy")
    assert [(one["sink"], one["frames"][0]["function"]) for one in seen.observed()] == [("sql", "ask")]
