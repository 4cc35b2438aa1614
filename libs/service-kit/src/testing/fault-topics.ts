/** Topics of the fault tests, shared with their child processes. */
export const faultTopics = new Map([['numbers', { partitions: 3, retentionMs: null }]]);
