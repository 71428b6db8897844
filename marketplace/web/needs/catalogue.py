"""The catalogue as its county keeps it: list, search, own prices, new items, CSV in and out."""

import io

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace.core.divisions import Level
from marketplace.core.errors import Invalid, NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, find_member
from marketplace.core.money import Money, parse_money
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import bands
from marketplace.needs.bands import Band
from marketplace.needs.catalogue import read_rows
from marketplace.regions.queries import list_level, place_name
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.i18n import say
from marketplace.web.needs.blueprint import bp

_KEEPS = requires(Permission.CATALOGUE_KEEP)
_FILLED = InputRequired(_l("Please fill this in."))
_LONGEST_FILE = 400_000


class BandForm(BaseForm):
    """What an item costs here, in yuan, and where that is from."""

    low = StringField(_l("Lowest price, in yuan"), [_FILLED])
    typical = StringField(_l("Usual price, in yuan"), [_FILLED])
    high = StringField(_l("Highest price, in yuan"), [_FILLED])
    basis = StringField(_l("Where the price is from"), [_FILLED, Length(max=60)])
    is_offered = BooleanField(_l("Needs in this county may be made of it"))

    def band(self) -> Band:
        """The figures in fen; Invalid at the field that is no amount."""
        low, typical, high = (_fen(self[name].data, field=name) for name in ("low", "typical", "high"))
        return Band(low, typical, high, self.basis.data.strip(), bool(self.is_offered.data), True)


class ItemForm(BandForm):
    """A new item of the catalogue."""

    code = StringField(_l("Code: small letters, digits, hyphens"), [_FILLED, Length(max=40)])
    name = StringField(_l("Name, for example 棉被"), [_FILLED, Length(max=58)])
    variant = StringField(_l("Size or variant, for example 3 公斤，双人"), [Optional(), Length(max=40)])
    unit = StringField(_l("Counted in"), [_FILLED, Length(max=16)])
    kind = SelectField(_l("Way of helping"))
    category = SelectField(_l("For what"))
    most = StringField(_l("The most for one household"), [_FILLED])
    winter = BooleanField(_l("Asked for in winter"))

    def offer(self) -> None:
        """The closed lists."""
        self.kind.choices = [(kind.value, term(kind)) for kind in SupportKind]
        self.category.choices = [(category.value, term(category)) for category in NeedCategory]

    def row(self) -> dict[str, str]:
        """As a row of the file."""
        named = ("code", "name", "variant", "unit", "kind", "category", "low", "typical", "high", "most", "basis")
        return {name: (self[name].data or "").strip() for name in named} | {"winter": "1" if self.winter.data else "0"}


class FileForm(BaseForm):
    """Rows of a file as text, so that they go from the dry run to the writing without being chosen again."""

    rows = TextAreaField(_l("The file's rows"), [Length(max=_LONGEST_FILE)])


@bp.get("/desk/catalogue")
@_KEEPS
def catalogue() -> ResponseReturnValue:
    """Every item with this county's price band."""
    words, category = request.args.get("q", "")[:60], find_member(NeedCategory, request.args.get("c"))
    area = _county()
    return _list_page(area, words=words, category=category)


@bp.get("/desk/catalogue.csv")
@_KEEPS
def catalogue_csv() -> ResponseReturnValue:
    """The catalogue as a file that can be changed and brought back."""
    text = bands.csv_of(bands.rows_of(area=_county()))
    headers = {"Content-Disposition": "attachment; filename=jiedui-catalogue.csv"}
    return Response(text, mimetype="text/csv", headers=headers)


