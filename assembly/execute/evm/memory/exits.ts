// How a frame is left, by the interpreter and by the handlers of its opcodes.

export abstract class Exit {
  /** It is not left: what a handler answers after which the next opcode runs. */
  static readonly NONE: u32 = 0;
  static readonly SUCCESS: u32 = 1;
  static readonly REVERTED: u32 = 2;
  /** For lack of gas, unless halts.ts was told another reason. */
  static readonly HALTED: u32 = 3;
  /** The attempt ends: see failure.ts. */
  static readonly UNFINISHED: u32 = 4;
  /** Another frame is to run. */
  static readonly ENTERED: u32 = 5;
}
