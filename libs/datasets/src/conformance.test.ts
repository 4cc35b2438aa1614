import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BuiltDataset, BuiltSplit, DatasetDefinition } from './define-dataset';
import { findDataset } from './find-dataset';
import { completeDatasetParameters, parametersSchema } from './parameters';
import { datasets } from './registry.gen';
import { ppmDecoder } from './testing/ppm';
import { smallSources } from './testing/sources';

async function build(definition: DatasetDefinition): Promise<BuiltDataset & { all: BuiltSplit[] }> {
  const parameters = completeDatasetParameters(definition, {});
  const files = await smallSources(definition, parameters);
  const built = await definition.build({ parameters, files, images: ppmDecoder });
  const all: BuiltSplit[] = [];
  for await (const split of built.splits) all.push(split);
  return { ...built, all };
}

describe.each(Object.entries(datasets))('dataset %s', (name, value) => {
  const definition = findDataset(name)!;

  it('is registered under its own name, with a title, licence, citation and source', () => {
    expect(definition).toBe(value);
    expect(definition.name).toBe(name);
    for (const text of [definition.title, definition.description, definition.licence, definition.citation])
      expect(text.length).toBeGreaterThan(3);
    expect(definition.source).toMatch(/^https?:\/\//);
  });

  it('has a default for every parameter, and values that fit a message', () => {
    const complete = completeDatasetParameters(definition, {});
    expect(Object.keys(complete).sort()).toEqual(Object.keys(parametersSchema(definition).properties!).sort());
    z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).parse(complete);
    expect(completeDatasetParameters(definition, complete)).toEqual(complete);
    expect(
      completeDatasetParameters(definition, Object.fromEntries(Object.keys(complete).map((k) => [k, null]))),
    ).toEqual(complete);
  });

  it('refuses an unknown parameter, and NaN, naming dataset and parameter', () => {
    expect(() => completeDatasetParameters(definition, { nonsense: 1 })).toThrow(
      new RegExp(`dataset '${name}': it has no parameter 'nonsense' \\(parameters: `),
    );
    const first = Object.keys(parametersSchema(definition).properties!)[0]!;
    expect(() => completeDatasetParameters(definition, { [first]: Number.NaN })).toThrow(
      new RegExp(`dataset '${name}': ${first}`),
    );
  });

  it('offers sources over https with both checksums and a cap', () => {
    for (const f of [definition.files, ...(definition.alternatives ?? [])].flat()) {
      expect(f.urls.length > 0).toBe(f.published !== null);
      for (const url of f.urls) expect(url).toMatch(new RegExp(`^https://.*/${f.name.replaceAll('.', '\\.')}$`));
      if (f.published) {
        expect(f.published.md5).toMatch(/^[0-9a-f]{32}$/);
        expect(f.published.sha256).toMatch(/^[0-9a-f]{64}$/);
      }
      if (f.kind === 'whole') expect(f.content.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(f.maxContentBytes).toBeGreaterThanOrEqual(f.kind === 'whole' ? f.content.sizeBytes : f.maxMembers);
    }
    // an alternative is what lies below the data folder: official files have homes
    for (const f of definition.files) expect(f.published).not.toBeNull();
  });

  it('builds splits whose arrays fit each other, the training split first', async () => {
    const built = await build(definition);
    expect(built.all[0]!.name).toBe('train');
    expect(new Set(built.all.map((s) => s.name)).size).toBe(built.all.length);
    for (const s of built.all) {
      const n = s.labels.length;
      expect(s.shape).toEqual([n, ...built.inputShape]);
      expect(s.inputs.length).toBe(s.shape.reduce((a, b) => a * b, 1));
      expect(s.inputs).toBeInstanceOf(definition.kind === 'image' ? Uint8Array : Float32Array);
      expect(s.labels.every((y) => y >= 0 && y < built.classes.length)).toBe(true);
      expect(s.attributes === null).toBe(built.attribute === null);
      if (s.attributes) expect(s.attributes.every((a) => a >= -1 && a < built.attribute!.values.length)).toBe(true);
      if (s.attributes) expect(s.attributes.length).toBe(n);
    }
  });

  it('builds the same bytes twice', async () => {
    const [a, b] = [await build(definition), await build(definition)];
    a.all.forEach((s, i) => {
      expect(
        Buffer.compare(
          Buffer.from(s.inputs.buffer, s.inputs.byteOffset, s.inputs.byteLength),
          Buffer.from(b.all[i]!.inputs.buffer, b.all[i]!.inputs.byteOffset, b.all[i]!.inputs.byteLength),
        ),
      ).toBe(0);
      expect(s.labels).toEqual(b.all[i]!.labels);
      expect(s.attributes).toEqual(b.all[i]!.attributes);
    });
  });
});
