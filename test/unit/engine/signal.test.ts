// The signal of an engine: what is left on it when the engine is gone.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/index.ts';

test('a disposed engine leaves no listener on the signal it was given', async () => {
  const { signal } = new AbortController();
  const engine = await createEngine({ threading: 'inline', signal });
  expect(getEventListeners(signal, 'abort')).not.toEqual([]);
  await engine.dispose();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
