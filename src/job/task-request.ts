// Reads the request for a list of tasks: who executes them, and the state they begin on.

import { InputError } from '../base/errors.ts';
import { isBytes, keyFromBytes } from '../base/hex.ts';
import { absoluteUrl, describe, isMap } from '../base/reader.ts';
import { type StateImage, StateImageBuilder } from '../core/host/state-image.ts';
import type { ExecutorSource } from '../run/work.ts';
import type { Executor } from '../task/executor.ts';
import type { ExecutionOptions } from '../types.ts';
import { checkSource } from './state-before.ts';

/** @throws InputError for what is none */
export function readExecutor(executor: unknown): 'synthetic' | ExecutorSource {
  if (executor === 'synthetic') return executor;
  if (typeof executor === 'string' || executor instanceof URL) {
    return { url: absoluteUrl(executor, 'executor'), options: undefined };
  }
  if (typeof executor === 'object' && executor !== null) {
    if ('execute' in executor && typeof executor.execute === 'function') return { object: executor as Executor };
    if ('module' in executor) {
      const options = 'options' in executor ? executor.options : undefined;
      return { url: absoluteUrl(executor.module, 'executor.module'), options };
    }
  }
  throw new InputError(
    'executor',
    `expected an executor, the URL of its module, or "synthetic", got ${describe(executor)}`,
  );
}

/** Free-form state before the first task. */
export interface InitialValues {
  readonly image: StateImage;
  /** By `keyFromBytes`. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly numbers: ReadonlyMap<string, bigint>;
}

/** @throws InputError naming the value */
export function readInitialValues({ data, numbers, state }: ExecutionOptions): InitialValues {
  if (state !== undefined) checkSource(state, 'options.state');
  const builder = new StateImageBuilder();
  const dataMap = new Map<string, Uint8Array>();
  const numberMap = new Map<string, bigint>();
  for (const [key, value] of entriesOf(data, 'options.data')) {
    if (!isBytes(value)) {
      throw new InputError(`options.data[${describe(key)}]`, `expected a Uint8Array, got ${describe(value)}`);
    }
    const bytes = keyBytes(key, 'options.data');
    builder.data(bytes, value);
    dataMap.set(keyFromBytes(bytes), value);
  }
  for (const [key, value] of entriesOf(numbers, 'options.numbers')) {
    if (typeof value !== 'bigint' || value < 0n || value >> 256n !== 0n) {
      throw new InputError(
        `options.numbers[${describe(key)}]`,
        `expected a bigint from 0 to 2^256 - 1, got ${describe(value)}`,
      );
    }
    const bytes = keyBytes(key, 'options.numbers');
    builder.freeNumber(bytes, value);
    numberMap.set(keyFromBytes(bytes), value);
  }
  return { image: builder.finish(), data: dataMap, numbers: numberMap };
}

function entriesOf(values: unknown, field: string): Iterable<[string, unknown]> {
  if (values === undefined) return [];
  if (isMap(values)) return values as Map<string, unknown>;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new InputError(field, `expected an object or a Map, got ${describe(values)}`);
  }
  return Object.entries(values);
}

function keyBytes(key: string, field: string): Uint8Array {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length === 0 || bytes.length > 65535) {
    throw new InputError(`${field}[${describe(key)}]`, `a key has 1 to 65535 bytes, this one ${bytes.length}`);
  }
  return bytes;
}
