/** Element types that graphs here use. `float64`, `uint8`, `bool`, `bfloat16` and `int64` cross to the host as other types (see `program.ts`). */
export type DType = 'float32' | 'float64' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'bool' | 'string' | 'resource';

/** TensorFlow's numbers for the element types (tensorflow/core/framework/types.proto). */
export const dtypeNumber: Readonly<Record<DType, number>> = Object.freeze({
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
});

/** Whether derivatives exist with respect to values of this type. */
export const isFloating = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64' || dtype === 'bfloat16';
