#!/usr/bin/env python3
"""A model for CodeTracer that is a person: shows what is asked and writes what they answer.

    codetracer analyze RUN --model file:calls --timeout 3600   # in one terminal
    python3 answer.py calls                                    # in another

Requests are calls/0001-request.json and so on; each answer goes beside its request, as
0001-answer.json or 0001-answer.txt. An answer ends with a line that holds only a dot; to call a
tool, write its name and then its arguments as JSON: show_step {"steps": [3]}
"""

import json
import pathlib
import sys
import time


def show(request):
    for message in request["messages"]:
        print(f"\n--- {message['role']}\n{message['content'] or ''}")
        for call in message.get("tool_calls", []):
            print(call["function"]["name"], call["function"]["arguments"])
    for tool in request.get("tools", []):
        print("\n--- tool", tool["function"]["name"], json.dumps(tool["function"]["parameters"]))


def read_answer(tools):
    """What the person writes, as lines that call tools and words."""
    words, calls = [], []
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line == ".":
            return {"text": "\n".join(words), "calls": calls}
        name, _, arguments = line.partition(" ")
        if name in tools:
            calls.append({"name": name, "arguments": arguments})
        else:
            words.append(line)
    return None


def main():
    folder = pathlib.Path(sys.argv[1])
    while True:
        for path in sorted(folder.glob("*-request.json")):
            number = path.name.split("-")[0]
            if any(folder.glob(f"{number}-answer.*")):
                continue
            request = json.loads(path.read_text())
            show(request)
            print(f"\n--- your answer to {number}, then a line with a dot:")
            answer = read_answer([tool["function"]["name"] for tool in request.get("tools", [])])
            if answer is None:
                return
            # Written elsewhere and moved, it is whole as soon as it is there.
            part = folder / f".{number}-answer.part"
            part.write_text(json.dumps(answer))
            part.rename(folder / f"{number}-answer.json")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
