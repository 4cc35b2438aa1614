import type { ExperimentDefinition } from '@minvar/coordination';
import type { ReadModel } from '@minvar/read-model';
import type { EventLog, LinkSigner, ObjectStore } from '@minvar/service-kit';
import type { z } from 'zod';

/** An entry of a registry as the catalogue shows it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly source?: string | null;
  readonly parameters?: z.ZodType;
  readonly neutral?: Readonly<Record<string, unknown>> | null;
}
export type Catalogue<E extends CatalogueEntry = CatalogueEntry> = Readonly<Record<string, E>>;

export interface ParameterisedCatalogueEntry extends CatalogueEntry {
  readonly parameters: z.ZodObject;
}
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GatewayOptions {
  readonly projectId: string;
  readonly log: EventLog;
  readonly store: ObjectStore;
  /** started and stopped by whoever made it */
  readonly readModel: ReadModel;
  readonly experiments: Readonly<Record<string, ExperimentDefinition>>;
  readonly registries: {
    readonly methods: Catalogue<ParameterisedCatalogueEntry>;
    readonly models: Catalogue<ParameterisedCatalogueEntry>;
    readonly datasets: Catalogue<ParameterisedCatalogueEntry>;
    readonly metrics: Catalogue;
    readonly recipes?: Catalogue;
  };
  /** the bundled `linear/worker.ts`, and the longest time in seconds that a problem may take (20) */
  readonly linear: { readonly workerUrl: URL; readonly seconds?: number };
  /** 0 picks a free one */
  readonly port: number;
  /** another than a loopback address needs a token */
  readonly host: string;
  /** bearer token that every GraphQL request carries; none on a laboratory of one's own machine */
  readonly token?: string | null;
  /** names under which the gateway may be addressed besides its own address, e.g. of an ingress: `host` or `host:port` */
  readonly allowedHosts?: readonly string[];
  /** the built web page */
  readonly dashboardDir?: string | null;
  readonly logger: Logger;
  /** verifies links to objects that the folder store signed; none where the store signs links to itself */
  readonly linkSigner?: LinkSigner | null;
  readonly now?: () => Date;
}

export interface Gateway {
  /** Resolves when requests are answered. */
  start(): Promise<void>;
  /** Ends subscriptions, lets requests finish. */
  stop(): Promise<void>;
  ready(): boolean;
  /** `http://host:port`, once started */
  url(): string;
}
