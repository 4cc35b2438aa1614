export { completeMethodParameters, findMethod, methodParametersSchema } from './complete';
export type { MethodName } from './complete';
export { defineMethod } from './define-method';
export type { Batch, Draw, Forward, MethodDefinition } from './define-method';
export { methods } from './registry.gen';
