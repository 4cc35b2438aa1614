import { describe, expect, it } from 'vitest';
import { classify } from './tensorflow-error';

// Recorded from TensorFlow 2.21: filling 2²⁴ × 2²⁴ numbers. The library itself retries for ten seconds before it says so.
const outOfMemory = `Session fail to run with error: OOM when allocating tensor with shape[16777216,16777216] and type float on /job:localhost/replica:0/task:0/device:CPU:0 by allocator mklcpu
\t [[{{node Fill_0}}]]
Hint: If you want to see a list of allocated tensors when OOM happens, add report_tensor_allocations_upon_oom to RunOptions for current allocation info. This isn't available when running in Eager mode.
`;

describe('errors of TensorFlow', () => {
  it('say that memory ran out, where, and what to lower', () => {
    const error = classify('running train', new Error(outOfMemory));
    expect(error.failure.kind).toBe('OUT_OF_MEMORY');
    expect(error.message).toContain('running train: Session fail to run with error: OOM when allocating tensor');
    expect(error.message).toContain('lower the batch size');
    expect(error.message).not.toContain('Hint');
  });

  it('are the infrastructure’s fault when nothing else is known', () => {
    expect(classify('running train', new Error('the sky fell')).failure.kind).toBe('INFRASTRUCTURE');
  });
});
