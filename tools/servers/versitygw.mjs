import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bucket, region, s3Server } from './s3-server.mjs';

/*
 * A second S3 server, on a folder, to show that nothing depends on one of them. Its settings have names of their own: MINVAR_VERSITYGW_*.
 */

/** A user who may read the objects of the bucket and nothing else: the gateway's own command makes him, the bucket's policy lets him. */
async function addReadKey({ client, installed, endpoint, root, reader }) {
  const { accessKey, secretKey } = reader;
  const made = spawnSync(
    installed,
    [
      'admin',
      '--endpoint-url',
      endpoint,
      'create-user',
      '--access',
      accessKey,
      '--secret',
      secretKey,
      '--role',
      'user',
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, ADMIN_ACCESS_KEY_ID: root.accessKey, ADMIN_SECRET_ACCESS_KEY: root.secretKey },
    },
  );
  if (made.status !== 0) throw new Error(`${made.stderr || made.stdout || made.error}`);
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: [accessKey] },
    Action: ['s3:GetObject'],
    Resource: [`arn:aws:s3:::${bucket}/*`],
  };
  await client.setBucketPolicy(bucket, JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
}

export const server = s3Server({
  name: 'versitygw',
  title: 'versitygw',
  version: 'v1.8.0',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  variables: 'MINVAR_VERSITYGW',
  folders: ['data', 'accounts'],
  program: ({ port, own, root }) => ({
    args: ['--port', `127.0.0.1:${port}`, '--iam-dir', join(own, 'accounts'), 'posix', join(own, 'data')],
    env: {
      ROOT_ACCESS_KEY_ID: root.accessKey,
      ROOT_SECRET_ACCESS_KEY: root.secretKey,
      VGW_REGION: region,
      VGW_QUIET: 'true',
    },
  }),
  addReadKey,
});
