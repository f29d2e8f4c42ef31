// Why a frame can halt exceptionally, in words.

export const HALT_REASONS = [
  'out of gas',
  'stack underflow',
  'stack overflow',
  'invalid jump destination',
  'invalid opcode',
  'write in static context',
  'return data out of bounds',
  'address collision',
  'code too large',
  'code begins with 0xef',
  'init code too large',
  'precompile failure',
  'call depth',
  'insufficient balance',
  'nonce at maximum',
] as const;

/** The last three are of calls that were not made, never of the outermost frame. */
export type HaltReason = (typeof HALT_REASONS)[number];
