import { describe, expect, it } from 'vitest';
import { createLines, levelOf } from './child-output';

describe('what the training child writes', () => {
  it('is left out where TensorFlow only greets', () => {
    for (const line of [
      '',
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
      'I0000 00:00:1795445434.481328   30680 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results due to floating-point round-off errors from different computation orders. To turn them off, set the environment variable `TF_ENABLE_ONEDNN_OPTS=0`.',
      '2026-11-23 14:40:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. You may see',
    ])
      expect(levelOf(line), line).toBeNull();
  });

  it('is for debugging, unless the library calls it an error or fatal', () => {
    const levels = {
      'I0000 00:00:1795445602.215021   32351 cudart_stub.cc:31] Could not find cuda drivers': 'debug',
      'W0000 00:00:1795445602.215021 32351 gpu_device.cc:2431] TensorFlow was not built with': 'debug',
      'E0000 00:00:1795445602.215021 32351 cuda_executor.cc:1228] INTERNAL: CUDA Runtime error': 'warn',
      '2026-11-23 14:40:00.123456: E external/local_xla/cuda_dnn.cc:9261] Unable to register': 'warn',
      'F0000 00:00:1795445568.028605 32010 parse_flags_from_env.cc:234] Unknown flag in XLA_FLAGS: --x': 'error',
      '2026-11-23 14:40:00.123456: F tensorflow/core/framework/tensor.cc:844] Check failed: dtype() == 1': 'error',
      'Error: the loss is NaN': 'debug',
      'Every word of this line begins as no message does]': 'debug',
    };
    expect(Object.fromEntries(Object.keys(levels).map((line) => [line, levelOf(line)]))).toEqual(levels);
  });

  it('arrives in pieces and is put together to lines, the last one without an end', () => {
    const lines: string[] = [];
    const { add, end } = createLines((line) => lines.push(line));
    add('one\ntw');
    add('o\r\n\nthree');
    expect(lines).toEqual(['one', 'two', '']);
    end();
    end();
    expect(lines).toEqual(['one', 'two', '', 'three']);
  });
});
