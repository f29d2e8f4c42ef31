// JSON-RPC 2.0 over a provider: single requests and batches as text, answered as text; nothing that comes in can break it.

import { messageOf, PevmError } from '../base/errors.ts';
import type { Provider } from '../types.ts';

export interface JsonRpcLimits {
  /** Requests of one batch. */
  readonly batch: number;
  /** Of one request, in milliseconds. */
  readonly timeoutMs: number;
  /** Bytes of all answers to one text. */
  readonly answerBytes: number;
}

/** Does the work; `signal` fires when nobody waits any more. */
export type Handler = (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const LIMIT_EXCEEDED = -32005;
const TIMED_OUT = -32002;
/** What Node says of a string that cannot be that long. */
const MAXIMUM_TEXT = 0x1fffffe8;

type Id = string | number | null;

/** The answer to a text; `undefined`: it asks for none. */
export async function answerText(
  text: string,
  handle: Handler,
  limits: JsonRpcLimits,
  signal: AbortSignal,
): Promise<string | undefined> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return failure(null, PARSE_ERROR, `malformed JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(given)) return answerOne(given, handle, limits, signal);
  if (given.length === 0) return failure(null, INVALID_REQUEST, 'an empty batch');
  if (given.length > limits.batch) {
    return failure(null, INVALID_REQUEST, `a batch of ${given.length} requests, at most ${limits.batch} allowed`);
  }
  const answers: string[] = [];
  let size = 2;
  for (const item of given) {
    if (signal.aborted) break;
    const tooMuch = size > limits.answerBytes;
    const answer = tooMuch
      ? failure(idOf(item), LIMIT_EXCEEDED, `the answers before it have more than ${limits.answerBytes} bytes`)
      : await answerOne(item, handle, limits, signal);
    if (answer === undefined) continue;
    answers.push(answer);
    size += answer.length + 1;
  }
  return answers.length === 0 ? undefined : `[${answers.join(',')}]`;
}

async function answerOne(
  item: unknown,
  handle: Handler,
  { timeoutMs }: JsonRpcLimits,
  signal: AbortSignal,
): Promise<string | undefined> {
  const id = idOf(item);
  const { method, params, jsonrpc } = (typeof item === 'object' && item !== null ? item : {}) as Record<
    string,
    unknown
  >;
  if (typeof method !== 'string' || (jsonrpc !== undefined && jsonrpc !== '2.0')) {
    return failure(id, INVALID_REQUEST, 'not a request of JSON-RPC 2.0: it needs a method');
  }
  const isNotification = !Object.hasOwn(item as object, 'id');
  const clock = new AbortController();
  const both = AbortSignal.any([signal, clock.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new PevmError(TIMED_OUT, `no answer within ${timeoutMs} ms`));
      clock.abort();
    }, timeoutMs);
  });
  try {
    const result = await Promise.race([handle(method, params, both), late]);
    return isNotification ? undefined : success(id, result);
  } catch (error) {
    const { code, message, data } = error as { code: number; message: string; data?: unknown };
    return isNotification ? undefined : failure(id, code, message, data);
  } finally {
    clearTimeout(timer);
  }
}

function success(id: Id, result: unknown): string {
  const text = serialized(result);
  if (text === undefined || text.length > MAXIMUM_TEXT) return failure(id, LIMIT_EXCEEDED, 'the answer is too large');
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`;
}

/** `undefined`: it is longer than a string can be. */
function serialized(result: unknown): string | undefined {
  try {
    return JSON.stringify(result ?? null);
  } catch {
    return undefined;
  }
}

export function failure(id: Id, code: number, message: string, data?: unknown): string {
  const error = { code, message, ...(data !== undefined && { data }) };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

function idOf(item: unknown): Id {
  const id = (item as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** A provider as a handler. */
export function handlerOf(provider: Provider): Handler {
  return (method, params, signal) => provider.request({ method, params: params as readonly unknown[], signal });
}
