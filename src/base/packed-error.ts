// Errors across threads: classes and fields get lost on the way, so they are packed and made again.

import { withoutSources } from './errors.ts';

/** Structured-cloneable. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, fields: {} };
  const { name } = error;
  const message = withoutSources(error.message);
  const stack = error.stack && withoutSources(error.stack);
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
  return { name, message, stack, fields };
}

/** The error again, but for its class: for a thread that only hands it on, which needs none of the classes. */
export function remakeError({ name, message, stack, fields }: PackedError, prototype?: Error): Error {
  const error: Error = prototype === undefined ? new Error(message) : Object.create(prototype);
  for (const [key, value] of Object.entries({ name, message, stack })) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  }
  return Object.assign(error, fields);
}

/** What surely survives a structured clone. */
function isPlain(value: unknown): boolean {
  return value === undefined || value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
