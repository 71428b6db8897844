"""Forms of households: one household with its members, an upload, a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, FormField, HiddenField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.core.money import Money
from marketplace.households.columns import HOUSEHOLD_FIELDS, MEMBER_FIELDS
from marketplace.households.findings import Finding
from marketplace.households.models import Household
from marketplace.households.reading import household_of
from marketplace.households.rows import HEAD, HouseholdRow
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm, add_error, sentences
from marketplace.web.i18n import say

MOST_MEMBERS = 20
_YES_NO = (SelectChoice("", "—"), SelectChoice("是", _l("yes")), SelectChoice("否", _l("no")))
# The register's own words, in both languages: they are what is stored and exported.
RELATIONS = (HEAD, "配偶", "之子", "之女", "之父", "之母", "儿媳", "女婿", "孙子", "孙女", "兄弟", "姐妹", "其他")
EDUCATIONS = ("", "文盲或半文盲", "小学", "初中", "高中", "大专", "本科及以上")
SCHOOLS = ("", "非在校", "学前", "小学", "七八九年级", "高中", "中职", "高职", "大专", "本科", "硕士及以上")
HEALTHS = ("", "健康", "长期慢性病", "患有大病", "残疾")
LABOURS = ("", "普通劳动力", "技能劳动力", "弱劳动力或半劳动力", "丧失劳动力", "无劳动力")
WORK_PLACES = ("", "乡(镇)内", "乡外县内", "县外省内", "省外", "其他")
# Attributes whose form fields have other names.
_FORM_NAMES = {"income_fen": "income", "division_code": "village"}


def _words(words: Sequence[str]) -> list[SelectChoice]:
    return [SelectChoice(word, word or "—") for word in words]


class MemberForm(PlainForm):  # type: ignore[misc]
    """One person; in a change an empty name or ID number keeps what is registered."""

    person_no = HiddenField()
    name = StringField(_l("Name"), [Length(max=60)])
    id_number = StringField(_l("ID number or disability card number"), [Length(max=40)])
    relation = SelectField(_l("Relation to the head"), choices=_words(RELATIONS), validate_choice=False)
    ethnicity = StringField(_l("Ethnic group"), [Length(max=20)], default="藏族")
    education = SelectField(_l("Education"), choices=_words(EDUCATIONS), validate_choice=False)
    school_status = SelectField(_l("At school"), choices=_words(SCHOOLS), default="非在校", validate_choice=False)
    health = SelectField(_l("Health"), choices=_words(HEALTHS), default="健康", validate_choice=False)
    labour = SelectField(_l("Ability to work"), choices=_words(LABOURS), validate_choice=False)
    work_place = SelectField(_l("Works where"), choices=_words(WORK_PLACES), validate_choice=False)
    work_months = StringField(_l("Months of work a year"), [Optional(), Length(max=10)])
    serious_illness_insured = SelectField(_l("Insured for serious illness"), choices=_YES_NO, validate_choice=False)


class HouseholdForm(BaseForm):
    """A household as the register wants it; the rules check what it means."""

    village = SelectField(_l("Village"), validate_choice=False)
    group_name = StringField(_l("Group"), [Optional(), Length(max=60)])
    registry_no = StringField(_l("Household number"), [Optional(), Length(max=30)])
    attribute = SelectField(_l("Kind of household"), validate_choice=False)
    exit_attribute = SelectField(_l("Standing"), validate_choice=False)
    main_cause = SelectField(_l("Main cause of poverty"), validate_choice=False)
    income = StringField(_l("Net income per person and year (yuan)"), [Length(max=20)])
    unsafe_house = SelectField(_l("Unsafe house"), choices=_YES_NO, validate_choice=False)
    safe_water = SelectField(_l("Safe drinking water"), choices=_YES_NO, validate_choice=False)
    scarce_water = SelectField(_l("Water is scarce"), choices=_YES_NO, validate_choice=False)
    phone = StringField(_l("Mobile number"), [Optional(), Length(max=20)])
    bank_account = StringField(_l("Bank account"), [Optional(), Length(max=40)])
    members = FieldList(FormField(MemberForm), min_entries=1, max_entries=MOST_MEMBERS)

    def offer(self, villages: Sequence[tuple[str, str]]) -> None:
        """The closed lists in the reader's language, and the villages as (code, name)."""
        self.village.choices = [SelectChoice(code, name) for code, name in villages]
        self.attribute.choices = [SelectChoice(kind.label, term(kind)) for kind in PovertyAttribute]
        self.exit_attribute.choices = [SelectChoice(standing.label, term(standing)) for standing in ExitAttribute]
        self.main_cause.choices = [
            SelectChoice("", "—"),
            *(SelectChoice(cause.label, term(cause)) for cause in PovertyCause),
        ]

    def add_member(self) -> None:
        """One more empty person, as long as there is room."""
        if len(self.members.entries) < MOST_MEMBERS:
            entry = self.members.append_entry()
            entry.form.relation.data = "之子"

    def remove_member(self, at: int) -> None:
        """Take one person out of the form; the head stays."""
        if 0 < at < len(self.members.entries) and not self.members.entries[at].form.person_no.data:
            del self.members.entries[at]

    def read(self) -> tuple[HouseholdRow, list[Finding]]:
        """What was typed, as a household, and what could not be read in it."""
        head = {column: _typed(self, name) for name, column in HOUSEHOLD_FIELDS.items() if name in self._known()}
        people = [
            (at, {column: _typed(entry.form, name) for name, column in MEMBER_FIELDS.items()})
            for at, entry in enumerate(self.members.entries, start=1)
        ]
        head["姓名"] = people[0][1]["姓名"]
        # A household without a number gets one from the service; the reader must not miss it here.
        head["户编号"] = self.registry_no.data or "0"
        notes: list[Finding] = []
        row = household_of(head, people, division=self.village.data or "", line=0, columns=frozenset(), notes=notes)
        return self._with_own_numbers(row), notes

    def show(self, findings: Sequence[Finding]) -> None:
        """Each finding's sentence at the field that it is about."""
        for finding in findings:
            sentence = say(finding.message, **finding.params)
            name = _FORM_NAMES.get(finding.field or "", finding.field)
            if finding.member is None or finding.member >= len(self.members.entries):
                add_error(self, name, sentence)
                continue
            entry = self.members.entries[finding.member].form
            field = entry._fields.get(name or "", entry.name)
            field.errors = [*field.errors, sentence]

    def faults(self) -> list["FormFault"]:
        """Every field with an error, members' fields too, in the order of the page."""
        own = [
            FormFault(f.id, str(f.label.text), sentences(f.errors)) for f in self if f.errors and f is not self.members
        ]
        for at, entry in enumerate(self.members.entries, start=1):
            for field in entry.form:
                if field.errors:
                    label = _("Member %(number)d, %(label)s", number=at, label=field.label.text)
                    own.append(FormFault(field.id, label, sentences(field.errors)))
        return own

    def _known(self) -> set[str]:
        return {*self._fields, *_FORM_NAMES}

    def _with_own_numbers(self, row: HouseholdRow) -> HouseholdRow:
        numbers = [entry.form.person_no.data or "" for entry in self.members.entries]
        members = tuple(
            type(member)(**{**_attributes(member), "person_no": number})
            for member, number in zip(row.members, numbers, strict=True)
        )
        return type(row)(**{**_attributes(row), "members": members, "registry_no": self.registry_no.data or ""})


