import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** with `collect`, read when somebody asks */
  gauge<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L>;
  /** seconds, buckets from 1 ms to 60 s unless given */
  histogram<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
  /** what `/metrics` answers, with its content type */
  text(): Promise<{ contentType: string; body: string }>;
}

const seconds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60];

/** Prometheus metrics of one service in a registry of its own; names get the prefix `minvar_`. */
export function createMetrics({ service, ofProcess = true }: { service: string; ofProcess?: boolean }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  if (ofProcess) collectDefaultMetrics({ register: registry });
  const named = (name: string, help: string, labelNames: readonly string[] = []) => ({
    name: `minvar_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    registry,
    counter: <L extends string>(name: string, help: string, labels?: readonly L[]) =>
      new Counter<L>(named(name, help, labels) as never),
    gauge: <L extends string>(
      name: string,
      help: string,
      labels?: readonly L[],
      collect?: (gauge: Gauge<L>) => void | Promise<void>,
    ) =>
      new Gauge<L>({
        ...(named(name, help, labels) as never as { name: string; help: string }),
        ...(collect
          ? {
              collect(this: Gauge<L>) {
                return collect(this);
              },
            }
          : {}),
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labels?: readonly L[],
      buckets: readonly number[] = seconds,
    ) =>
      new Histogram<L>({
        ...(named(name, help, labels) as never as { name: string; help: string }),
        buckets: [...buckets],
      }),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
