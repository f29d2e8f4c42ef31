// The states of a recorded chain.
import { expect, test } from 'vitest';
import { memoryState } from '../../../src/index.ts';
import { StateHistory } from '../../../src/node/state-history.ts';

test('a root that cannot be reckoned is told to whoever asks for it, and is nobody else’s failure', async () => {
  const whole = memoryState({});
  const accounts = {
    values: () => {
      throw new Error('no accounts');
    },
  };
  const unhandled: unknown[] = [];
  const listener = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  try {
    const history = new StateHistory({ whole: { ...whole, accounts: accounts as never } });
    await history.archive();
    // Rejections without a handler are told after the microtasks.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).toEqual([]);
    await expect(history.rootAt(0)).rejects.toThrow('no accounts');
  } finally {
    process.off('unhandledRejection', listener);
  }
});