@dataclass(frozen=True, slots=True)
class FormFault:
    """A field's id and label with what is wrong."""

    id: str
    label: str
    sentences: list[str]


class RevealForm(BaseForm):
    """Why somebody needs to see a household's full names and numbers."""

    reason = StringField(_l("Why do you need it?"), [DataRequired(_l("Say why.")), Length(max=200)])


class UploadForm(BaseForm):
    """The register's spreadsheet."""

    file = FileField(_l("Spreadsheet (.xlsx or .csv)"), [FileRequired(_l("Choose the file."))])


class ConfirmForm(BaseForm):
    """Carries the form token only."""


def prefilled(household: Household) -> MultiDict[str, str]:
    """A registered household as the form's fields; what is masked stays empty."""
    fields: dict[str, Any] = {
        "village": household.division_code,
        "group_name": household.group_name,
        "registry_no": household.registry_no,
        "attribute": household.attribute.label,
        "exit_attribute": household.exit_attribute.label,
        "main_cause": household.main_cause.label,
        "income": "" if household.income_fen is None else Money(household.income_fen).yuan.replace(",", ""),
        **{name: _flag(getattr(household, name)) for name in ("unsafe_house", "safe_water", "scarce_water")},
    }
    for at, member in enumerate(household.members):
        words = ("person_no", "relation", "ethnicity", "education", "school_status", "health", "labour", "work_place")
        fields |= {f"members-{at}-{name}": getattr(member, name) for name in words}
        fields[f"members-{at}-work_months"] = "" if member.work_months is None else str(member.work_months)
        fields[f"members-{at}-serious_illness_insured"] = _flag(member.serious_illness_insured)
    return MultiDict(fields)


def _typed(form: PlainForm, name: str) -> str:
    field = form._fields.get(_FORM_NAMES.get(name, name))
    return "" if field is None else " ".join((field.data or "").split())


def _flag(value: bool | None) -> str:
    return "" if value is None else ("是" if value else "否")


def _attributes(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
