"""Writes output-names.json: the names of the outputs of each operation that libs/graph defines, from TensorFlow's own registry.

Inside a function a value is called `node:output name:index`, so the names are needed there. Read through TensorFlow's C interface.
Usage: python3 output-names.py FOLDER   (the folder that holds libtensorflow_cc.so.2 and libtensorflow_framework.so.2)
"""

import ctypes
import json
import pathlib
import re
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of a protocol-buffer message; only varints and length-delimited fields have values."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            value, at = None, at + (8 if kind == 1 else 4)
        yield key >> 3, value


def registry(folder):
    ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"))

    class Buffer(ctypes.Structure):
        _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("free", ctypes.c_void_p)]

    library.TF_GetAllOpList.restype = ctypes.POINTER(Buffer)
    buffer = library.TF_GetAllOpList().contents
    for number, op in fields(ctypes.string_at(buffer.data, buffer.length)):
        if number != 1:
            continue
        parts = list(fields(op))
        name = next(v for n, v in parts if n == 1).decode()
        yield name, [next(v for n, v in fields(a) if n == 1).decode() for m, a in parts if m == 3]


here = pathlib.Path(__file__).parent
used = set(re.findall(r"op: '(\w+)'", "".join(p.read_text() for p in (here.parent / "ops").glob("*.ts"))))
used |= {"Pack", "Unpack"}
names = {op: outputs for op, outputs in registry(pathlib.Path(sys.argv[1])) if op in used and outputs}
(here / "output-names.json").write_text(json.dumps(dict(sorted(names.items())), indent=1) + "\n")
