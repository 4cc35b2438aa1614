export { completeModelParameters, findModel, modelParametersSchema } from './complete';
export type { ModelName } from './complete';
export { defineModel } from './define-model';
export type { ModelDefaults, ModelDefinition, ModelInput, ModelOutput } from './define-model';
export { models } from './registry.gen';
export { modelVariables } from './scope';
export type {
  Buffer,
  Compute,
  ModelVariables,
  Parameter,
  ParameterGroup,
  Scope,
  ScopeOptions,
  VariableType,
} from './scope';
