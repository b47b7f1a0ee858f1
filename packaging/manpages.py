"""Writes man pages of a command and its sub-commands from the description that the command gives of itself.

    trawl --experimental-dump-help | python3 packaging/manpages.py VERSION FOLDER

Makes FOLDER/trawl.1, FOLDER/trawl-query.1, FOLDER/trawl-train-weights.1 and so on.
"""

import json
import os
import sys


def roff(text):
    """Text with what troff would obey escaped."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def spelling(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def value(argument):
    return argument.get("valueName") or "value"


def heading(argument):
    """The line above an argument's help, such as `-o, --output <file>`."""
    if argument["kind"] == "positional":
        text = f"\\fI{roff(value(argument))}\\fR"
    else:
        names = sorted(argument.get("names") or [], key=lambda name: name["kind"] == "long")
        text = ", ".join(f"\\fB{roff(spelling(name))}\\fR" for name in names)
        if argument["kind"] == "option":
            text += f" \\fI{roff(value(argument))}\\fR"
    return text + (" ..." if argument.get("isRepeating") else "")


def details(argument):
    text = argument.get("abstract") or ""
    if argument.get("discussion"):
        text += "\n" + argument["discussion"]
    notes = []
    if argument.get("allValues") and argument["kind"] != "flag":
        notes.append("values: " + ", ".join(argument["allValues"]))
    if argument.get("defaultValue") is not None and "(default:" not in text:
        notes.append("default: " + argument["defaultValue"])
    return text + (f" ({'; '.join(notes)})" if notes else "")


def usage(argument):
    if argument["kind"] == "positional":
        text = f"\\fI{roff(value(argument))}\\fR"
    else:
        text = f"\\fB{roff(spelling(argument['preferredName']))}\\fR"
        if argument["kind"] == "option":
            text += f" \\fI{roff(value(argument))}\\fR"
    return text if not argument.get("isOptional") else f"[{text}]"


def discussion(text):
    """Paragraphs, headings in capitals, and lines that begin with spaces as they are."""
    out = []
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if lines[0].isupper() and not lines[0].startswith(" "):
            out.append(f".SH {roff(lines.pop(0))}")
        elif out:
            out.append(".PP")
        verbatim = False
        for line in lines:
            if line.startswith(" ") != verbatim:
                verbatim = not verbatim
                out.append(".nf" if verbatim else ".fi")
            out.append(roff(line))
        if verbatim:
            out.append(".fi")
    return out


def page(command, path, version):
    name = "-".join(path)
    lines = [
        f'.TH "{roff(name.upper())}" "1" "" "trawl {version}" "User Commands"',
        ".SH NAME",
        f"{roff(name)} \\- {roff((command.get('abstract') or '').rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    arguments = [argument for argument in command.get("arguments") or [] if argument.get("shouldDisplay", True)]
    children = [child for child in command.get("subcommands") or [] if child["commandName"] != "help"]
    required = [usage(argument) for argument in arguments if argument["kind"] != "positional" and not argument.get("isOptional")]
    positional = [usage(argument) for argument in arguments if argument["kind"] == "positional"]
    words = [f"\\fB{roff(' '.join(path))}\\fR"] + (["\\fIcommand\\fR"] if children else []) + ["[\\fIoptions\\fR]"]
    lines.append(" ".join(words + required + positional))
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        lines += discussion(command["discussion"])
    for title, kinds in [("ARGUMENTS", {"positional"}), ("OPTIONS", {"option", "flag"})]:
        chosen = [argument for argument in arguments if argument["kind"] in kinds]
        if chosen:
            lines.append(f".SH {title}")
        section = None
        for argument in chosen:
            if argument.get("sectionTitle") not in (None, section):
                section = argument["sectionTitle"]
                lines.append(f".SS {roff(section)}")
            lines += [".TP", heading(argument), roff(details(argument))]
    if children:
        lines.append(".SH COMMANDS")
        for child in children:
            full = "-".join(path + [child["commandName"]])
            lines += [".TP", f"\\fB{roff(full)}\\fR(1)", roff(child.get("abstract") or "")]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{roff('-'.join(path[:-1]))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def write(command, path, version, folder):
    if command["commandName"] == "help":
        return
    path = path + [command["commandName"]]
    with open(os.path.join(folder, "-".join(path) + ".1"), "w", encoding="utf-8") as file:
        file.write(page(command, path, version))
    for child in command.get("subcommands") or []:
        write(child, path, version, folder)


if __name__ == "__main__":
    write(json.load(sys.stdin)["command"], [], sys.argv[1], sys.argv[2])
