// JSON-RPC over HTTP and WebSocket, on one port: for this machine unless more is asked for, and bounded in all it holds.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { InputError } from '../base/errors.ts';
import type { Provider } from '../types.ts';
import { answerText, failure, handlerOf, type JsonRpcLimits } from './json-rpc.ts';

export interface RpcServerOptions {
  readonly provider: Provider;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Pages that may ask, by origin; `*`: all. Default none. */
  readonly cors?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerLimits extends JsonRpcLimits {
  /** Bytes of one request. */
  readonly bodyBytes: number;
  /** Bytes of all requests that are being read or answered. */
  readonly heldBytes: number;
  readonly connections: number;
  /** For a request to come in whole, in milliseconds. */
  readonly receiveMs: number;
  /** For an answer to be taken whole, in milliseconds. */
  readonly sendMs: number;
  /** Bytes of all answers that their clients have not taken yet. */
  readonly unreadBytes: number;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  /** Takes no more; what is being answered has a moment to end. */
  close(): Promise<void>;
}

const LIMITS: ServerLimits = {
  batch: 1000,
  timeoutMs: 120_000,
  answerBytes: 256 << 20,
  bodyBytes: 16 << 20,
  heldBytes: 256 << 20,
  connections: 4096,
  receiveMs: 30_000,
  sendMs: 120_000,
  unreadBytes: 128 << 20,
};
/** What is being answered when the server closes has so long. */
const GRACE_MS = 2000;
/** Bytes that a client of a subscription may leave unread. */
const UNREAD_BYTES = 64 << 20;
const UNREAD = 'too many answers that their clients have not read yet';
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Listens. @throws the error of the system where the port is taken */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const listening = new ListeningServer(options);
  await listening.listen(options.port, options.host);
  return listening;
}

