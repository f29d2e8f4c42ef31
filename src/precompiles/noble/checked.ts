// Calls of noble with points that nobody has checked yet.
import { InvalidInput } from '../precompile-input.ts';

/** Runs library code on untrusted points: what it throws means that the input is not valid. */
export function checked<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw new InvalidInput(String(error));
  }
}
