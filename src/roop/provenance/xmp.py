"""XMP packets: add the statement that an image was made with AI to a target's packet."""

import html
import re
from dataclasses import dataclass

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source type for images partly made by a trained model."""

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_OUR_FIELDS = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")
_SENTENCE_FIELDS = (
    ("dc:description", "http://purl.org/dc/elements/1.1/"),
    ("photoshop:Instructions", "http://ns.adobe.com/photoshop/1.0/"),
)
"""Fields for the plain sentence; the first that the target does not use is taken."""

_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    "</rdf:RDF>\n</x:xmpmeta>\n"
    '<?xpacket end="w"?>'
)
_OUR_FIELD = re.compile(f":(?:{'|'.join(_OUR_FIELDS)})\\b")

_MAX_FIELDS = 100
"""Packets with more of our fields are hostile: searching the end of each takes too long."""

_END = re.compile(r"</(\w+):RDF\s*>")


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


def merge_statement(packet: bytes, statement: Statement) -> bytes:
    """Return an XMP packet with the statement added and everything else unchanged.

    Args:
        packet: The target's packet, or empty bytes. A packet that is not valid RDF is replaced.
        statement: The statement to add.
    """
    try:
        text = packet.decode("utf-8") if packet else _EMPTY
    except UnicodeDecodeError:
        text = _EMPTY
    if len(_OUR_FIELD.findall(text)) > _MAX_FIELDS:
        text = _EMPTY
    text = _without_our_fields(text)
    ends = list(_END.finditer(text))
    if not ends:
        text = _EMPTY
        ends = list(_END.finditer(text))
    end = ends[-1]
    return (
        text[: end.start()] + _description(text, end[1], statement) + text[end.start() :]
    ).encode()


def source_type(packet: bytes) -> str | None:
    """Return the IPTC digital source type in a packet, a URL; None without one."""
    found = re.search(
        rb"""DigitalSourceType(?:\s*=\s*["']|>|\s+\w+:resource\s*=\s*["'])\s*([^"'<>\s]+)""", packet
    )
    return found[1].decode("utf-8", "replace") if found else None


def _description(text: str, rdf: str, statement: Statement) -> str:
    about = re.search(r"""\babout\s*=\s*(["'])(.*?)\1""", text)
    subject = about[2] if about else ""
    values = zip(_OUR_FIELDS, (SOURCE_TYPE, statement.software, statement.version), strict=True)
    content = "".join(
        f"<Iptc4xmpExt:{name}>{html.escape(v, quote=False)}</Iptc4xmpExt:{name}>\n"
        for name, v in values
    )
    spaces = f'xmlns:Iptc4xmpExt="{_IPTC}"'
    sentence = html.escape(statement.sentence, quote=False)
    free = [field for field in _SENTENCE_FIELDS if field[0] not in text]
    if sentence not in text and free:
        name, address = free[0]
        words = sentence
        if name == "dc:description":
            item = f'<{rdf}:li xml:lang="x-default">{sentence}</{rdf}:li>'
            words = f"<{rdf}:Alt>{item}</{rdf}:Alt>"
        spaces += f' xmlns:{name.partition(":")[0]}="{address}"'
        content += f"<{name}>{words}</{name}>\n"
    return f'<{rdf}:Description {rdf}:about="{subject}" {spaces}>\n{content}</{rdf}:Description>\n'


def _without_our_fields(text: str) -> str:
    """Remove the values that other programs wrote to our fields."""
    names = "|".join(_OUR_FIELDS)
    text = re.sub(rf"""\s\w+:(?:{names})\s*=\s*(["']).*?\1""", "", text)
    text = re.sub(rf"<(\w+:(?:{names}))\b[^>]*?(?:/>|>.*?</\1\s*>)\s*", "", text, flags=re.DOTALL)
    return text