class ListeningServer implements RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: ServerLimits;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #subscribers = new Map<string, WebSocket>();
  readonly #running = new Set<Promise<unknown>>();
  #held = 0;
  #unread = 0;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const { receiveMs, bodyBytes, connections } = this.#limits;
    this.#http = createServer({ requestTimeout: receiveMs, headersTimeout: receiveMs }, (request, response) => {
      this.#track(this.#answer(request, response)).catch(() => response.destroy());
    });
    this.#http.maxConnections = connections;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: bodyBytes });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    options.provider.on('message', ({ data }) => {
      const socket = this.#subscribers.get(data.subscription);
      if (socket === undefined) return;
      if (socket.bufferedAmount > UNREAD_BYTES) socket.close(1008, 'too slow');
      else socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: data }));
    });
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const socket of this.#sockets.clients) socket.close(1001, 'the server stops');
    this.#http.closeIdleConnections();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE_MS);
    });
    await Promise.race([Promise.allSettled(this.#running), grace]);
    clearTimeout(timer);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await closed;
  }

  #track<R>(running: Promise<R>): Promise<R> {
    this.#running.add(running);
    const over = () => void this.#running.delete(running);
    running.then(over, over);
    return running;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return end(response, refusal.status, failure(null, -32600, refusal.message));
    if (origin !== undefined) {
      response.setHeader('access-control-allow-origin', this.#options.cors?.includes('*') ? '*' : origin);
      response.setHeader('vary', 'origin');
    }
    if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'POST');
      response.setHeader('access-control-allow-headers', 'content-type');
      return end(response, 204, '');
    }
    if (request.method === 'GET' || request.method === 'HEAD') return end(response, 200, '');
    if (request.method !== 'POST') return end(response, 405, failure(null, -32600, 'requests of JSON-RPC are posted'));
    if (!/^application\/(json|json-rpc|jsonrequest)\b/i.test(request.headers['content-type'] ?? '')) {
      return end(response, 415, failure(null, -32600, 'expected content-type: application/json'));
    }
    const body = await this.#read(request, response);
    if (body === undefined) return;
    let answer: string | undefined;
    try {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const text = body.toString('utf8');
      answer = await answerText(text, handlerOf(this.#options.provider), this.#limits, gone.signal);
    } finally {
      this.#held -= body.length;
    }
    return this.#answerWith(Buffer.from(answer ?? ''), response);
  }

  /** Bytes: as characters it would be held twice while its client does not take it. */
  async #answerWith(answer: Buffer, response: ServerResponse): Promise<void> {
    if (!this.#hasRoom(answer)) return end(response, 503, failure(null, -32005, UNREAD));
    await this.#delivered(answer, (taken) => {
      // Also of a client that has gone.
      if (response.writableEnded || response.destroyed) return void taken();
      response.once('close', taken);
      end(response, 200, answer);
      return () => response.destroy();
    });
  }

  /** One is always answered, however large the answer is. */
  #hasRoom(answer: Buffer): boolean {
    return this.#unread === 0 || this.#unread + answer.length <= this.#limits.unreadBytes;
  }

  /** Counts an answer until its client has taken it, and leaves who does not. */
  async #delivered(answer: Buffer, send: (taken: () => void) => (() => void) | undefined): Promise<void> {
    this.#unread += answer.length;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      const leave = send(resolve);
      if (leave !== undefined) timer = setTimeout(leave, this.#limits.sendMs);
    });
    clearTimeout(timer);
    this.#unread -= answer.length;
  }

  /** Why nobody is answered who asks like that: pages that were not invited, and names that lead here from elsewhere. */
  #refusal({ headers }: IncomingMessage): { status: number; message: string } | undefined {
    const { cors = [], host } = this.#options;
    const { origin } = headers;
    if (origin !== undefined && !cors.includes('*') && !cors.includes(origin)) {
      return { status: 403, message: `pages of ${origin.slice(0, 200)} may not ask; --cors allows it` };
    }
    const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    if (LOOPBACK.has(host === '::1' ? '[::1]' : host) && !LOOPBACK.has(name)) {
      return { status: 403, message: 'this server is asked by the names of this machine alone' };
    }
    return undefined;
  }

  /** The body; `undefined` where it was too large, or the client has gone, and all is said. */
  #read(request: IncomingMessage, response: ServerResponse): Promise<Buffer | undefined> {
    const { bodyBytes, heldBytes } = this.#limits;
    const parts: Buffer[] = [];
    let size = 0;
    return new Promise((resolve) => {
      const refuse = (status: number, message: string) => {
        this.#held -= size;
        size = 0;
        parts.length = 0;
        request.removeAllListeners('data');
        response.setHeader('connection', 'close');
        end(response, status, failure(null, -32600, message));
        // What still comes is thrown away until the answer is out.
        request.resume();
        response.on('finish', () => request.destroy());
        resolve(undefined);
      };
      request.on('data', (part: Buffer) => {
        size += part.length;
        this.#held += part.length;
        if (size > bodyBytes) refuse(413, `a request has at most ${bodyBytes} bytes`);
        else if (this.#held > heldBytes) refuse(503, 'too many large requests at once');
        else parts.push(part);
      });
      request.on('end', () => resolve(Buffer.concat(parts)));
      request.on('close', () => {
        if (request.complete) return;
        this.#held -= size;
        resolve(undefined);
      });
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (this.#refusal(request) !== undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client));
  }

  /** A client over WebSocket: its texts are answered in the order in which they come. */
  #serve(client: WebSocket): void {
    const gone = new AbortController();
    const own = new Set<string>();
    let last: Promise<void> = Promise.resolve();
    const handle = async (method: string, params: unknown, signal: AbortSignal) => {
      const answer = await handlerOf(this.#options.provider)(method, params, signal);
      if (method === 'eth_subscribe') {
        own.add(answer as string);
        this.#subscribers.set(answer as string, client);
      }
      return answer;
    };
    client.on('error', () => client.terminate());
    client.on('message', (data, isBinary) => {
      const text = data.toString();
      if (this.#held + text.length > this.#limits.heldBytes) {
        client.send(failure(null, -32005, 'too many large requests at once'));
        return;
      }
      this.#held += text.length;
      last = last.then(async () => {
        const answered = isBinary
          ? failure(null, -32600, 'expected text')
          : await answerText(text, handle, this.#limits, gone.signal);
        this.#held -= text.length;
        if (answered === undefined || client.readyState !== client.OPEN) return;
        const answer = Buffer.from(answered);
        if (!this.#hasRoom(answer)) return client.send(failure(null, -32005, UNREAD));
        // What comes next waits until this is taken.
        await this.#delivered(answer, (taken) => {
          client.once('close', taken);
          client.send(answer, { binary: false }, () => {
            client.off('close', taken);
            taken();
          });
          return () => client.terminate();
        });
      });
      this.#track(last).catch(() => client.terminate());
    });
    client.on('close', () => {
      gone.abort();
      for (const id of own) {
        this.#subscribers.delete(id);
        this.#options.provider.request({ method: 'eth_unsubscribe', params: [id] }).catch(() => {});
      }
    });
  }
}

function end(response: ServerResponse, status: number, text: string | Buffer): void {
  if (response.writableEnded || response.destroyed) return;
  response.statusCode = status;
  if (text.length > 0) response.setHeader('content-type', 'application/json');
  response.end(text);
}

/** @throws InputError for what is no origin */
export function readOrigin(text: string): string {
  if (text === '*') return text;
  try {
    return new URL(text).origin;
  } catch {
    throw new InputError('--cors', `expected * or an origin such as http://localhost:3000, not "${text}"`);
  }
}
