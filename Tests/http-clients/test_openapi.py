"""What GET /openapi.json says is true: schemathesis makes requests of it, and checks the answers."""
import os
import subprocess
import sys
from pathlib import Path

from served import build_index, serving

from trawl._transport import Transport

# Requests for each operation and phase, and seconds after which the run is given up.
EXAMPLES = int(os.environ.get("TRAWL_OPENAPI_EXAMPLES", "10"))
SECONDS = 400


# Positive data may be refused all the same: a filter has a syntax of its own, and a phrase may be too long.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance," \
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method," \
    "allow_header_conformance,use_after_free,ignored_auth"
CONFIGURATION = """
[parameters]
"path.name" = "scratch"
"""


def test_the_description_is_true(corpus: Path, binary: str, tmp_path: Path) -> None:
    index = tmp_path / "scratch.trawl"
    build_index(binary, corpus, index, "lexical,dense,generative")
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    with serving([str(index)]) as server:
        description = Transport(server.url, server.api_key).json("GET", "/openapi.json")
        assert description["openapi"].startswith("3.1")
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file",
            str(tmp_path / "schemathesis.toml"),
            "run",
            server.url + "/openapi.json",
            "--header",
            f"Authorization: Bearer {server.api_key}",
            "--checks",
            CHECKS,
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            str(EXAMPLES),
            "--seed",
            "1",
            "--request-timeout",
            "30",
            "--generation-database",
            "none",
            "--no-color",
        ]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "json_lines", "PYTHONPATH": str(Path(__file__).parent)}
        run = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, env=environment
        )
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
