import { writeFileSync } from 'node:fs';
import { schemaText } from '@minvar/service-gateway';

writeFileSync('schema.graphql', schemaText());
