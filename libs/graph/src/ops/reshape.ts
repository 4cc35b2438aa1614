import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { shapeHeld } from '../rules';
import { elementCount, printShape, type Shape } from '../shape';
import { constant } from './const';
import { shapeOf } from './shape';

export const reshapeOp = defineOp({
  op: 'Reshape',
  infer: ([x, to]) => {
    const asked = shapeHeld(to!);
    if (asked === null) throw new Error('reshape: the rank of the new shape must be known');
    return [{ dtype: x!.dtype, shape: resolve(x!, asked) }];
  },
  gradient: ({ inputs: [x] }, [g]) => [reshapeLike(g!, x!), null],
  examples: [
    { title: 'rows to a vector', inputs: [spread([2, 3], { batch: true })], build: (x) => reshape(x!, [null]) },
    { title: 'images to rows', inputs: [spread([2, 3, 2], { batch: true })], build: (x) => reshape(x!, [null, 6]) },
    { title: 'two known axes', inputs: [spread([2, 3])], build: (x) => reshape(x!, [3, 2]) },
  ],
});

/** The same elements in another shape, in which at most one size is null: it follows from the others. */
export function reshape(x: Value, to: Shape | Value): Value {
  const shape = 'node' in to ? to : constant(asVector(x, to), { dtype: 'int32' });
  return outputOf(createNode(reshapeOp, [x, shape], { T: attribute.type(x.dtype), Tshape: attribute.type('int32') }));
}

/** The elements of `x` in the shape of `like`. */
export const reshapeLike = (x: Value, like: Value): Value =>
  reshape(x, like.shape.filter((d) => d === null).length <= 1 ? like.shape : shapeOf(like));

function asVector(x: Value, to: Shape): number[] {
  if (to.filter((d) => d === null).length > 1) {
    throw new Error(`reshape: ${printShape(to)} has more than one unknown size; give all but one`);
  }
  const before = elementCount(x.shape);
  const after = elementCount(to);
  if (before !== null && after !== null && before !== after) {
    throw new Error(`reshape: ${printValue(x)} has ${before} elements, ${printShape(to)} has ${after}`);
  }
  return to.map((d) => d ?? -1);
}

/** Fills in the one unknown size where the input's count is known. */
function resolve(x: Value, asked: Shape): Shape {
  const count = elementCount(x.shape);
  const unknown = asked.filter((d) => d === null).length;
  if (count === null || unknown !== 1) return asked;
  const known = asked.reduce<number>((n, d) => n * (d ?? 1), 1);
  if (known === 0 || count % known !== 0) {
    throw new Error(
      `reshape: ${printValue(x)} cannot become ${printShape(asked)}: ${count} is no multiple of ${known}`,
    );
  }
  return asked.map((d) => d ?? count / known);
}
