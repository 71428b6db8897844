"""Masks for colleagues; the public gets omission, never a mask."""

_DOUBLE_SURNAMES = frozenset({"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐"})


def mask_name(name: str) -> str:
    """First character (a double surname counts as one) and always two stars, so that the length stays hidden."""
    name = name.strip()
    head = name[:2] if name[:2] in _DOUBLE_SURNAMES else name[:1]
    return f"{head}**" if head else ""


def notice_name(name: str, *, has_surname: bool) -> str:
    """As a village notice writes a name: ``张*三``, ``李*``; of a name without a surname its first character only."""
    name = name.strip()
    if not has_surname or len(name) < 3:
        return f"{name[:1]}{'*' * (len(name) - 1)}"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_id_number(number: str) -> str:
    """First character and last two: about 3,300 candidates even for somebody who knows place and birth year."""
    return f"{number[:1]}{'*' * (len(number) - 3)}{number[-2:]}" if len(number) > 3 else ""


def mask_phone(phone: str) -> str:
    """``138****5678``."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) == 11 else ""


def mask_account(account: str) -> str:
    """Last four digits of a bank account."""
    return f"**** {account[-4:]}" if len(account) > 4 else ""
