"""What GET /openapi.json says is true: schemathesis makes requests of it, and checks the answers."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from served import serving

from trawl._transport import Transport

# Requests for each operation and phase, and seconds after which the run is given up.
EXAMPLES = int(os.environ.get("TRAWL_OPENAPI_EXAMPLES", "10"))
SECONDS = 400


def test_the_description_is_true(notes: Path, scratch: Path, tmp_path: Path) -> None:
    with serving([str(scratch)]) as server:
        description = Transport(server.url, server.api_key).json("GET", "/openapi.json")
        if "paths" not in description:
            pytest.skip("the server does not describe itself yet")
        assert description["openapi"].startswith("3.1")
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            server.url + "/openapi.json",
            "--header",
            f"Authorization: Bearer {server.api_key}",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
            "negative_data_rejection,unsupported_method",
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            str(EXAMPLES),
            "--seed",
            "1",
            "--request-timeout",
            "30",
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
