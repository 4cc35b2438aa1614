import type { S3Settings } from '@minvar/contracts';
import { createS3Store } from '../object-store/s3/store';
import { runSwapChild } from './swap-child';

await runSwapChild(() => createS3Store({ s3: JSON.parse(process.argv[2]!) as S3Settings }));
