"""Looks up kernels of operations in TensorFlow's own registry. Started by gpu-kernels.ts, which says what is looked for on stdin.

Operations of the graph need a kernel for GPUs (or for whatever the default device is), operations of a compiled function one that XLA
compiles for GPUs. Prints what has none, and how many operations were looked up; exits 1 when a function cannot be compiled.
Usage: python3 gpu-kernels.py FOLDER   (the folder that holds libtensorflow_cc.so.2 and libtensorflow_framework.so.2)
"""

import ctypes
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools" / "tensorflow"))
from registry import Buffer, fields, load, varint

numbers = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "string": 7, "int64": 9, "bool": 10, "bfloat16": 14, "resource": 20}


def allowed(value):
    """The types of a constraint: AttrValue.list.type, packed or not."""
    for m, types in (f for n, part in fields(value) if n == 1 for f in fields(part)):
        if m == 6 and isinstance(types, int):
            yield types
        elif m == 6:
            at = 0
            while at < len(types):
                number, at = varint(types, at)
                yield number


library = load(sys.argv[1])
# tensorflow::XlaOpRegistry::RegisterCompilationKernels(): XLA's kernels register themselves when they are first needed.
library["_ZN10tensorflow13XlaOpRegistry26RegisterCompilationKernelsEv"]()


library.TF_NewStatus.restype = ctypes.c_void_p
library.TF_GetRegisteredKernelsForOp.restype = ctypes.POINTER(Buffer)
library.TF_GetRegisteredKernelsForOp.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
status = library.TF_NewStatus()


def kernels(op):
    """(device, {attribute: types}) of each kernel: KernelList.kernel, of which 2 is the device and 3 a constraint."""
    buffer = library.TF_GetRegisteredKernelsForOp(op.encode(), status).contents
    for _, kernel in fields(buffer.bytes):
        parts = list(fields(kernel))
        constraints = [dict(fields(v)) for n, v in parts if n == 3]
        yield next(v for n, v in parts if n == 2).decode(), {c[1].decode(): set(allowed(c[2])) for c in constraints}


devices = {"graph": {"GPU", "DEFAULT"}, "function": {"XLA_GPU_JIT"}}
looked = json.load(sys.stdin)
lacking = []
for entry in looked:
    types = {name: numbers[t] for name, t in entry["types"].items()}
    if not any(
        device in devices[entry["where"]] and all(types.get(name) in among for name, among in constraints.items() if among)
        for device, constraints in kernels(entry["op"])
    ):
        lacking.append(entry)
for entry in lacking:
    print(f"{entry['where']}: {entry['op']} {entry['types']} has no kernel for GPUs")
print(f"{len(looked)} operations looked up, {len(lacking)} without a kernel")
sys.exit(any(entry["where"] == "function" for entry in lacking))
