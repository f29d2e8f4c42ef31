// A made-up node on loopback, for programs that only take a URL.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fakeFetch } from './fake-http.ts';
import type { FakeNode } from './fake-node.ts';

export class HttpNode implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(node: FakeNode): Promise<HttpNode> {
    const answer = fakeFetch(node);
    const server = createServer(async (incoming, outgoing) => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const response = await answer('', { body: Buffer.concat(parts).toString() });
      outgoing.setHeader('content-type', 'application/json').end(await response.text());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HttpNode(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
