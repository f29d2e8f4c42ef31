// Errors across threads: classes and fields get lost on the way, so they are packed and made again.

import * as errors from './errors.ts';

/** Structured-cloneable. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

const CLASSES: Readonly<Record<string, { prototype: Error }>> = { ...errors } as never;

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, fields: {} };
  const { name } = error;
  const message = errors.withoutSources(error.message);
  const stack = error.stack && errors.withoutSources(error.stack);
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  return { name, message, stack, fields };
}

export function unpackError(packed: PackedError): Error {
  const known = Object.hasOwn(CLASSES, packed.name) ? CLASSES[packed.name] : undefined;
  const error: Error = known === undefined ? new Error(packed.message) : Object.create(known.prototype);
  const { name, message, stack } = packed;
  for (const [key, value] of Object.entries({ name, message, stack })) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  }
  return Object.assign(error, packed.fields);
}

/** What surely survives a structured clone. */
function isPlain(value: unknown): boolean {
  return value === undefined || value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
