import { z } from 'zod';
import type { Catalogue, CatalogueEntry, GatewayOptions } from './options';

/** A registry's entry as GraphQL shows it. */
export interface RegistryEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly source: string | null;
  readonly parametersSchema: Record<string, unknown>;
  readonly neutral: Readonly<Record<string, unknown>> | null;
}

const shown = (e: CatalogueEntry): RegistryEntry => ({
  name: e.name,
  title: e.title,
  description: e.description,
  source: e.source ?? null,
  parametersSchema: z.toJSONSchema(e.parameters ?? z.strictObject({}), {
    unrepresentable: 'any',
    io: 'input',
  }) as Record<string, unknown>,
  neutral: e.neutral ?? null,
});

const list = (c: Catalogue | undefined): RegistryEntry[] =>
  Object.values(c ?? {})
    .map(shown)
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Every registry by name, made once. */
export const createCatalogues = ({ registries: r }: Pick<GatewayOptions, 'registries'>) => ({
  methods: list(r.methods),
  models: list(r.models),
  datasets: list(r.datasets),
  metrics: list(r.metrics),
  recipes: list(r.recipes),
});
export type Catalogues = ReturnType<typeof createCatalogues>;
