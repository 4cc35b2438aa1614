import type { DType } from './dtype';
import type { Shape } from './shape';

/** Elements of a constant: numbers as JavaScript holds them for the type, or strings. */
export type Elements = Float32Array | Float64Array | Int32Array | Uint8Array | readonly string[];

/** A constant tensor as data. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly elements: Elements;
}

/** An attribute of a node, tagged by the field of TensorFlow's `AttrValue` that carries it. */
export type Attribute =
  | { readonly kind: 'type'; readonly value: DType }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'shape'; readonly value: Shape }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'types'; readonly value: readonly DType[] }
  /** a function of the program, by name */
  | { readonly kind: 'func'; readonly value: string };

export type Attributes = Readonly<Record<string, Attribute>>;

export const attribute = Object.freeze({
  type: (value: DType): Attribute => ({ kind: 'type', value }),
  int: (value: number): Attribute => ({ kind: 'int', value }),
  float: (value: number): Attribute => ({ kind: 'float', value }),
  bool: (value: boolean): Attribute => ({ kind: 'bool', value }),
  string: (value: string): Attribute => ({ kind: 'string', value }),
  shape: (value: Shape): Attribute => ({ kind: 'shape', value }),
  tensor: (value: Tensor): Attribute => ({ kind: 'tensor', value }),
  ints: (value: readonly number[]): Attribute => ({ kind: 'ints', value }),
  types: (value: readonly DType[]): Attribute => ({ kind: 'types', value }),
  func: (value: string): Attribute => ({ kind: 'func', value }),
});

type ValueOf<K extends Attribute['kind']> = Extract<Attribute, { kind: K }>['value'];

/** The attribute `name`, which must be of the kind asked for. */
export function readAttribute<K extends Attribute['kind']>(attributes: Attributes, name: string, kind: K): ValueOf<K> {
  const found = attributes[name];
  if (found?.kind !== kind) throw new Error(`attribute ${name} should be of kind ${kind}, not ${found?.kind}`);
  return found.value as ValueOf<K>;
}
