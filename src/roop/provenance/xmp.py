"""XMP packets: add the statement that an image was made with AI to a target's packet.

A packet is parsed as XML and written anew, so that no prefix, comment or damage hides what it says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError

from roop.types import Warn

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source type for images partly made by a trained model."""

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_OUR_FIELDS = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")
_OTHER_CLAIMS = ("DigitalSourcefileType", "DigitalSourceFileType")
"""Older names of the first of them."""
_TERMS = "newscodes/digitalsourcetype/"
"""Part of the address of every digital source type."""
_SENTENCE_FIELDS = (
    ("dc:description", "http://purl.org/dc/elements/1.1/"),
    ("photoshop:Instructions", "http://ns.adobe.com/photoshop/1.0/"),
)
"""Fields for the plain sentence; the first that the target does not use is taken."""

_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">\n</rdf:RDF></x:xmpmeta>'
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END = '\n<?xpacket end="w"?>'

_MOST_BYTES, _MOST_NODES, _DEEPEST = 4 << 20, 50_000, 50
"""A packet of more bytes, nodes or levels is hostile, and is replaced."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement about an output, the same in all marks."""

    software: str
    version: str
    engine: str
    models: tuple[str, ...]
    """Catalogue names of the networks used."""
    sentence: str
    """The statement in plain words."""


def merge_statement(packet: bytes, statement: Statement, room: int, warn: Warn) -> bytes:
    """Return an XMP packet with the statement added to what the target's says otherwise.

    Args:
        packet: The target's packet, or empty bytes. One that is no valid XMP is replaced.
        statement: The statement to add.
        room: Bytes that the new packet may have at most; if it gets longer, only the statement is
            written.
        warn: Called if the target's packet is not kept.
    """
    descriptions = _descriptions(packet)
    if descriptions is not None:
        merged = _packet(descriptions, statement)
        if len(merged) <= room:
            return merged
    warn("the target's XMP data are too long or damaged, and are left out")
    return _packet([], statement)


def new_packet(statement: Statement) -> bytes:
    """Return an XMP packet with nothing but the statement."""
    return _packet([], statement)


def source_type(packet: bytes) -> str | None:
    """Return the IPTC digital source type in a packet, a URL; None without one."""
    for description in _descriptions(packet, clean=False) or ():
        for node in _elements(description):
            if node.localName == _OUR_FIELDS[0]:
                return node.getAttributeNS(_RDF, "resource") or _text(node).strip() or None
            for name in _attributes(node):
                if name.localName == _OUR_FIELDS[0]:
                    return name.value or None
    return None


def _descriptions(packet: bytes, *, clean: bool = True) -> list[minidom.Element] | None:
    """Return the descriptions in a packet, without claims of how the image was made.

    Returns:
        The elements, each with the namespaces that it needs; None if the packet is not valid.
    """
    packet = packet.strip(b"\0 \r\n\t")
    if not packet:
        return []
    if len(packet) > _MOST_BYTES or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return None
    try:
        document = minidom.parseString(packet)  # it has neither DTD nor entities
    except (ExpatError, ValueError, LookupError):
        return None
    root = document.documentElement
    if root is None or not _is_bounded(root):
        return None
    found = []
    for rdf in (node for node in _elements(root) if _is(node, _RDF, "RDF")):
        for child in [*rdf.childNodes]:
            if isinstance(child, minidom.Element) and _is(child, _RDF, "Description"):
                _declare_namespaces(child)
                found.append(child)
    if clean:
        for description in found:
            _clean(description)
    return found


def _is_bounded(root: minidom.Element) -> bool:
    nodes, levels = 0, [[root]]
    while levels[-1]:
        nodes += len(levels[-1])
        if nodes > _MOST_NODES or len(levels) > _DEEPEST:
            return False
        levels.append(
            [cast(minidom.Element, child) for node in levels[-1] for child in node.childNodes]
        )
    return True


def _elements(root: minidom.Element) -> Iterator[minidom.Element]:
    """Yield an element and all below it."""
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, minidom.Element):
            yield node
            waiting += [*node.childNodes][::-1]


