import type { ReadModel } from '@minvar/read-model';
import type { EventLog } from '@minvar/service-kit';
import { topics } from '@minvar/contracts';
import { partitionKey } from '@minvar/read-model';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The gateway's own metrics, in a registry of its own: several services may share a process. */
export function createTelemetry({ readModel, log }: { readModel: ReadModel; log: EventLog }) {
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: 'minvar_gateway_' });
  const operations = new Histogram({
    name: 'minvar_gateway_operation_seconds',
    help: 'Time to answer a GraphQL operation',
    labelNames: ['operation', 'outcome'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [register],
  });
  const subscriptions = new Gauge({
    name: 'minvar_gateway_subscriptions',
    help: 'Open subscriptions',
    registers: [register],
  });
  const refusals = new Counter({
    name: 'minvar_gateway_refused_requests_total',
    help: 'Requests refused by the guard',
    registers: [register],
  });
  new Gauge({
    name: 'minvar_gateway_read_model_lag',
    help: 'Records in the log that the read model has not folded in',
    registers: [register],
    async collect() {
      const at = readModel.position();
      const ends = await log.end([...topics.keys()]);
      this.set(
        ends.reduce((sum, e) => sum + Math.max(0, e.offset - (at.get(partitionKey(e.topic, e.partition)) ?? 0)), 0),
      );
    },
  });
  return { register, operations, subscriptions, refusals };
}
export type Telemetry = ReturnType<typeof createTelemetry>;
