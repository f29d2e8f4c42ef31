// A line to a node on loopback that takes its time, and counts what passes.
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export class LatencyProxy {
  readonly url: string;
  messages = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(port: number, latencyMs: number): Promise<LatencyProxy> {
    let proxy: LatencyProxy | undefined;
    const server = createServer(async (incoming, outgoing) => {
      if (proxy !== undefined) proxy.messages++;
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      await delay(latencyMs);
      const body = Buffer.concat(parts);
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const passed = request({ host: '127.0.0.1', port, method: 'POST', headers }, (answer) => {
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

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
