import type { Servers } from '@minvar/contracts';
import { createKafkaEventLog } from './event-log/kafka';
import { createLmdbEventLog } from './event-log/lmdb';
import type { EventLog } from './event-log/port';
import { homeFolders } from './home/home';
import type { HomeFolders } from './home/home';
import { makeFolders } from './object-store/files';
import type { FolderStoreOptions } from './object-store/folder';
import { createFolderStore } from './object-store/folder';
import type { ObjectStore } from './object-store/port';
import { createS3Store } from './object-store/s3/store';

export interface PlaceSettings {
  /** folder of this machine: log and objects lie in it unless servers keep them; scratch and cache always do */
  readonly home: string;
  /** null: everything lies in the home */
  readonly servers: Pick<Servers, 'kafka' | 's3'> | null;
}

/** All that services have in common. */
export interface Place {
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly folders: HomeFolders;
  close(): Promise<void>;
}

/**
 * Opens the log and the objects: LMDB and a folder in a home, or Kafka and S3 where servers are named. `links`: how the folder signs
 * links; S3 signs its own. Throws what the adapters throw when they cannot be opened, and leaves nothing open then.
 */
export async function openPlace(
  { home, servers }: PlaceSettings,
  links?: NonNullable<FolderStoreOptions['links']>,
): Promise<Place> {
  const folders = homeFolders(home);
  if (servers) for (const folder of [folders.scratch, folders.cache]) await makeFolders(folder);
  const log = servers
    ? await createKafkaEventLog({ brokers: servers.kafka.brokers })
    : await createLmdbEventLog({ dir: folders.events });
  try {
    const store = servers
      ? await createS3Store({ s3: servers.s3 })
      : await createFolderStore({ dir: folders.objects, ...(links ? { links } : {}) });
    return {
      log,
      store,
      folders,
      close: async () => {
        await log.close();
        await store.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}
