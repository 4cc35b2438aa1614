export type { MetricBatch, MetricContext } from './batch';
export { boundTolerance } from './bound-slack';
export { defineMetric } from './define-metric';
export type { Measurement, MetricDefinition } from './define-metric';
export { metricPoints, metricValues } from './encode';
export { createMetricFold, findMetric } from './fold';
export type { MetricFold, MetricName, MetricRow } from './fold';
export { metrics } from './registry.gen';
