// A line to a node on loopback that takes its time, and counts what passes.
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export class LatencyProxy {
  readonly url: string;
  messages = 0;
  /** Questions in all messages. */
  requests = 0;
  /** Both ways. */
  bytes = 0;
  /** Messages one after the other: each came after an answer to the one before it. */
  rounds = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(port: number, latencyMs: number): Promise<LatencyProxy> {
    let proxy: LatencyProxy | undefined;
    const server = createServer(async (incoming, outgoing) => {
      const round = (proxy?.rounds ?? 0) + 1;
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const body = Buffer.concat(parts);
      proxy?.count(body);
      await delay(latencyMs);
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const passed = request({ host: '127.0.0.1', port, method: 'POST', headers }, (answer) => {
        if (proxy !== undefined) proxy.rounds = Math.max(proxy.rounds, round);
        answer.on('data', (part: Buffer) => {
          if (proxy !== undefined) proxy.bytes += part.length;
        });
        outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
        answer.pipe(outgoing);
      });
      passed.once('error', () => outgoing.writeHead(502).end());
      passed.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = new LatencyProxy(server);
    return proxy;
  }

  /** Counts from here on. */
  forget(): void {
    this.messages = 0;
    this.requests = 0;
    this.bytes = 0;
    this.rounds = 0;
  }

  private count(body: Buffer): void {
    const asked: unknown = JSON.parse(body.toString());
    this.messages++;
    this.requests += Array.isArray(asked) ? asked.length : 1;
    this.bytes += body.length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
