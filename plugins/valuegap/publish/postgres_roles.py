"""The two reading roles in PostgreSQL: what they are granted, and that they may do no more."""

from typing import TYPE_CHECKING

from valuegap.errors import ConfigurationError
from valuegap.publish.postgres_contract import TABLES, VIEWS

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Cursor

BI_READER = "bi_reader"
ANALYST = "analyst"

TOO_MUCH = f"""
with
readers as (select oid, rolname from pg_roles where rolname in ('{BI_READER}', '{ANALYST}')),
excess as (
    select rolname, 'may log in by itself: alter role ' || rolname || ' nologin' as what
    from pg_roles where rolname in ('{BI_READER}', '{ANALYST}') and rolcanlogin
    union all
    select rolname, 'has powers over the server: alter role ' || rolname
        || ' nosuperuser nocreatedb nocreaterole noreplication nobypassrls'
    from pg_roles where rolname in ('{BI_READER}', '{ANALYST}')
        and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
    union all
    select readers.rolname, format('has the rights of another role: revoke %I from %I',
        role.rolname, readers.rolname)
    from readers
    inner join pg_auth_members on pg_auth_members.member = readers.oid
    inner join pg_roles as role on role.oid = pg_auth_members.roleid
    union all
    select rolname, format('may create in the database:'
        ' revoke create, temporary on database %I from public, %I', current_database(), rolname)
    from readers where has_database_privilege(rolname, current_database(), 'create, temporary')
    union all
    select rolname, format('may create in a schema: revoke create on schema %I from public, %I',
        nspname, rolname)
    from readers, pg_namespace
    where nspname not like 'pg\\_%' and has_schema_privilege(rolname, pg_namespace.oid, 'create')
    union all
    select rolname, format('may write: revoke insert, update, delete, truncate on %s from public, %I',
        pg_class.oid::regclass, rolname)
    from readers, pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f') and nspname not in ('pg_catalog', 'information_schema')
        and nspname not like 'pg\\_t%'
        and has_table_privilege(rolname, pg_class.oid, 'insert, update, delete, truncate')
    union all
    select rolname, 'may see personal data: revoke all on schema {TABLES} from public, {BI_READER}'
    from readers where rolname = '{BI_READER}' and has_schema_privilege(rolname, '{TABLES}', 'usage')
)
select rolname, what from excess order by rolname, what
"""  # noqa: S608


def grant(cursor: "Cursor") -> None:
    """Create the roles where they are missing, and let them read their schemas.

    Both are groups without login: people and tools get a login of their own that is a member.
    """
    cursor.execute(f"select rolname from pg_roles where rolname in ('{BI_READER}', '{ANALYST}')")  # noqa: S608
    there = {name for (name,) in cursor.fetchall()}
    for role in (BI_READER, ANALYST):
        if role not in there:
            cursor.execute(f"create role {role} nologin")
    # PostgreSQL lets everybody make temporary tables. Where the database is not ours, this changes nothing,
    # and `verify` says so.
    cursor.execute("select quote_ident(current_database())")
    ((database,),) = cursor.fetchall()
    cursor.execute(f"revoke create, temporary on database {database} from public")
    cursor.execute(f"grant usage on schema {VIEWS} to {BI_READER}, {ANALYST}")
    cursor.execute(f"grant select on all tables in schema {VIEWS} to {BI_READER}, {ANALYST}")
    cursor.execute(f"grant usage on schema {TABLES} to {ANALYST}")
    cursor.execute(f"grant select on all tables in schema {TABLES} to {ANALYST}")


def verify(cursor: "Cursor") -> None:
    """Make sure that the roles can read and nothing else, whoever made them and whatever they were given.

    Raises:
        ConfigurationError: with the statement that takes the excess away.
    """
    cursor.execute(TOO_MUCH)
    found = cursor.fetchall()
    if found:
        role, what = found[0]
        more = f" ({len(found) - 1} more of the kind)" if len(found) > 1 else ""
        raise ConfigurationError(
            f"PostgreSQL role {role} {what}{more}. Nothing was loaded.",
            remedy="Let an administrator run that statement, then run this again.",
        )
