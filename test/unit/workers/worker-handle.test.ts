// What a worker is to the process of its host.
import workerSource from 'virtual:pevm/worker';
import { expect, test } from 'vitest';
import { moduleUrl } from '../../../src/base/platform.ts';
import { WorkerHandle } from '../../../src/workers/worker-handle.ts';
import { watchStarts } from '../../support/worker-starts.ts';

test('a worker keeps the process alive until the last of its answers is there', async () => {
  let isHeld = true;
  const restore = watchStarts((worker) => {
    const [ref, unref] = [worker.ref.bind(worker), worker.unref.bind(worker)];
    worker.ref = () => {
      isHeld = true;
      ref();
    };
    worker.unref = () => {
      isHeld = false;
      unref();
    };
  });
  const handle = await WorkerHandle.start(moduleUrl(workerSource), true);
  restore();
  try {
    expect(isHeld).toBe(false);
    let answer: (value: number) => void = () => {};
    let refuse: (error: Error) => void = () => {};
    const answered = handle.call(() => new Promise<number>((resolve) => (answer = resolve)));
    const refused = handle.call(() => new Promise<number>((_, reject) => (refuse = reject)));
    answer(1);
    expect([await answered, isHeld]).toEqual([1, true]);
    refuse(new Error('no answer'));
    await expect(refused).rejects.toThrow('no answer');
    expect(isHeld).toBe(false);
  } finally {
    handle.terminate('the test is over');
  }
});
