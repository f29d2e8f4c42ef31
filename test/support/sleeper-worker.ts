// A worker that sleeps on a doorbell and answers what it is told: rounds by their numbers, messages by their text.

import { acceptPort, eventLoopTurn } from '../../src/base/platform.ts';
import { type BareRound, Sleeper } from '../../src/workers/doorbell.ts';

const port = await acceptPort();

const sleeper = new Sleeper(async ({ workerId, first }: BareRound) => {
  // Some rounds take turns of the event loop, in which messages come in.
  if (first % 3 === 0) await eventLoopTurn();
  port.postMessage({ round: first, workerId });
});

port.addEventListener('message', ({ data }: MessageEvent<{ words?: Int32Array; text?: number; slow?: boolean }>) => {
  sleeper.received();
  if (data.words !== undefined) sleeper.attach(data.words);
  if (data.slow) void sleeper.whileAwake(eventLoopTurn().then(() => port.postMessage({ text: data.text })));
  else if (data.text !== undefined) port.postMessage({ text: data.text });
});
port.start();
