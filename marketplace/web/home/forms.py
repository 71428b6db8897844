"""Forms of the home area."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectChoice

from marketplace.web.display import Language, Size, Theme
from marketplace.web.forms import BaseForm


class DisplayForm(BaseForm):
    """How the reader wants to see the pages."""

    size = RadioField(
        _l("Type size"),
        choices=[SelectChoice(Size.NORMAL.value, _l("Normal")), SelectChoice(Size.LARGE.value, _l("Large"))],
    )
    language = RadioField(
        _l("Language"),
        choices=[SelectChoice(Language.CHINESE.value, "中文"), SelectChoice(Language.ENGLISH.value, "English")],
    )
    theme = RadioField(
        _l("Light or dark"),
        choices=[
            SelectChoice(Theme.SYSTEM.value, _l("As my device")),
            SelectChoice(Theme.LIGHT.value, _l("Light")),
            SelectChoice(Theme.DARK.value, _l("Dark")),
        ],
    )
    next = HiddenField()
