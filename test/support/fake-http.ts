// HTTP in front of a made-up node, in this process: a `fetch` that can lose, garble and delay what passes through it.
import { Cancellation } from '../../src/state/remote/cancellation.ts';
import type { Clock } from '../../src/state/remote/clock.ts';
import type { WireRequest } from '../../src/state/remote/wire.ts';
import type { FakeNode, FakeReply } from './fake-node.ts';

interface Message extends WireRequest {
  readonly id: number;
}
type Item = { jsonrpc: '2.0'; id: unknown } & FakeReply;

/** What may happen to one message. */
export interface Accident {
  /** Before the node sees it: no answer ever, a broken connection, or this response. */
  readonly before?: (messages: readonly Message[]) => 'never' | 'reset' | Response | undefined;
  /** To single answers. */
  readonly item?: (item: Item, message: Message) => Item;
  /** To all of them together. */
  readonly items?: (items: Item[]) => unknown;
  /** To the text of the answer. */
  readonly text?: (text: string) => string;
  readonly delayMs?: number;
}

/** A `fetch` to the node; `accident` says what happens to each message, in the order they are sent. */
export function fakeFetch(
  node: FakeNode,
  { clock, accident = () => ({}) }: { clock?: Clock; accident?: (messages: readonly Message[]) => Accident } = {},
): typeof fetch {
  return async (_input, options) => {
    const signal = options?.signal ?? undefined;
    const body: Message | Message[] = JSON.parse(String(options?.body));
    const messages = Array.isArray(body) ? body : [body];
    const { before, item, items, text, delayMs } = accident(messages);
    const early = before?.(messages);
    if (early === 'never') return never(signal);
    if (early === 'reset') throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
    if (delayMs !== undefined && clock !== undefined) await clock.sleep(delayMs, cancellationOf(signal));
    if (early !== undefined) return early;
    const answers: Item[] = [];
    for (const message of messages) {
      const answer: Item = { jsonrpc: '2.0', id: message.id, ...(await node.answer(message)) };
      answers.push(item === undefined ? answer : item(answer, message));
    }
    const whole = Array.isArray(body) ? (items === undefined ? answers : items(answers)) : answers[0];
    const json = JSON.stringify(whole);
    return new Response(text === undefined ? json : text(json), { headers: { 'content-type': 'application/json' } });
  };
}

function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function cancellationOf(signal: AbortSignal | undefined): Cancellation {
  return Cancellation.of(signal).cancellation;
}
