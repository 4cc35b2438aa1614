import type { DatasetManifest, RunSpec } from '@minvar/contracts';
import { stagePrefix } from '@minvar/contracts';
import {
  assign,
  cast,
  gather,
  gradients,
  input,
  loadBytes,
  program,
  reduceMean,
  restoreSignature,
  saveSignature,
  variable,
} from '@minvar/graph';
import type { Program, SignatureSpec, Value, Variable } from '@minvar/graph';
import { modelVariables } from '@minvar/models';
import type { Buffer, Parameter } from '@minvar/models';
import { cropFlip, cropFlipInputs } from './augment';
import type { ResidentPlan } from './data';
import type { Described } from './describe';
import { standardise, unitScale } from './normalise';
import type { Optimizer } from './optimizer';
import { optimizerFor } from './optimizer';

type Resident = Pick<ResidentPlan, 'examples' | 'dtype' | 'shape'>;

export interface TrainingProgram {
  /**
   * Signatures: `load` (`inputs`, the path of the rows' bytes, and `labels`) puts the data into the session; `restore` and `save` set and give every variable of
   * the training state; `train` (`indices`, what the method and the optimizer are fed) is one step and answers `loss`; `eval` (`indices`)
   * answers `logits`, `activations` and `stage-<name>` in evaluation mode; `lastLayer` answers `weights`. Where the model has running
   * statistics, `statistics` (`indices`, `momentum` m) moves them by m towards those of a batch as it is, unmixed and not augmented;
   * `restoreStatistics` and `saveStatistics` set and give them alone.
   */
  readonly program: Program;
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly optimizer: Optimizer;
  /** columns of each output of `eval`: K, D, and channels of the stages */
  readonly widths: Readonly<Record<string, number>>;
}

/** Model × method × optimizer over resident data, as one program. The training step is one graph. */
export function trainingProgram(
  spec: RunSpec,
  manifest: DatasetManifest,
  plan: Resident,
  described: Described,
): TrainingProgram {
  const { model, modelParameters, method, methodParameters } = described;
  const classes = manifest.classes.length;
  const inputs = variable({ name: 'data/inputs', dtype: plan.dtype, shape: [plan.examples, ...plan.shape] });
  // int64, since TensorFlow keeps int32 variables in the host's memory.
  const labels = variable({ name: 'data/labels', dtype: 'int64', shape: [plan.examples] });
  const indices = input('indices', 'int32', [null]);
  const raw = unitScale(gather(inputs.value, indices), manifest.input.kind);

  // Evaluation: the examples as they are, running statistics, no method.
  const variables = modelVariables();
  const evaluation = variables.open({ training: false });
  const seen = model.build({
    scope: evaluation.scope,
    inputs: standardise(raw, manifest.input),
    classes,
    parameters: modelParameters,
  });

  const measured: Record<string, Value> = { logits: seen.logits, activations: seen.penultimate };
  for (const { name, value } of seen.stages) measured[`${stagePrefix}${name}`] = meanOverPositions(value);

  // The same examples through the network as training sees it, for its running statistics alone.
  const momentum = input('momentum', 'float32', []);
  const again = variables.open({ training: true, statistics: { momentum } });
  model.build({
    scope: again.scope,
    inputs: standardise(raw, manifest.input),
    classes,
    parameters: modelParameters,
  });

  // One training step: augment → mix → forward → loss → backward → optimizer and running statistics.
  const size = [plan.shape[0]!, plan.shape[1]!] as const;
  const crop = spec.data.augmentation === 'crop-flip' ? cropFlipInputs(size) : null;
  const lambda = input('lambda', 'float32', [null]);
  const partner = input('partner', 'int32', [null]);
  const fed = Object.fromEntries(
    Object.keys(method.fed(methodParameters)).map((name) => [name, input(name, 'float32', [])]),
  );
  const batch = {
    inputs: standardise(crop ? cropFlip(raw, crop) : raw, manifest.input),
    labels: cast(gather(labels.value, indices), 'int32'),
    classes,
    lambda,
    partner,
    fed,
  };
  // bf16 concerns this step alone: weights, optimizer and statistics stay float32, and so does every measurement above.
  const compute = spec.precision === 'bf16' ? 'bfloat16' : 'float32';
  const training = variables.open({ training: true, compute });
  const { logits, penultimate } = model.build({
    scope: training.scope,
    inputs: method.inputs(batch, methodParameters),
    classes,
    parameters: modelParameters,
  });
  const loss = method.loss(
    { logits, penultimate, targets: method.targets(batch, methodParameters), batch },
    methodParameters,
  );
  const { parameters, buffers } = variables;
  const slopes = gradients(
    loss,
    parameters.map((p) => p.variable),
  );
  const optimizer = optimizerFor(spec.optimizer, parameters, slopes);
  const state = [...parameters, ...buffers].map((v) => v.variable).concat(optimizer.state);
  const restore = restoreSignature(state);
  const lastLayer = parameters.find((p) => p.group === 'last-layer')!;

  return {
    program: program({
      signatures: {
        load: loadSignature(inputs, labels, plan),
        restore,
        save: saveSignature(state),
        train: {
          inputs: { indices, lambda, partner, ...crop, ...fed, ...optimizer.inputs },
          outputs: { loss },
          updates: [...optimizer.updates, ...training.updates],
        },
        eval: { inputs: { indices }, outputs: measured },
        lastLayer: { outputs: { weights: lastLayer.variable.value } },
        ...(buffers.length > 0
          ? {
              statistics: { inputs: { indices, momentum }, updates: again.updates },
              saveStatistics: saveSignature(buffers.map((b) => b.variable)),
              restoreStatistics: onlyOf(restore, buffers),
            }
          : {}),
      },
    }),
    parameters,
    buffers,
    optimizer,
    widths: Object.fromEntries(Object.entries(measured).map(([array, v]) => [array, v.shape[1]!])),
  };
}

/** A signature that restores some of the variables, from the same inputs. */
function onlyOf({ inputs = {} }: SignatureSpec, some: readonly Buffer[]): SignatureSpec {
  return {
    inputs: Object.fromEntries(some.map(({ name }) => [name, inputs[name]!])),
    updates: some.map(({ name, variable: v }) => assign(v, inputs[name]!)),
  };
}

/** n × C: n × H × W × C averaged over its positions, n × C as it is. */
const meanOverPositions = (x: Value): Value =>
  x.shape.length > 2
    ? reduceMean(
        x,
        x.shape.slice(1, -1).map((_, i) => i + 1),
      )
    : x;

function loadSignature(inputs: Variable, labels: Variable, { examples, dtype, shape }: Resident) {
  const path = input('inputs', 'string', []);
  const values = input('labels', 'int32', labels.shape);
  return {
    inputs: { inputs: path, labels: values },
    updates: [
      assign(inputs, loadBytes(path, { dtype, shape: [examples, ...shape], offset: 0 })),
      assign(labels, cast(values, 'int64')),
    ],
  };
}
