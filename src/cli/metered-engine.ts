// The engine of a command, and, where it is asked for, its metrics over HTTP on this machine for as long as the command lasts.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../base/errors.ts';
import { createEngine, METRICS_CONTENT_TYPE, metricsText, type TracingEngine } from '../index.ts';
import type { Engine, EngineOptions } from '../types.ts';
import { readNumber } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** The flag of every command that executes. */
export const metricsArgument = {
  'metrics-port': {
    type: 'string',
    valueHint: 'N',
    description: 'serve metrics for Prometheus at http://127.0.0.1:N/metrics while it runs; 0: any port that is free',
  },
} as const;

/** @throws InputError naming the flag */
export function readMetricsPort(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readNumber('--metrics-port', text, { least: 0, most: 65_535, integer: true });
}

/** Lets `body` use an engine, which is disposed of afterwards. @throws InputError where the port cannot be had */
export async function withEngine<T>(
  options: EngineOptions,
  metricsPort: number | undefined,
  terminal: Pick<Terminal, 'complain'>,
  body: (engine: TracingEngine) => Promise<T>,
): Promise<T> {
  const engine = await createEngine(options);
  const { placement } = engine.capabilities;
  if (placement?.status === 'unavailable') terminal.complain(`note workers are not placed: ${placement.reason}`);
  let server: Server | undefined;
  try {
    if (metricsPort !== undefined) {
      server = await serveMetrics(engine, metricsPort);
      // Not among the results, which others may read.
      terminal.complain(`metrics at http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    }
    return await body(engine);
  } finally {
    server?.close();
    server?.closeAllConnections();
    await engine.dispose();
  }
}

/** Answers `GET /metrics` on the loopback address, in the format that the asker accepts. */
export function serveMetrics(engine: Engine, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    const format = request.headers.accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
    response.writeHead(200, { 'Content-Type': METRICS_CONTENT_TYPE[format] });
    response.end(request.method === 'HEAD' ? undefined : metricsText(engine, { format }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new InputError('--metrics-port', `cannot listen on 127.0.0.1:${port}: ${error.code ?? error.message}`));
    });
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
