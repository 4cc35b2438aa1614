/** TensorFlow keeps convolution filters as height × width × in × out (HWIO), PyTorch as out × in × height × width (OIHW). */

/** Shape (O, I, H, W) of a filter of shape (H, W, I, O), and back by `fromTorch`. Other ranks are the same in both. */
export function torchShape(shape: readonly number[]): readonly number[] {
  return shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;
}

/** Values of a parameter of TensorFlow shape `shape`, reordered as PyTorch stores them. */
export function toTorch(values: Float32Array, shape: readonly number[]): Float32Array {
  return shape.length === 4 ? reorder(values, shape, 'toTorch') : values;
}

/** Inverse of `toTorch`; `shape` is TensorFlow's. */
export function fromTorch(values: Float32Array, shape: readonly number[]): Float32Array {
  return shape.length === 4 ? reorder(values, shape, 'fromTorch') : values;
}

function reorder(values: Float32Array, shape: readonly number[], way: 'toTorch' | 'fromTorch'): Float32Array {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const out = new Float32Array(values.length);
  let torch = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let h = 0; h < height; h++) {
        for (let w = 0; w < width; w++, torch++) {
          const flow = ((h * width + w) * inputs + i) * outputs + o;
          if (way === 'toTorch') out[torch] = values[flow]!;
          else out[flow] = values[torch]!;
        }
      }
    }
  }
  return out;
}
