import { randomUUID } from 'node:crypto';
import type { S3Settings } from '@minvar/contracts';
import { s3Client } from '../object-store/s3/connection';

/** Where tests find an S3 server: variables that `npm run servers -- up` prints; null when they are not set. */
export function s3Settings(
  environment: Readonly<Record<string, string | undefined>>,
  prefix = 'MINVAR_S3',
): S3Settings | null {
  const of = (name: string): string => environment[`${prefix}_${name}`] ?? '';
  if (of('ENDPOINT') === '') return null;
  return {
    endpoint: of('ENDPOINT'),
    publicEndpoint: of('ENDPOINT'),
    bucket: of('BUCKET'),
    accessKey: of('ACCESS_KEY'),
    secretKey: of('SECRET_KEY'),
    readAccessKey: of('READ_ACCESS_KEY'),
    readSecretKey: of('READ_SECRET_KEY'),
  };
}

/** A bucket of a test's own beside the one that is given, whose read-only key reads it too. */
export async function bucketOfOwn(s3: S3Settings): Promise<{ s3: S3Settings; destroy: () => Promise<void> }> {
  const bucket = `${s3.bucket}-${randomUUID().slice(0, 13)}`;
  const client = s3Client(s3.endpoint, s3.accessKey, s3.secretKey, 'us-east-1');
  await client.makeBucket(bucket, 'us-east-1');
  // A server that lets the read-only key in by the bucket's policy; others have it in the key's own.
  const policy = await client.getBucketPolicy(s3.bucket).catch(() => '');
  if (policy) await client.setBucketPolicy(bucket, policy.replaceAll(`:::${s3.bucket}/`, `:::${bucket}/`));
  return {
    s3: { ...s3, bucket },
    async destroy() {
      const keys: string[] = [];
      for await (const { name } of client.listObjectsV2(bucket, '', true)) if (name) keys.push(name);
      if (keys.length > 0) await client.removeObjects(bucket, keys);
      await client.removeBucket(bucket);
    },
  };
}
