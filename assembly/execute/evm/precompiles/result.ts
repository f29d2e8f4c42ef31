// How a call of a precompiled contract ends.

export abstract class PrecompileResult {
  static readonly DONE: u32 = 1;
  /** The input is not valid: the call fails and takes all its gas. */
  static readonly FAILED: u32 = 2;
  static readonly EXHAUSTED: u32 = 3;
}
