"""What every table shares: the registry with its naming of constraints, and the column types for instants and JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC; a naive one is refused before it reaches the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The registry of all tables; names of constraints are fixed so that migrations can name them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Id = Annotated[str, mapped_column(String(40))]
Key = Annotated[str, mapped_column(String(40), primary_key=True)]
Clinic = Annotated[str, mapped_column(String(64), index=True)]
Code = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text)]
Digest = Annotated[str, mapped_column(String(80))]
When = Annotated[datetime, mapped_column(Instant)]
MaybeWhen = Annotated[datetime | None, mapped_column(Instant)]
# Ciphertext of `records.sealing`; the only kind of column that may hold what a person typed.
Sealed = Annotated[bytes, mapped_column(LargeBinary)]
MaybeSealed = Annotated[bytes | None, mapped_column(LargeBinary)]
# Ids, codes and numbers only.
Codes = Annotated[dict[str, Any], mapped_column(JSON)]
CodeList = Annotated[list[Any], mapped_column(JSON)]