@bp.post("/desk/catalogue/import")
@_KEEPS
def catalogue_import() -> ResponseReturnValue:
    """First what a file would do, row by row; sent again from that page, it is done."""
    area, form = _county(), FileForm()
    if not form.validate_on_submit():
        return _list_page(area, file_form=form), 422
    upload = request.files.get("file")
    with form_errors(form):
        text = _text(upload.read(_LONGEST_FILE + 1)) if upload else (form.rows.data or "")
        if not text.strip():
            raise Invalid("Choose the file.", field="file")
        is_dry = "apply" not in request.form
        with transaction():
            rows = read_rows(io.StringIO(text, newline=""))
            changes = bands.import_rows(rows, area=area, by=current_actor(), now=utc_now(), dry_run=is_dry)
        if is_dry or any(change.act == "refused" for change in changes):
            return render_template(
                "needs/catalogue_import.html",
                changes=changes,
                whys={change.row: say(change.why, **(change.params or {})) for change in changes if change.why},
                may_apply=bool(changes) and not any(change.act == "refused" for change in changes),
                form=FileForm(formdata=None, rows=text),
                county=area,
            )
        flash(_("%(count)s rows are written.", count=len(changes)))
        return redirect(url_for(".catalogue", county=area), 303)
    return _list_page(area, file_form=form), 422


@bp.route("/desk/catalogue/new", methods=["GET", "POST"])
@_KEEPS
def catalogue_new() -> ResponseReturnValue:
    """Add an item."""
    area = _county()
    form = ItemForm(data={"is_offered": True, "most": "1"})
    form.offer()
    if form.validate_on_submit():
        with form_errors(form):
            form.band()
            with transaction():
                item = bands.add_item(form.row(), area=area, by=current_actor(), now=utc_now())
                name = item.full_name
            flash(_("“%(name)s” is in the catalogue.", name=name))
            return redirect(url_for(".catalogue", county=area, q=name), 303)
    page = render_template("needs/catalogue_item.html", form=form, item=None, own=None, county=area)
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/catalogue/<code>", methods=["GET", "POST"])
@_KEEPS
def catalogue_item(code: str) -> ResponseReturnValue:
    """Set what an item costs in this county, or take it out of the county's list."""
    area, item = _county(), bands.get_item(code)
    own = bands.bands_for([item], area=area)[item.id]
    form = BandForm(
        data={
            "low": Money(own.low_fen).short,
            "typical": Money(own.typical_fen).short,
            "high": Money(own.high_fen).short,
            # What stands there now is no source of the county's own.
            "basis": own.basis if own.is_own else "",
            "is_offered": own.is_offered,
        }
    )
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                bands.set_band(code, area=area, band=form.band(), by=current_actor(), now=utc_now())
            flash(_("The changes are saved."))
            return redirect(url_for(".catalogue", county=area), 303)
    page = render_template("needs/catalogue_item.html", form=form, item=item, own=own, county=area)
    return page, 422 if form.is_submitted() else 200


def _list_page(
    area: str, *, words: str = "", category: NeedCategory | None = None, file_form: FileForm | None = None
) -> str:
    return render_template(
        "needs/catalogue.html",
        rows=bands.list_catalogue(area=area, words=words, category=category),
        words=words,
        category=category,
        categories=list(NeedCategory),
        county=area,
        counties=_counties(),
        form=file_form or FileForm(formdata=None),
    )


def _counties() -> list[tuple[str, str]]:
    """The counties that this person keeps the catalogue of."""
    areas = current_actor().areas(Permission.CATALOGUE_KEEP)
    found = [county.code for area in areas for county in list_level(Level.COUNTY, area=area)]
    return [(code, place_name(code)) for code in dict.fromkeys(found)]


def _county() -> str:
    """The county that was asked for, else the first of one's own."""
    own = [code for code, _name in _counties()]
    wanted = request.values.get("county") or (own[0] if own else "")
    if wanted not in own:
        raise NotFound("There is nothing here that you may see.")
    return wanted


def _fen(typed: str | None, *, field: str) -> int:
    text = (typed or "").strip()
    if text in ("0", "0.00"):
        return 0
    try:
        return parse_money(text).fen
    except Invalid as error:
        raise Invalid(error.message, field=field, **error.params) from error


def _text(content: bytes) -> str:
    """UTF-8, or what spreadsheets in China save."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("The file cannot be read: save it as CSV in UTF-8.", field="file")
