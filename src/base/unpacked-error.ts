// Errors of other threads with their classes.

import * as errors from './errors.ts';
import { type PackedError, remakeError } from './packed-error.ts';

const CLASSES: Readonly<Record<string, { prototype: Error }>> = { ...errors } as never;

export function unpackError(packed: PackedError): Error {
  const known = Object.hasOwn(CLASSES, packed.name) ? CLASSES[packed.name] : undefined;
  return remakeError(packed, known?.prototype);
}
