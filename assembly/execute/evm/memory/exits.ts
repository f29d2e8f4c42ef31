// How a frame is left, by the interpreter and by the handlers of its opcodes.

/** How the interpreter leaves a frame. Handlers answer the gas left, or one of these negated as `Stop`. */
export abstract class Exit {
  static readonly SUCCESS: u32 = 1;
  static readonly REVERTED: u32 = 2;
  static readonly HALTED: u32 = 3;
  /** The attempt ends: see failure.ts. */
  static readonly UNFINISHED: u32 = 4;
  /** Another frame is to run. */
  static readonly ENTERED: u32 = 5;
}

/** Negative "gas left" of a handler that stops the frame: the Exit negated. */
export abstract class Stop {
  static readonly HALTED: i64 = -3;
  static readonly UNFINISHED: i64 = -4;
  static readonly ENTERED: i64 = -5;
}
