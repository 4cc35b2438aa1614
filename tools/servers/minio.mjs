import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { bucket, region, s3Server } from './s3-server.mjs';

/**
 * A body as MinIO's admin calls want it, encrypted under the caller's secret key: salt (32 bytes), kind of key and cipher (2: PBKDF2 with
 * 8192 rounds of SHA-256, AES-256-GCM), nonce (8), then one last fragment of a stream cut into fragments of 16 KiB. Its nonce ends in the
 * fragment's number, its associated data are 0x80 and the tag of the empty fragment number 0.
 */
function sealed(secret, body) {
  if (body.length > 16 * 1024) throw new RangeError(`${body.length} bytes do not fit into one fragment of 16384`);
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const key = pbkdf2Sync(secret, salt, 8192, 32, 'sha256');
  const seal = (number, text, associated) => {
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, Buffer.from([number, 0, 0, 0])]));
    if (associated) cipher.setAAD(associated);
    return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  };
  const associated = Buffer.concat([Buffer.from([0x80]), seal(0, Buffer.alloc(0))]);
  return Buffer.concat([salt, Buffer.from([2]), nonce, seal(1, body, associated)]);
}

/** A key that may read objects of the bucket, and of those that tests make beside it (`minvar-…`), and do nothing else. Links carry its id. */
async function addReadKey({ client, root, reader }) {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}*/*`] }],
  };
  const body = sealed(root.secretKey, Buffer.from(JSON.stringify({ policy, ...reader })));
  const call = { method: 'PUT', bucketName: 'minio', objectName: 'admin/v3/add-service-account' };
  await client.makeRequestAsyncOmit(call, body, [200], region);
}

export const server = s3Server({
  name: 'minio',
  title: 'MinIO',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
  package: 'github.com/minio/minio',
  variables: 'MINVAR_S3',
  folders: ['data'],
  program: ({ port, own, root }) => ({
    args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(own, 'data')],
    env: {
      MINIO_ROOT_USER: root.accessKey,
      MINIO_ROOT_PASSWORD: root.secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
  }),
  addReadKey,
});
