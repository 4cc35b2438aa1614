import { describe, it } from 'vitest';
import { runTable } from './run-table';
import { servicesApart } from './system';

const reason = 'no Kafka, MinIO and PostgreSQL: start them with npm run servers -- up';
if (process.env['MINVAR_KAFKA_BROKERS'] && process.env['MINVAR_POSTGRES_URL'])
  runTable('services apart, on Kafka, MinIO and PostgreSQL', 'servers', servicesApart);
else describe('services apart', () => void it('survive faults', (context) => context.skip(reason)));
