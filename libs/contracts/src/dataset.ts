import { z } from 'zod';
import { canonicalJson, sha256Hex } from './canonical';

export const arrayFile = z.object({
  /** relative to the folder of the manifest, e.g. `data/train-inputs.npy` */
  path: z.string(),
  dtype: z.enum(['uint8', 'float32', 'int32', 'int64', 'float64']),
  shape: z.array(z.number().int().min(0)),
  sizeBytes: z.number().int(),
  sha256: z.string(),
});
export type ArrayFile = z.infer<typeof arrayFile>;

export const groupCount = z.object({ group: z.string(), count: z.number().int() });

export const splitManifest = z.object({
  name: z.string(),
  examples: z.number().int(),
  perClass: z.array(z.number().int()),
  /** groups are `<class>/<attribute value>`; empty without an attribute */
  perGroup: z.array(groupCount),
  /** inputs: n×H×W×C uint8 or n×d float32; labels, attributes: n int32 (attribute −1 = none) */
  inputs: arrayFile,
  labels: arrayFile,
  attributes: arrayFile.nullable(),
  /** how well a colour-only rule recovers the attribute, in [0, 1]; null where there is nothing to decode */
  decodability: z.number().nullable(),
});
export type SplitManifest = z.infer<typeof splitManifest>;

/** `datasets/<datasetId>/<versionId>/manifest.json`, written last: a version exists when its manifest does. */
export const datasetManifest = z.object({
  v: z.literal(1),
  projectId: z.string(),
  datasetId: z.string(),
  versionId: z.string(),
  name: z.string(),
  /** short name of the version: the first 12 hex digits of contentSha256 */
  version: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  createdAt: z.string(),
  /** names the code that made it: together with parameters and sources it says that making it again would give the same */
  madeBy: z.string().optional(),
  title: z.string(),
  licence: z.string(),
  citation: z.string(),
  official: z.boolean(),
  /** what a person must know beside the name: "10,000 of 60,000 digits, not the official file" */
  note: z.string().nullable(),
  sources: z.array(z.object({ name: z.string(), sizeBytes: z.number().int(), sha256: z.string(), from: z.string() })),
  classes: z.array(z.string()),
  attribute: z.object({ name: z.string(), values: z.array(z.string()) }).nullable(),
  /** indices of the parts of a vector input, for synthetic data */
  features: z.object({ low: z.array(z.number().int()), high: z.array(z.number().int()) }).nullable(),
  input: z.object({
    kind: z.enum(['image', 'vector']),
    shape: z.array(z.number().int()),
    /** per channel (image, on the scale [0, 1]) or per dimension, from the training split; inputs are (x − mean) / std. Vectors: 0 and 1. */
    mean: z.array(z.number()),
    std: z.array(z.number()),
  }),
  splits: z.array(splitManifest),
  card: z.object({ path: z.string(), sha256: z.string(), sizeBytes: z.number().int() }),
  contentSha256: z.string(),
});
export type DatasetManifest = z.infer<typeof datasetManifest>;

/** Hash of what a version is: everything but the ids, the time of its making and the card's wording. */
export function datasetContentHash(
  m: Pick<DatasetManifest, 'name' | 'parameters' | 'classes' | 'attribute' | 'features' | 'input' | 'splits'>,
): string {
  const { name, parameters, classes, attribute, features, input, splits } = m;
  return sha256Hex(canonicalJson({ name, parameters, classes, attribute, features, input, splits }));
}
