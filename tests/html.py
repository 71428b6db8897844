"""One check that every page in the tests passes, and the forms that a page offers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNLABELLED = {"hidden", "submit", "button", "image", "reset"}


@dataclass
class Element:
    """One tag with its attributes, text and children."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)
    parent: "Element | None" = None

    def walk(self) -> "Iterator[Element]":
        """This element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, *tags: str) -> "list[Element]":
        """Every element below with one of these tags."""
        return [element for element in self.walk() if element.tag in tags]

    @property
    def text(self) -> str:
        """The words inside, with single spaces."""
        return " ".join("".join(c if isinstance(c, str) else f" {c.text} " for c in self.children).split())

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document")
        self._at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=self._at)
        self._at.children.append(element)
        if tag not in _VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        at: Element | None = self._at
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self._at = at.parent

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)


def parse(page: str) -> Element:
    """The page as a tree."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    return builder.root


@dataclass(frozen=True)
class Form:
    """What a browser would send from a form that nobody has touched."""

    action: str
    method: str
    fields: dict[str, list[str]]
    buttons: tuple[tuple[str, str], ...]


def forms(page: str) -> list[Form]:
    """The forms of a page: those of its main part first, then those of its frame (logging out, searching)."""
    root = parse(page)
    inside = [form for main in root.all("main") for form in main.all("form")]
    return [form_of(e) for e in (*inside, *(f for f in root.all("form") if not any(f is i for i in inside)))]


def form_of(element: Element) -> Form:
    """What a browser would send from this form element."""
    fields: dict[str, list[str]] = {}
    buttons: list[tuple[str, str]] = []
    for control in element.all("input", "textarea", "select", "button"):
        name, kind = control["name"], control["type"]
        if control.tag == "button" or kind == "submit":
            buttons.append((name, control["value"]))
        elif name and "disabled" not in control.attributes:
            fields.setdefault(name, []).extend(_values(control))
    return Form(element["action"], (element["method"] or "get").lower(), fields, tuple(buttons))


def _values(control: Element) -> list[str]:
    if control.tag == "textarea":
        return ["".join(c for c in control.children if isinstance(c, str)).removeprefix("\n")]
    if control.tag == "select":
        options = control.all("option")
        chosen = [o for o in options if "selected" in o.attributes]
        if not chosen and "multiple" not in control.attributes:
            chosen = options[:1]
        return [o.attributes.get("value", o.text) for o in chosen]
    if control["type"] in ("checkbox", "radio"):
        return [control.attributes.get("value", "on")] if "checked" in control.attributes else []
    return [] if control["type"] == "file" else [control["value"]]


def faults(page: str) -> list[str]:
    """What is wrong with a page; an empty list for a good one."""
    root = parse(page)
    return [
        *_heading_faults(root),
        *_label_faults(root),
        *_form_faults(root),
        *_id_faults(root),
        *_policy_faults(root),
    ]


def _heading_faults(root: Element) -> Iterator[str]:
    if len(root.all("h1")) != 1:
        yield f"{len(root.all('h1'))} h1 instead of one"
    titles = [t for t in root.all("title") if t.parent and t.parent.tag == "head"]
    if len(titles) != 1 or not titles[0].text:
        yield "no title"
    if not any(html["lang"] for html in root.all("html")):
        yield "html without lang"
    for image in root.all("img"):
        if "alt" not in image.attributes:
            yield f"img without alt: {image['src']}"


def _label_faults(root: Element) -> Iterator[str]:
    labelled = {label["for"] for label in root.all("label") if label["for"] and label.text}
    for control in root.all("input", "select", "textarea"):
        if control["type"] in _UNLABELLED:
            continue
        named = control["aria-label"] or control["aria-labelledby"] or control["id"] in labelled
        if not named and not _inside_label(control):
            yield f"{control.tag} without a label: {control['name'] or control['id']}"
    for button in root.all("button", "a"):
        images = [e for e in button.walk() if e["aria-label"] or e["alt"] or e.tag == "title"]
        if not button.text and not button["aria-label"] and not images:
            yield f"{button.tag} without words: {button['href'] or button['name']}"


def _inside_label(control: Element) -> bool:
    at = control.parent
    while at is not None:
        if at.tag == "label" and at.text:
            return True
        at = at.parent
    return False


def _form_faults(root: Element) -> Iterator[str]:
    for form in root.all("form"):
        if form["method"].lower() != "post":
            continue
        tokens = [i for i in form.all("input") if i["name"] == "csrf_token" and i["value"]]
        if len(tokens) != 1:
            yield f"{len(tokens)} CSRF tokens in the form {form['action']!r}"


def _id_faults(root: Element) -> Iterator[str]:
    ids = Counter(element["id"] for element in root.walk() if "id" in element.attributes)
    for name, count in ids.items():
        if count > 1 or not name:
            yield f"id {name!r} stands {count} times"
    for element in root.walk():
        for attribute in ("for", "aria-describedby", "aria-labelledby"):
            for name in element[attribute].split():
                if name not in ids:
                    yield f"{attribute} points to no id: {name}"


def _policy_faults(root: Element) -> Iterator[str]:
    """What the content security policy would refuse."""
    for element in root.walk():
        if "style" in element.attributes or element.tag == "style":
            yield f"inline style in {element.tag}"
        if element.tag == "script" and not element["src"]:
            yield "inline script"
        for name in element.attributes:
            if name.startswith("on"):
                yield f"inline handler {name} in {element.tag}"
