"""Makes calls with the official SDKs of the clouds, and says what they saw.

Standard input is one JSON object: the endpoint (`host`, `port`), the key, and
`calls`, a list of `[name, {argument: value}]`. For each call there is one line of
JSON on standard output, {"seen": ...} or {"error": ...}; any other exception ends
the program. The SDKs' own retries are off: a test counts calls.
"""

import importlib
import json
import sys


def main():
    given = json.load(sys.stdin)
    for name, arguments in given["calls"]:
        # Only the SDK that is needed is imported; some take a second to load.
        cloud, call = name.split(".")
        module = importlib.import_module(cloud)
        try:
            line = {"seen": getattr(module, call)(given, **arguments)}
        except module.ERRORS as error:
            line = {"error": {"class": type(error).__name__, **module.told(error)}}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
