"""Writes ignore.json: what git leaves out of folders of made-up files, by made-up patterns.

    python3 Tests/CorpusTests/Golden/ignore.py

Each case has the ignore files of a few folders and a list of files; `kept` are those that git would add (git check-ignore). Needs git.
"""

import json
import random
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ["a", "b", "ab", "abc", "a.log", "b.log", "log", "build", "Build", "c d", "été", "x1", "x2", "a*b", "#c", "!d", "[e]"]
PATTERNS = [
    "*.log", "!b.log", "build/", "build", "/build", "a/b", "/a", "a/", "**/b", "a/**", "a/**/b", "**", "*", "!*/", "!a.log", "?", "x?",
    "x[0-9]", "x[!1]", "x[^2]", "[ab]", "[a-c]*", "a*c", "*b*", "**/log/**", "log/*", "!log/a", "c d", "c\\ d", "été", "é*", "?b?",
    "# a comment", "\\#c", "\\!d", "\\a", "a\\*b", "a*b", "[e]", "\\[e\\]", "[", "a[", "b/**/**/a", "/**", "a/*/b", "a ", "b\\ ", "", "/",
    "//a", "a//b", "***", "a**", "**a", "a/**b", "[z-a]", "[]a]", "[]-]", "[a-]", "[\\]]", "*/", "/*", "!/a", "ab/", "!ab/", "./a", "a/.",
]


def case(generator: random.Random) -> dict[str, object]:
    files = set()
    while len(files) < 14:
        path = "/".join(generator.choice(NAMES) for _ in range(generator.randrange(1, 5)))
        # A name is a file or a folder, not both.
        if not any(path.startswith(other + "/") or other.startswith(path + "/") for other in files):
            files.add(path)
    folders = sorted({path.rpartition("/")[0] for path in files})
    ignores = {}
    for folder in [""] + generator.sample(folders, min(2, len(folders))):
        ignores[folder] = "".join(generator.choice(PATTERNS) + "\n" for _ in range(generator.randrange(1, 5)))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        subprocess.run(["git", "init", "-q", name], check=True)
        for path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("text\n")
        for folder, text in ignores.items():
            (root / folder / ".gitignore").write_text(text)
        found = subprocess.run(
            ["git", "-C", name, "-c", "core.excludesFile=/dev/null", "ls-files", "-z", "--others", "--exclude-standard"], check=True,
            capture_output=True).stdout.decode().split("\0")
    return {"files": sorted(files), "ignore": ignores, "kept": sorted(path for path in found if path in files)}


def main() -> None:
    generator = random.Random(1)
    cases = [case(generator) for _ in range(250)]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in cases)
    (HERE / "ignore.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
