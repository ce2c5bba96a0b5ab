"""The program of a fork server: finds modules where its caller does, then serves. Run as a script, and imported by nobody."""

import json
import sys
from importlib import import_module

if __name__ == "__main__":
    sys.path[:], module, control, preload = json.loads(sys.argv[1])
    import_module(module).main(control, preload)
