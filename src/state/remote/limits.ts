// What a source may ask of its endpoints: the limits' defaults and ranges, and endpoints out of what the caller gave.

import { InputError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { describe, plainObject } from '../../base/reader.ts';
import type { Clock } from './clock.ts';
import { type CheckedLimits, Endpoint } from './endpoint.ts';
import { type HttpEndpoint, httpWire, providerWire, type RequestFunctionHolder, type Wire } from './wire.ts';

/** How hard endpoints may be asked. */
export interface RpcLimits {
  /** Requests in one message: `'auto'` (default) begins with 50, asks for more, and remembers what was refused. */
  readonly batch?: number | 'auto';
  /** Messages to one endpoint at the same time; default 8. */
  readonly concurrency?: number;
  /** Requests to one endpoint in a second; default no limit but the endpoint's own. */
  readonly perSecond?: number;
  /** How often what failed is sent again, with growing waits in between; default 4. */
  readonly retries?: number;
  /** Milliseconds that one message may take; default 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Where a node is: a URL, an endpoint with headers of its own, an EIP-1193 provider, a client or a transport of viem.
 * Several: the first is asked, the others where it fails.
 */
export type RpcTransport = RpcEndpoint | readonly RpcEndpoint[];
export type RpcEndpoint = string | URL | HttpEndpoint | RequestFunctionHolder | ViemTransport;
/** What viem's `http(url)` gives: a function that makes a transport. */
export type ViemTransport = (options: Record<string, never>) => RequestFunctionHolder;

const DEFAULTS: CheckedLimits = {
  batch: 'auto',
  concurrency: 8,
  perSecond: undefined,
  retries: 4,
  timeoutMs: 10_000,
};
const RANGES: Readonly<Record<keyof CheckedLimits, readonly [least: number, most: number]>> = {
  batch: [1, 10_000],
  concurrency: [1, 256],
  perSecond: [1, 1_000_000],
  retries: [0, 100],
  timeoutMs: [1, 3_600_000],
};

/** @throws InputError naming the limit */
export function readLimits(value: unknown, field: string): CheckedLimits {
  if (value === undefined) return DEFAULTS;
  const given = plainObject(value, field);
  const limits: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, limit] of Object.entries(given)) {
    const range = RANGES[name as keyof CheckedLimits];
    if (range === undefined || !Object.hasOwn(RANGES, name)) {
      const meant = nearest(name, Object.keys(RANGES));
      throw new InputError(`${field}.${name}`, `unknown limit${meant === undefined ? '' : `; did you mean ${meant}?`}`);
    }
    if (limit === undefined) continue;
    const whole = name === 'perSecond' || Number.isInteger(limit);
    const allowed = typeof limit === 'number' && whole && limit >= range[0] && limit <= range[1];
    if (!allowed && !(name === 'batch' && limit === 'auto')) {
      throw new InputError(`${field}.${name}`, `expected ${range[0]} to ${range[1]}, got ${describe(limit)}`);
    }
    limits[name] = limit;
  }
  return limits as unknown as CheckedLimits;
}

/** @throws InputError naming the endpoint */
export function readEndpoints(
  value: unknown,
  field: string,
  limits: CheckedLimits,
  clock: Clock,
  random: () => number,
): Endpoint[] {
  const given = Array.isArray(value) ? value : [value];
  if (given.length === 0) throw new InputError(field, 'an empty list');
  return given.map((item, at) => {
    const wire = readWire(item, Array.isArray(value) ? `${field}[${at}]` : field);
    return new Endpoint(wire, limits, clock, random);
  });
}

function readWire(value: unknown, field: string): Wire {
  if (value === undefined || value === null) throw new InputError(field, 'missing');
  if (typeof value === 'string' || value instanceof URL) return httpWire({ url: value }, field);
  const made = typeof value === 'function' && !hasRequest(value) ? (value as ViemTransport)({}) : value;
  if (hasRequest(made)) return providerWire(made);
  // What an async function gives is no transport, and what it fails with is told below.
  if (made instanceof Promise) made.catch(() => {});
  if (typeof made === 'object' && made !== null && 'url' in made) return httpWire(made as HttpEndpoint, field);
  throw new InputError(field, `expected a URL, an EIP-1193 provider or a viem client, got ${describe(value)}`);
}

function hasRequest(value: unknown): value is RequestFunctionHolder {
  const holder = value as Partial<RequestFunctionHolder> | null | undefined;
  return typeof holder?.request === 'function';
}
