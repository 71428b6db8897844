"""Personal numbers are ciphertext in the file, found again by a keyed index; moments are aware UTC."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_phone
from marketplace.audit.models import AuditEntry
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.db.types import Keyring, Keys
from marketplace.households.models import Household, Member
from tests.factories import NOW, make_household, make_user
from tests.settings import KEYS

PHONE = "19912345678"


def keyring(data: int = 1, index: int = 2) -> Keyring:
    made = Keyring()
    made.load(Keys(data=bytes([data]) * 32, index=bytes([index]) * 32))
    return made


@given(st.text(max_size=200))
def test_what_was_encrypted_is_read_back(text: str) -> None:
    ring = keyring()
    assert ring.decrypt(ring.encrypt(text)) == text


def test_the_same_text_is_encrypted_differently_each_time() -> None:
    ring = keyring()
    assert ring.encrypt(PHONE) != ring.encrypt(PHONE)


def test_another_key_or_a_changed_text_is_refused() -> None:
    stored = keyring().encrypt(PHONE)
    with pytest.raises(InvalidTag):
        keyring(data=3).decrypt(stored)
    with pytest.raises(InvalidTag):
        keyring().decrypt(stored[:20] + ("A" if stored[20] != "A" else "B") + stored[21:])


def test_the_blind_index_depends_on_key_and_purpose() -> None:
    blind = keyring().blind("phone", PHONE)
    assert blind == keyring(data=9).blind("phone", PHONE)
    assert len({blind, keyring().blind("id_number", PHONE), keyring(index=9).blind("phone", PHONE)}) == 3


def test_a_keyring_without_keys_refuses() -> None:
    with pytest.raises(RuntimeError):
        Keyring().blind("phone", PHONE)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_numbers_are_ciphertext_in_the_database_file(app: Flask, tmp_path: Path) -> None:
    """P4: neither the phone, nor the ID number, nor the account stands in the file."""
    make_user(phone=PHONE)
    household = make_household(phone=PHONE, bank_account="6228480402564890018")
    numbers = [PHONE, "6228480402564890018", *(member.id_number for member in household.members)]
    db.session.rollback()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("jiedui.sqlite*"))
    assert household.head_name.encode() in stored, "the file was not read"
    assert [number for number in numbers if number.encode() in stored] == []


def test_numbers_are_ciphertext_to_a_plain_select(app: Flask) -> None:
    """P4, on both databases."""
    household = make_household(phone=PHONE, bank_account="6228480402564890018")
    rows = db.session.execute(sa.text("SELECT phone, bank_account FROM household")).all()
    rows += db.session.execute(sa.text("SELECT id_number, name FROM member")).all()
    told = " ".join(str(value) for row in rows for value in row)
    secrets = [PHONE, "6228480402564890018", *(member.id_number for member in household.members)]
    assert [secret for secret in secrets if secret in told] == []
    assert db.session.scalars(sa.select(Household.phone)).one() == PHONE


def test_somebody_is_found_by_the_phone_without_reading_it(app: Flask) -> None:
    user = make_user(phone=PHONE)
    assert find_user_by_phone(PHONE) == user
    assert find_user_by_phone("19912345679") is None


def test_every_column_of_a_personal_number_is_encrypted() -> None:
    """P4: a new column for a phone, an ID or an account cannot be plain by mistake."""
    plain = [
        f"{table.name}.{column.name}"
        for table in (User.__table__, Household.__table__, Member.__table__)
        for column in table.columns
        if any(word in column.name for word in ("phone", "id_number", "account", "card"))
        and type(column.type).__name__ not in ("EncryptedText", "BlindIndex")
    ]
    assert plain == []


def test_moments_come_back_as_aware_utc(app: Flask) -> None:
    china = timezone(timedelta(hours=8))
    with transaction() as session:
        session.add(AuditEntry(at=NOW.astimezone(china), action="x", subject_type="x", detail={}))
    at = db.session.scalars(sa.select(AuditEntry.at)).one()
    assert at == NOW
    assert at.tzinfo is UTC


def test_a_naive_moment_is_refused(app: Flask) -> None:
    naive = datetime(2018, 12, 17, 12)  # noqa: DTZ001  (the fault that this test is about)
    with pytest.raises(StatementError, match="naive"), transaction() as session:
        session.add(AuditEntry(at=naive, action="x", subject_type="x", detail={}))


def test_moments_can_be_compared_in_the_database(app: Flask) -> None:
    with transaction() as session:
        for hours in (0, 1, 2):
            session.add(AuditEntry(at=NOW + timedelta(hours=hours), action=str(hours), subject_type="x", detail={}))
    later = sa.select(AuditEntry.action).where(AuditEntry.at > NOW).order_by(AuditEntry.at.desc())
    assert list(db.session.scalars(later)) == ["2", "1"]


def test_the_database_itself_refuses_an_unknown_code(app: Flask) -> None:
    user = make_user(Role.DONOR)
    insert = "INSERT INTO role_grant (user_id, role, division_code, granted_at) VALUES (:u, 'king', '513300000000', :t)"
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.text(insert).bindparams(sa.bindparam("t", type_=sa.DateTime)), {"u": user.id, "t": NOW})


def test_the_tests_have_two_different_keys() -> None:
    assert KEYS.data != KEYS.index
