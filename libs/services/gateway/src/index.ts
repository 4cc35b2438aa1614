export { createGateway } from './gateway';
export type {
  Catalogue,
  CatalogueEntry,
  Gateway,
  GatewayOptions,
  Logger,
  ParameterisedCatalogueEntry,
} from './options';
export { createSchema, schemaText } from './schema';
