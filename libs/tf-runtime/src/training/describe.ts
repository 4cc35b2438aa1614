import type { DatasetManifest, RunSpec } from '@minvar/contracts';
import { completeMethodParameters, findMethod } from '@minvar/methods';
import type { MethodDefinition } from '@minvar/methods';
import { completeModelParameters, findModel } from '@minvar/models';
import type { ModelDefinition } from '@minvar/models';
import { trainingError } from './failure';

/** What a spec names, looked up, and its parameters checked. */
export interface Described {
  readonly model: ModelDefinition;
  readonly modelParameters: Readonly<Record<string, unknown>>;
  readonly method: MethodDefinition;
  readonly methodParameters: Readonly<Record<string, unknown>>;
}

/** Looks up model and method and checks that they fit each other and the data. Throws BAD_SPEC with the wrong value. */
export function describeRun(spec: RunSpec, manifest: DatasetManifest): Described {
  const refuse = (message: string): never => {
    throw trainingError('BAD_SPEC', message);
  };
  const checked = <T>(look: () => T): T => {
    try {
      return look();
    } catch (error) {
      return refuse((error as Error).message);
    }
  };
  const { name: modelName, ...settings } = spec.model;
  const { name: methodName, ...given } = spec.method;
  const model = checked(() => findModel(modelName));
  const method = checked(() => findMethod(methodName));
  if (model.kind === 'image' && manifest.input.kind !== 'image') {
    refuse(
      `model '${model.name}' takes images, but the inputs of '${manifest.name}' are vectors of ${manifest.input.shape.join('×')}; take mlp or linear`,
    );
  }
  if (spec.data.augmentation !== 'none' && manifest.input.kind !== 'image') {
    refuse(
      `data.augmentation is '${spec.data.augmentation}', but the inputs of '${manifest.name}' are vectors; use none`,
    );
  }
  return {
    model,
    modelParameters: checked(() => completeModelParameters(model, settings)),
    method,
    methodParameters: checked(() => completeMethodParameters(method, given)),
  };
}
