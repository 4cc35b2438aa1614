export type { Attribute, Attributes, Tensor } from './attribute';
export type { DType } from './dtype';
export { isFloating } from './dtype';
export { gradients } from './gradients';
export type { Example, ExampleInput, GradientRule, Node, OpDefinition, Operand, OutputType, Value } from './node';
export { printValue } from './node';
export { compileSignature } from './functions/compile-signature';
export type { CompileOptions, ProgramFunction } from './functions/compile-signature';
export { printProgram } from './print';
export { program } from './program';
export type { NamedNode, Port, Program, Signature, SignatureSpec, Update } from './program';
export { toSavedModel, wireShape } from './saved-model/to-saved-model';
export { compatible, elementCount, printShape } from './shape';
export type { Shape } from './shape';
export type { Padding, Pair } from './window';

export { batchNorm, composedBatchNorm } from './compose/batch-norm';
export type { BatchNormOptions } from './compose/batch-norm';
export { groupNorm } from './compose/group-norm';
export type { GroupNormOptions } from './compose/group-norm';
export { loadBytes } from './compose/load-bytes';
export { restoreSignature, saveSignature } from './compose/signatures';

export { adamw, adamwFeeds } from './optimizers/adamw';
export type { AdamwSettings } from './optimizers/adamw';
export type { OptimizerStep, Trained } from './optimizers/optimizer';
export { sgd, sgdFeeds } from './optimizers/sgd';

// Inputs, variables and their updates.
export { constant, constantNumbers, constantString } from './ops/const';
export { input } from './ops/placeholder';
export { readAfter, variable } from './ops/var-handle';
export type { Variable } from './ops/var-handle';
export { assign } from './ops/assign';
export { assignAdd } from './ops/assign-add';
export { assignSub } from './ops/assign-sub';
export { noOp } from './ops/no-op';

// Elementwise.
export { abs } from './ops/abs';
export { add } from './ops/add';
export { div } from './ops/div';
export { erf } from './ops/erf';
export { exp } from './ops/exp';
export { log } from './ops/log';
export { log1p } from './ops/log1p';
export { maximum } from './ops/maximum';
export { minimum } from './ops/minimum';
export { mul } from './ops/mul';
export { neg } from './ops/neg';
export { pow } from './ops/pow';
export { relu } from './ops/relu';
export { rsqrt } from './ops/rsqrt';
export { sigmoid } from './ops/sigmoid';
export { sign } from './ops/sign';
export { softplus } from './ops/softplus';
export { sqrt } from './ops/sqrt';
export { square } from './ops/square';
export { squaredDifference } from './ops/squared-difference';
export { sub } from './ops/sub';
export { tanh } from './ops/tanh';

// Comparison and choice.
export { equal } from './ops/equal';
export { greater } from './ops/greater';
export { greaterEqual } from './ops/greater-equal';
export { less } from './ops/less';
export { lessEqual } from './ops/less-equal';
export { logicalAnd } from './ops/logical-and';
export { logicalNot } from './ops/logical-not';
export { logicalOr } from './ops/logical-or';
export { notEqual } from './ops/not-equal';
export { select } from './ops/select';

// Reductions.
export { argMax } from './ops/arg-max';
export { reduceMax } from './ops/max';
export { reduceMean } from './ops/mean';
export { reduceMin } from './ops/min';
export { reduceSum } from './ops/sum';
export { unsortedSegmentSum } from './ops/unsorted-segment-sum';

// Shapes, types, indices.
export { bitcast } from './ops/bitcast';
export { broadcastTo } from './ops/broadcast-to';
export { cast } from './ops/cast';
export { concat } from './ops/concat';
export { decodeRaw } from './ops/decode-raw';
export { ensureShape } from './ops/ensure-shape';
export { expandDims } from './ops/expand-dims';
export { fill } from './ops/fill';
export { gather } from './ops/gather';
export { identity } from './ops/identity';
export { oneHot } from './ops/one-hot';
export { onesLike } from './ops/ones-like';
export { pack } from './ops/pack';
export { pad } from './ops/pad';
export { range } from './ops/range';
export { readFile } from './ops/read-file';
export { reshape, reshapeLike } from './ops/reshape';
export { shapeOf } from './ops/shape';
export { sizeOf } from './ops/size';
export { slice } from './ops/slice';
export { squeeze } from './ops/squeeze';
export { stopGradient } from './ops/stop-gradient';
export { transpose } from './ops/transpose';
export { zerosLike } from './ops/zeros-like';

// Linear algebra and networks.
export { batchMatmul } from './ops/batch-matmul';
export { biasAdd } from './ops/bias-add';
export { conv2d } from './ops/conv2d';
export { logSoftmax } from './ops/log-softmax';
export { matmul } from './ops/matmul';
export { maxPool } from './ops/max-pool';
export { softmax } from './ops/softmax';
export { softmaxCrossEntropy } from './ops/softmax-cross-entropy';

/** All op definitions by TensorFlow's name, for suites that run over them. */
export { ops } from './ops/registry.gen';
