"""Writes output-names.json: the names of the outputs of each operation that libs/graph defines, from TensorFlow's own registry.

Inside a function a value is called `node:output name:index`, so the names are needed there. Read through TensorFlow's C interface.
Usage: python3 output-names.py FOLDER   (the folder that holds libtensorflow_cc.so.2 and libtensorflow_framework.so.2)
"""

import ctypes
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "tools" / "tensorflow"))
from registry import Buffer, fields, load


def registry(folder):
    library = load(folder)
    library.TF_GetAllOpList.restype = ctypes.POINTER(Buffer)
    buffer = library.TF_GetAllOpList().contents
    for number, op in fields(buffer.bytes):
        if number != 1:
            continue
        parts = list(fields(op))
        name = next(v for n, v in parts if n == 1).decode()
        yield name, [next(v for n, v in fields(a) if n == 1).decode() for m, a in parts if m == 3]


here = pathlib.Path(__file__).parent
used = set(re.findall(r"op: '(\w+)'", "".join(p.read_text() for p in (here.parent / "ops").glob("*.ts"))))
used |= {"Pack", "Unpack"}
names = {op: outputs for op, outputs in registry(sys.argv[1]) if op in used and outputs}
(here / "output-names.json").write_text(json.dumps(dict(sorted(names.items())), indent=1) + "\n")
