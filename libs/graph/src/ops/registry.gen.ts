import { absOp } from './abs';
import { addOp } from './add';
import { applyAdamOp } from './apply-adam';
import { argMaxOp } from './arg-max';
import { assignAddOp } from './assign-add';
import { assignSubOp } from './assign-sub';
import { assignOp } from './assign';
import { batchMatmulOp } from './batch-matmul';
import { biasAddOp } from './bias-add';
import { bitcastOp } from './bitcast';
import { broadcastToOp } from './broadcast-to';
import { castOp } from './cast';
import { concatOp } from './concat';
import { constOp } from './const';
import { conv2dBackpropFilterOp } from './conv2d-backprop-filter';
import { conv2dBackpropInputOp } from './conv2d-backprop-input';
import { conv2dOp } from './conv2d';
import { decodeRawOp } from './decode-raw';
import { divOp } from './div';
import { ensureShapeOp } from './ensure-shape';
import { equalOp } from './equal';
import { erfOp } from './erf';
import { expOp } from './exp';
import { expandDimsOp } from './expand-dims';
import { fillOp } from './fill';
import { fusedBatchNormGradOp } from './fused-batch-norm-grad';
import { fusedBatchNormOp } from './fused-batch-norm';
import { gatherOp } from './gather';
import { greaterEqualOp } from './greater-equal';
import { greaterOp } from './greater';
import { identityOp } from './identity';
import { lessEqualOp } from './less-equal';
import { lessOp } from './less';
import { logSoftmaxOp } from './log-softmax';
import { logOp } from './log';
import { log1pOp } from './log1p';
import { logicalAndOp } from './logical-and';
import { logicalNotOp } from './logical-not';
import { logicalOrOp } from './logical-or';
import { matmulOp } from './matmul';
import { maxPoolGradOp } from './max-pool-grad';
import { maxPoolOp } from './max-pool';
import { reduceMaxOp } from './max';
import { maximumOp } from './maximum';
import { reduceMeanOp } from './mean';
import { reduceMinOp } from './min';
import { minimumOp } from './minimum';
import { mulOp } from './mul';
import { negOp } from './neg';
import { noOpOp } from './no-op';
import { notEqualOp } from './not-equal';
import { oneHotOp } from './one-hot';
import { onesLikeOp } from './ones-like';
import { packOp } from './pack';
import { padOp } from './pad';
import { placeholderOp } from './placeholder';
import { powOp } from './pow';
import { rangeOp } from './range';
import { readFileOp } from './read-file';
import { readVariableOp } from './read-variable';
import { reluGradOp } from './relu-grad';
import { reluOp } from './relu';
import { reshapeOp } from './reshape';
import { rsqrtOp } from './rsqrt';
import { selectOp } from './select';
import { shapeOp } from './shape';
import { sigmoidOp } from './sigmoid';
import { signOp } from './sign';
import { sizeOp } from './size';
import { sliceOp } from './slice';
import { softmaxCrossEntropyOp } from './softmax-cross-entropy';
import { softmaxOp } from './softmax';
import { softplusOp } from './softplus';
import { sqrtOp } from './sqrt';
import { squareOp } from './square';
import { squaredDifferenceOp } from './squared-difference';
import { squeezeOp } from './squeeze';
import { stopGradientOp } from './stop-gradient';
import { subOp } from './sub';
import { reduceSumOp } from './sum';
import { tanhOp } from './tanh';
import { transposeOp } from './transpose';
import { unsortedSegmentSumOp } from './unsorted-segment-sum';
import { varHandleOp } from './var-handle';
import { zerosLikeOp } from './zeros-like';

export const ops = {
  Abs: absOp,
  AddV2: addOp,
  ArgMax: argMaxOp,
  AssignAddVariableOp: assignAddOp,
  AssignSubVariableOp: assignSubOp,
  AssignVariableOp: assignOp,
  BatchMatMulV2: batchMatmulOp,
  BiasAdd: biasAddOp,
  Bitcast: bitcastOp,
  BroadcastTo: broadcastToOp,
  Cast: castOp,
  ConcatV2: concatOp,
  Const: constOp,
  Conv2D: conv2dOp,
  Conv2DBackpropFilter: conv2dBackpropFilterOp,
  Conv2DBackpropInput: conv2dBackpropInputOp,
  DecodeRaw: decodeRawOp,
  EnsureShape: ensureShapeOp,
  Equal: equalOp,
  Erf: erfOp,
  Exp: expOp,
  ExpandDims: expandDimsOp,
  Fill: fillOp,
  FusedBatchNormGradV3: fusedBatchNormGradOp,
  FusedBatchNormV3: fusedBatchNormOp,
  GatherV2: gatherOp,
  Greater: greaterOp,
  GreaterEqual: greaterEqualOp,
  Identity: identityOp,
  Less: lessOp,
  LessEqual: lessEqualOp,
  Log: logOp,
  Log1p: log1pOp,
  LogSoftmax: logSoftmaxOp,
  LogicalAnd: logicalAndOp,
  LogicalNot: logicalNotOp,
  LogicalOr: logicalOrOp,
  MatMul: matmulOp,
  Max: reduceMaxOp,
  MaxPool: maxPoolOp,
  MaxPoolGrad: maxPoolGradOp,
  Maximum: maximumOp,
  Mean: reduceMeanOp,
  Min: reduceMinOp,
  Minimum: minimumOp,
  Mul: mulOp,
  Neg: negOp,
  NoOp: noOpOp,
  NotEqual: notEqualOp,
  OneHot: oneHotOp,
  OnesLike: onesLikeOp,
  Pack: packOp,
  PadV2: padOp,
  Placeholder: placeholderOp,
  Pow: powOp,
  Range: rangeOp,
  ReadFile: readFileOp,
  ReadVariableOp: readVariableOp,
  RealDiv: divOp,
  Relu: reluOp,
  ReluGrad: reluGradOp,
  Reshape: reshapeOp,
  ResourceApplyAdam: applyAdamOp,
  Rsqrt: rsqrtOp,
  SelectV2: selectOp,
  Shape: shapeOp,
  Sigmoid: sigmoidOp,
  Sign: signOp,
  Size: sizeOp,
  Slice: sliceOp,
  Softmax: softmaxOp,
  SoftmaxCrossEntropyWithLogits: softmaxCrossEntropyOp,
  Softplus: softplusOp,
  Sqrt: sqrtOp,
  Square: squareOp,
  SquaredDifference: squaredDifferenceOp,
  Squeeze: squeezeOp,
  StopGradient: stopGradientOp,
  Sub: subOp,
  Sum: reduceSumOp,
  Tanh: tanhOp,
  Transpose: transposeOp,
  UnsortedSegmentSum: unsortedSegmentSumOp,
  VarHandleOp: varHandleOp,
  ZerosLike: zerosLikeOp,
} as const;
