// Cases of JSON-RPC, requests and responses line by line, and how both are compared: as hive's rpc-compat does it.

import { join } from 'node:path';
import { archivedFiles } from './archive.ts';
import { sharedFolder } from './shared.ts';

export interface RpcExchange {
  readonly request: { readonly id: number; readonly method: string; readonly params?: readonly unknown[] };
  readonly response: RpcResponse;
}

export interface RpcResponse {
  readonly jsonrpc?: string;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export interface RpcCase {
  readonly name: string;
  /** Whether only the shape of the answer counts. */
  readonly speconly: boolean;
  readonly exchanges: readonly RpcExchange[];
}

/** `execution-apis` or `rpc-geth`. */
export async function rpcCases(folder: string): Promise<RpcCase[]> {
  const cases: RpcCase[] = [];
  for await (const { path, text } of archivedFiles(join(sharedFolder!, folder, 'cases.tar.gz'))) {
    if (!path.endsWith('.io')) continue;
    const lines = text.split('\n');
    const exchanges = lines.flatMap((line, at) =>
      line.startsWith('>> ')
        ? [{ request: JSON.parse(line.slice(3)), response: JSON.parse(lines[at + 1]!.slice(3)) } as RpcExchange]
        : [],
    );
    const speconly = lines.some((line) => line.startsWith('//') && line.includes('speconly'));
    cases.push({ name: path.split('/').slice(-2).join('/').replace('.io', ''), speconly, exchanges });
  }
  return cases.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Where an answer differs from the one expected; `undefined` where it does not. */
export function difference(expected: RpcResponse, actual: RpcResponse, speconly: boolean): string | undefined {
  return speconly ? differingShape(expected, actual) : differing(expected, actual, '');
}

function differing(expected: unknown, actual: unknown, path: string): string | undefined {
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    if (expected === actual) return undefined;
    // Messages of errors are each client's own.
    if (/\.error(\.message)?$/.test(path) && path.endsWith('.message')) return undefined;
    return `${path}: ${short(actual)}, not ${short(expected)}`;
  }
  if (Array.isArray(expected) !== Array.isArray(actual)) return `${path}: ${short(actual)}, not ${short(expected)}`;
  const [left, right] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (key === 'message' && path.endsWith('.error')) continue;
    if (!(key in left)) return `${path}.${key}: ${short(right[key])}, not there`;
    const found = differing(left[key], right[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function differingShape(expected: RpcResponse, actual: RpcResponse): string | undefined {
  if ('error' in expected !== 'error' in actual) return `${short(actual)}, not ${short(expected)}`;
  return differingKinds(expected.result, actual.result, 'result');
}

function differingKinds(expected: unknown, actual: unknown, path: string): string | undefined {
  const kind = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
  if (kind(expected) !== kind(actual)) return `${path}: ${kind(actual)}, not ${kind(expected)}`;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return expected.length > 0 && actual.length > 0 ? differingKinds(expected[0], actual[0], `${path}[0]`) : undefined;
  }
  if (typeof expected !== 'object' || expected === null) return undefined;
  const [left, right] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
  for (const key of Object.keys(left)) {
    // Addresses and nonces as keys are values.
    if (/^(0x)?[0-9a-fA-F]+$/.test(key)) continue;
    if (!(key in right)) return `${path}.${key}: missing`;
    const found = differingKinds(left[key], right[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 120);
}
