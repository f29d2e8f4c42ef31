// How messages reach one endpoint: HTTP by fetch, or an object that takes requests one by one (EIP-1193, viem).

import { InputError } from '../../base/errors.ts';
import { describe } from '../../base/reader.ts';
import { isLimit, MessageFailure, type Reply, type RpcFault, readReplies } from './json-rpc.ts';

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface Wire {
  /** For people; without what may be secret. */
  readonly name: string;
  /** Whether one message may hold several requests. */
  readonly batches: boolean;
  /** Sends one message. @throws MessageFailure where no replies came, the signal's reason when it is aborted */
  send(requests: readonly WireRequest[], signal: AbortSignal): Promise<Reply[]>;
  /** Bytes of messages sent and received so far; 0 where nobody knows. */
  readonly traffic: { sent: number; received: number };
}

/** What EIP-1193 providers, viem's clients and viem's transports (once called) have in common. */
export interface RequestFunctionHolder {
  request(args: { method: string; params?: unknown }): Promise<unknown>;
}

/** An endpoint over HTTP with more than its URL. */
export interface HttpEndpoint {
  readonly url: string | URL;
  /** For every message, as for an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global one, with its parameters and answers. */
  readonly fetch?: (input: string, init: object) => Promise<object>;
}

/** Bytes of one answer; the trace of a large block has a tenth of it. */
const MAXIMUM_ANSWER = 256 * 1024 * 1024;

/** @throws InputError naming `field` for what is no URL of HTTP */
export function httpWire(endpoint: HttpEndpoint, field: string): Wire {
  const { url, authorization } = readUrl(endpoint.url, field);
  const headers = { 'content-type': 'application/json', ...authorization, ...endpoint.headers };
  const send = (endpoint.fetch as Fetch | undefined) ?? ((input, options) => fetch(input, options));
  const traffic = { sent: 0, received: 0 };
  let next = 1;
  return {
    // What comes after the host is often a key.
    name: url.origin,
    batches: true,
    traffic,
    async send(requests, signal) {
      const first = next;
      next += requests.length;
      const messages = requests.map(({ method, params }, at) => ({ jsonrpc: '2.0', id: first + at, method, params }));
      const batched = messages.length > 1;
      const body = JSON.stringify(batched ? messages : messages[0]);
      traffic.sent += body.length;
      const { status, retryAfterMs, text } = await posted(send, url.href, { method: 'POST', headers, body, signal });
      traffic.received += text.length;
      const value = parsed(text, status, retryAfterMs, batched);
      return readReplies(value, first, requests.length, batched);
    },
  };
}

function readUrl(value: string | URL, field: string): { url: URL; authorization: Record<string, string> } {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new InputError(field, `not an absolute URL: ${describe(value)}`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const other = /^wss?:$/.test(url.protocol) ? '; for WebSocket give a provider or a viem client' : '';
    throw new InputError(field, `expected http: or https:, got ${describe(url.protocol)}${other}`);
  }
  const { username, password } = url;
  if (username === '' && password === '') return { url, authorization: {} };
  // fetch refuses them in the URL.
  url.username = '';
  url.password = '';
  const secret = btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url, authorization: { authorization: `Basic ${secret}` } };
}

/** Of the global `fetch`, what is used here; public types do without the DOM's. */
type Fetch = (input: string, options: RequestInit) => Promise<Response>;

async function posted(
  send: Fetch,
  url: string,
  options: RequestInit & { signal: AbortSignal },
): Promise<{ status: number; retryAfterMs: number | undefined; text: string }> {
  try {
    const response = await send(url, options);
    const after = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      status: response.status,
      retryAfterMs: after >= 0 ? after * 1000 : undefined,
      text: await textOf(response),
    };
  } catch (cause) {
    if (options.signal.aborted) throw options.signal.reason;
    if (cause instanceof MessageFailure) throw cause;
    throw new MessageFailure('lost', `no answer (${reasonOf(cause)})`, { cause });
  }
}

/** What fetch hides one level down: `fetch failed` means ECONNRESET. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: unknown; cause?: { code?: unknown; message?: unknown } };
  const deeper = cause?.code ?? cause?.message;
  return deeper === undefined ? String(message ?? error) : `${String(message)}: ${String(deeper)}`;
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > MAXIMUM_ANSWER) {
      await reader.cancel();
      throw new MessageFailure('size', `more than ${MAXIMUM_ANSWER} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string, status: number, retryAfterMs: number | undefined, batched: boolean): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (status === 200) {
      const problem = text === '' ? 'an empty answer' : 'the answer is not JSON, or not all of it';
      throw new MessageFailure('wrong', problem, { code: status, answer: text, cause });
    }
  }
  if (status >= 200 && status < 300) return value;
  // Many nodes say with the status of HTTP what they say again in the answer.
  if (value !== undefined && status !== 429 && status !== 413 && isAnswer(value, batched)) return value;
  const more = { code: status, answer: text, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  throw new MessageFailure(kindOf(status, batched), `HTTP status ${status}`, more);
}

function isAnswer(value: unknown, batched: boolean): boolean {
  if (Array.isArray(value)) return batched;
  return typeof value === 'object' && value !== null && ('error' in value || 'result' in value);
}

function kindOf(status: number, batched: boolean): MessageFailure['kind'] {
  // Some providers say with 403 that there were too many requests.
  if (status === 429 || status === 403) return 'limit';
  if (status === 413 || (batched && (status === 400 || status === 405 || status === 415))) return 'size';
  return status >= 500 || status === 408 ? 'lost' : 'refused';
}

/** A provider takes requests one by one and says what is wrong by throwing. */
export function providerWire(provider: RequestFunctionHolder): Wire {
  return {
    name: 'provider',
    batches: false,
    traffic: { sent: 0, received: 0 },
    async send([request], signal) {
      if (request === undefined) return [];
      signal.throwIfAborted();
      try {
        const { method, params } = request;
        const result = await provider.request({ method, params: [...params] });
        return [
          result === undefined ? { fault: { code: -32603, message: 'neither a result nor an error' } } : { result },
        ];
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const fault = faultOf(error);
        const kind = fault === undefined || isLost(fault.code) ? 'lost' : isLimit(fault) ? 'limit' : undefined;
        if (kind === undefined && fault !== undefined) return [{ fault }];
        throw new MessageFailure(kind ?? 'lost', reasonOf(error), {
          ...(fault !== undefined && { code: fault.code }),
          answer: reasonOf(error),
          cause: error,
        });
      }
    },
  };
}

/** HTTP's codes, which viem passes on, and those of EIP-1193 for a provider without a connection. */
function isLost(code: number): boolean {
  return code === 408 || (code >= 500 && code < 600) || code === 4900 || code === 4901;
}

/** What a thrown value says of the node's answer: viem and ethers wrap it, some several times. */
function faultOf(error: unknown): RpcFault | undefined {
  let found: RpcFault | undefined;
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    const { code, status, message, details, data, cause } = at as Record<string, unknown>;
    const number = typeof code === 'number' ? code : typeof status === 'number' ? status : undefined;
    if (number !== undefined) {
      const said = typeof details === 'string' ? details : typeof message === 'string' ? message : '';
      found = { code: number, message: said, data };
    }
    at = cause;
  }
  return found;
}
