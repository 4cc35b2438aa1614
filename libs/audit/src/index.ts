export { audit } from './audit';
export type { AuditFiles, AuditOptions } from './audit';
export { AuditInputError } from './input-error';
export { auditPage } from './page/audit-page';
export type { AuditedFile, AuditMetric, AuditReport, ReliabilityRow, SpectrumRow } from './report';
