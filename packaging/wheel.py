"""Makes the Python wheel, which carries the program and the models that come with it.

    python3 packaging/wheel.py PACKAGE PROGRAM VERSION SHARED OUTPUT

PACKAGE is the folder of pyproject.toml and the Python package, SHARED has share/ and licences/. The wheel is for every
Python 3. Its manylinux tag is that of the newest glibc symbol that the program or a library beside it needs.
"""

import base64
import hashlib
import os
import platform
import re
import subprocess
import sys
import tomllib
import zipfile

# What every manylinux system has.
SYSTEM = re.compile(r"(linux-vdso|ld-linux.*|libc|libm|libpthread|libdl|librt|libgcc_s|libstdc\+\+)\.so.*")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program):
    """The shared libraries that the program needs, but for those of the system: paths by name."""
    found = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", program), re.MULTILINE))
    needed = re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", program))
    missing = [name for name in needed if not SYSTEM.fullmatch(name) and not found.get(name, "").startswith("/")]
    if missing:
        sys.exit(f"packaging/wheel.py: {program} needs {', '.join(missing)}, not found")
    return {name: os.path.realpath(found[name]) for name in needed if not SYSTEM.fullmatch(name)}


def glibc(files):
    """The newest version of glibc that the files need, such as (2, 35)."""
    versions = [
        tuple(map(int, version))
        for file in files
        for version in re.findall(r"GLIBC_(\d+)\.(\d+)", output("objdump", "-T", file))
    ]
    return max(versions)


def metadata(project, version, readme):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {version}"]
    lines.append(f"Summary: {project['description']}")
    if "requires-python" in project:
        lines.append(f"Requires-Python: {project['requires-python']}")
    licence = project.get("license")
    if licence:
        lines.append(f"License: {licence if isinstance(licence, str) else licence.get('text', '')}")
    lines += [f"Classifier: {classifier}" for classifier in project.get("classifiers", [])]
    lines += [f"Requires-Dist: {requirement}" for requirement in project.get("dependencies", [])]
    for extra, requirements in project.get("optional-dependencies", {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {requirement} ; extra == "{extra}"' for requirement in requirements]
    return "\n".join(lines + ["Description-Content-Type: text/markdown", "", readme])


def files_of(folder, prefix):
    """Files by their names in the wheel."""
    files = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(parent, name)
            files[f"{prefix}/{os.path.relpath(path, folder)}"] = path
    return files


def main(package, program, version, shared, folder):
    with open(f"{package}/pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    name = project["name"]
    beside = libraries(program)
    major, minor = glibc([program, *beside.values()])
    tag = f"py3-none-manylinux_{major}_{minor}_{platform.machine()}"
    info = f"{name}-{version}.dist-info"

    files = files_of(f"{package}/{name}", name)
    files[f"{name}/bin/trawl"] = program
    files |= {f"{name}/lib/{library}": path for library, path in beside.items()}
    files |= files_of(f"{shared}/share", f"{name}/share")
    files |= files_of(f"{shared}/licences", f"{info}/licenses")
    with open("README.md", encoding="utf-8") as file:
        readme = file.read()
    scripts = "".join(f"{script} = {target}\n" for script, target in project.get("scripts", {}).items())
    texts = {
        f"{info}/METADATA": metadata(project, version, readme),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: trawl\nRoot-Is-Purelib: false\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{scripts}",
    }

    path = f"{folder}/{name}-{version}-{tag}.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(member, content, mode):
            entry = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{member},sha256={digest},{len(content)}")

        for member, source in sorted(files.items()):
            with open(source, "rb") as file:
                add(member, file.read(), 0o755 if member == f"{name}/bin/trawl" else 0o644)
        for member, text in texts.items():
            add(member, text.encode(), 0o644)
        record.append(f"{info}/RECORD,,")
        archive.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
