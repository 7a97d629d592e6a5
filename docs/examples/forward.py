#!/usr/bin/env python3
"""A model for CodeTracer that is a program: passes each request on to a server.

    codetracer analyze RUN --model "exec:python3 forward.py http://127.0.0.1:8000/v1 my-model"

For servers that want something of their own: another header, another field, a key from a file.
One process answers one request: it comes on standard input as one JSON object, and the answer goes
to standard output. Whatever is written to standard error is shown if the program fails.
"""

import argparse
import json
import pathlib
import sys
import urllib.error
import urllib.request


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("base", help="the address, up to /v1")
    options.add_argument("model", help="the server's name for the model")
    options.add_argument("--key-file", type=pathlib.Path, help="a file that holds the key")
    options = options.parse_args()

    request = json.load(sys.stdin)
    # The name that came is that of this program.
    request["model"] = options.model

    headers = {"content-type": "application/json"}
    if options.key_file:
        headers["authorization"] = "Bearer " + options.key_file.read_text().strip()
    call = urllib.request.Request(
        options.base.rstrip("/") + "/chat/completions",
        data=json.dumps(request).encode(),
        headers=headers,
    )
    try:
        with urllib.request.urlopen(call) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as refusal:
        # An answer too: with the status, CodeTracer knows whether to ask again.
        words = refusal.read().decode(errors="replace")
        answer = {"error": {"code": refusal.code, "message": words[:300]}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