def _attributes(element: minidom.Element) -> list[minidom.Attr]:
    return [*element.attributes.values()]


def _is(element: minidom.Element, space: str, name: str) -> bool:
    return element.namespaceURI == space and element.localName == name


def _declare_namespaces(element: minidom.Element) -> None:
    """Copy the declarations of the elements around it, which are not written."""
    around = element.parentNode
    while around is not None and around.nodeType == Node.ELEMENT_NODE:
        for each in _attributes(around):
            if each.namespaceURI == _XMLNS and not element.hasAttribute(each.name):
                element.setAttributeNS(_XMLNS, each.name, each.value)
        around = around.parentNode


def _clean(description: minidom.Element) -> None:
    """Remove comments, and what other programs say about how the image was made."""
    for element in list(_elements(description)):
        for child in [*element.childNodes]:
            if isinstance(child, minidom.CDATASection):
                element.replaceChild(minidom.Document().createTextNode(child.data), child)
            elif not isinstance(child, minidom.Element | minidom.Text) or (
                isinstance(child, minidom.Element) and _claims(child.localName, _text(child))
            ):
                element.removeChild(child)
        for name in _attributes(element):
            if name.namespaceURI != _XMLNS and _claims(name.localName, name.value):
                if element is description or name.localName != "resource":
                    element.removeAttributeNode(name)
                elif element.parentNode is not None:
                    element.parentNode.removeChild(element)
                    break


def _claims(name: str, value: str) -> bool:
    return name in _OUR_FIELDS or name in _OTHER_CLAIMS or _TERMS in value.lower()


def _text(element: minidom.Element) -> str:
    """Return the text directly inside of an element."""
    # A CDATA section is a text node, too.
    return "".join(child.data for child in element.childNodes if isinstance(child, minidom.Text))


def _packet(descriptions: list[minidom.Element], statement: Statement) -> bytes:
    document = minidom.parseString(_EMPTY)  # our own
    root = cast(minidom.Element, document.documentElement)
    rdf = cast(minidom.Element, root.firstChild)
    for description in descriptions:
        rdf.appendChild(document.importNode(description, deep=True))
    about = next((d.getAttributeNS(_RDF, "about") for d in descriptions), "")
    rdf.appendChild(_description(document, about, statement, descriptions))
    return (_BEGIN + root.toxml() + _END).encode()


def _description(
    document: minidom.Document,
    about: str,
    statement: Statement,
    others: list[minidom.Element],
) -> minidom.Element:
    """Return the element with the statement."""
    ours = document.createElementNS(_RDF, "rdf:Description")
    ours.setAttributeNS(_XMLNS, "xmlns:rdf", _RDF)
    ours.setAttributeNS(_XMLNS, "xmlns:Iptc4xmpExt", _IPTC)
    ours.setAttributeNS(_RDF, "rdf:about", about)

    def add(parent: minidom.Element, space: str, name: str, text: str = "") -> minidom.Element:
        child = document.createElementNS(space, name)
        if text:
            child.appendChild(document.createTextNode(text))
        parent.appendChild(child)
        return child

    for name, value in zip(
        _OUR_FIELDS, (SOURCE_TYPE, statement.software, statement.version), strict=True
    ):
        add(ours, _IPTC, f"Iptc4xmpExt:{name}", value)
    inside = [element for other in others for element in _elements(other)]
    if any(statement.sentence in _text(element) for element in inside):
        return ours
    used = {(element.namespaceURI, element.localName) for element in inside}
    used |= {(a.namespaceURI, a.localName) for other in others for a in _attributes(other)}
    free = [f for f in _SENTENCE_FIELDS if (f[1], f[0].partition(":")[2]) not in used]
    if free:
        name, space = free[0]
        ours.setAttributeNS(_XMLNS, f"xmlns:{name.partition(':')[0]}", space)
        if name == "dc:description":
            alternatives = add(add(ours, space, name), _RDF, "rdf:Alt")
            item = add(alternatives, _RDF, "rdf:li", statement.sentence)
            item.setAttribute("xml:lang", "x-default")
        else:
            add(ours, space, name, statement.sentence)
    return ours
