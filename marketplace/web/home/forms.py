"""Forms of the home area."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField

from marketplace.web.display import Language, Size, Theme
from marketplace.web.forms import BaseForm


class DisplayForm(BaseForm):
    """How the reader wants to see the pages."""

    size = RadioField(
        _l("Type size"),
        choices=[(Size.NORMAL.value, _l("Normal")), (Size.LARGE.value, _l("Large"))],
    )
    language = RadioField(
        _l("Language"),
        choices=[(Language.CHINESE.value, "中文"), (Language.ENGLISH.value, "English")],
    )
    theme = RadioField(
        _l("Light or dark"),
        choices=[
            (Theme.SYSTEM.value, _l("As my device")),
            (Theme.LIGHT.value, _l("Light")),
            (Theme.DARK.value, _l("Dark")),
        ],
    )
    next = HiddenField()
