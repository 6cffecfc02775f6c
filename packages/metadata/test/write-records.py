"""Random records through the writers of Python's own library, and PyYAML where it is: one JSON line for each record."""
import csv
import io
import json
import random
import sys
import xml.etree.ElementTree as ET

try:
    import yaml
except ImportError:
    yaml = None

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
dice = random.Random(SEED)
KEYS = ["id", "name", "Agent-Name", "notes", "amount", "when", "é", "x.y", "_z", "Kunde", "toString"]
WORDS = [
    "0042", "+14694519385", "12345678901234567890", "0E68", "1.10", "null", "NULL", "true", "yes", "No", "~", "-0",
    "0x1F", "0o17", "1e5", ".5", "Infinity", "NaN", "2021-05-11", "12:30", "1_000", "=1+1", "-", "- a", "a: b", "#x", " # x",
    "'", '"', "''", '""', "it's", '"q"', "\\", "\\n", "a,b", "a;b", "a\tb", "a|b", "a\nb", "\n", "x\n", "\n\nx", " lead", "trail ", "",
    "&amp;", "<b>", "]]>", "<!--", "{", "}", "[x]", "*a", "&a", "!t", "%x", "@x", "`x`", "|", ">", "? x", ": x", "é", "ß", "Ω",
    "שלום", "مرحبا", "山田", "😀", "👨‍👩‍👧", "\u00a0", "\u200b", "\u2028", "\u0085", "\ufeff", "sep=;", "<<", "---", "...", "--- x",
]


def value():
    roll = dice.random()
    if roll < 0.6:
        return dice.choice(WORDS)
    if roll < 0.9:
        return "".join(dice.choice(WORDS) for _ in range(dice.randint(2, 5)))
    return "".join(chr(dice.choice([dice.randint(32, 126), dice.randint(160, 0x2FFF), dice.randint(0x1F300, 0x1F64F)])) for _ in range(dice.randint(1, 20)))


def as_csv(fields):
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=dice.choice([",", ";", "\t", "|"]),
        quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        lineterminator=dice.choice(["\n", "\r\n"]),
    )
    writer.writerow(fields.keys())
    writer.writerow(fields.values())
    return dice.choice(["", "\ufeff"]) + out.getvalue()


def as_xml(fields):
    root = ET.Element("call")
    for key, text in fields.items():
        ET.SubElement(root, key).text = text
    if dice.random() < 0.3:
        ET.indent(root)
    # The library writes a reference where a name has a character that the encoding lacks, which is no XML.
    # And what others name ISO-8859-1 is Windows-1252, where the byte of U+0085 is another character.
    has_control = any("\u0085" in text for text in fields.values())
    encoding = "utf-8" if "é" in fields or has_control else dice.choice(["utf-8", "us-ascii", "iso-8859-1"])
    return ET.tostring(root, encoding=encoding, xml_declaration=dice.random() < 0.7 or None)


for _ in range(COUNT):
    keys = ["id"] + dice.sample(KEYS[1:], dice.randint(1, 6))
    fields = {key: value() for key in keys}
    fields["id"] = "x" + fields["id"]
    written = {
        "json": json.dumps(fields, ensure_ascii=dice.random() < 0.5, indent=dice.choice([None, 2])).encode(),
        "csv": as_csv(fields).encode(),
        "xml": as_xml(fields),
    }
    # Line breaks of YAML 1.1, which PyYAML folds as such, and not of YAML 1.2, in which they are read.
    has_old_breaks = any(character in text for text in fields.values() for character in "\u0085\u2028\u2029")
    if yaml is not None and not has_old_breaks:
        written["yaml"] = yaml.safe_dump(
            fields,
            allow_unicode=dice.random() < 0.5,
            default_style=dice.choice([None, None, '"', "'", "|", ">"]),
            default_flow_style=dice.random() < 0.3,
            sort_keys=False,
            width=dice.choice([20, 80, 1000]),
        ).encode()
    hexes = {name: data.hex() for name, data in written.items()}
    print(json.dumps({"fields": fields, "written": hexes}))
