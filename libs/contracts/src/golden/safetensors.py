"""A file by the reference implementation (pip install safetensors numpy). python3 safetensors.py > safetensors.b64"""
import base64
import sys

sys.path.pop(0)
import numpy as np
from safetensors.numpy import save

tensors = {
    "fc.weight": np.array([[1, -2, 3.5], [0, -0.0, 1e-30]], np.float32),
    "bn1.num_batches_tracked": np.array(7, np.int64),
    "labels": np.array([1, 2, -3], np.int32),
    "mask": np.array([0, 255, 1], np.uint8),
}
print(base64.b64encode(save(tensors, {"format": "pt"})).decode())
