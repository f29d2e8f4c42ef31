// The opcodes by number: the only place that knows them. What they cost and when they came: fork-rules.ts.

export abstract class Op {
  static readonly STOP: u32 = 0x00;
  static readonly ADD: u32 = 0x01;
  static readonly MUL: u32 = 0x02;
  static readonly SUB: u32 = 0x03;
  static readonly DIV: u32 = 0x04;
  static readonly SDIV: u32 = 0x05;
  static readonly MOD: u32 = 0x06;
  static readonly SMOD: u32 = 0x07;
  static readonly ADDMOD: u32 = 0x08;
  static readonly MULMOD: u32 = 0x09;
  static readonly EXP: u32 = 0x0a;
  static readonly SIGNEXTEND: u32 = 0x0b;
  static readonly LT: u32 = 0x10;
  static readonly GT: u32 = 0x11;
  static readonly SLT: u32 = 0x12;
  static readonly SGT: u32 = 0x13;
  static readonly EQ: u32 = 0x14;
  static readonly ISZERO: u32 = 0x15;
  static readonly AND: u32 = 0x16;
  static readonly OR: u32 = 0x17;
  static readonly XOR: u32 = 0x18;
  static readonly NOT: u32 = 0x19;
  static readonly BYTE: u32 = 0x1a;
  static readonly SHL: u32 = 0x1b;
  static readonly SHR: u32 = 0x1c;
  static readonly SAR: u32 = 0x1d;
  static readonly CLZ: u32 = 0x1e;
  static readonly KECCAK256: u32 = 0x20;
  static readonly ADDRESS: u32 = 0x30;
  static readonly BALANCE: u32 = 0x31;
  static readonly ORIGIN: u32 = 0x32;
  static readonly CALLER: u32 = 0x33;
  static readonly CALLVALUE: u32 = 0x34;
  static readonly CALLDATALOAD: u32 = 0x35;
  static readonly CALLDATASIZE: u32 = 0x36;
  static readonly CALLDATACOPY: u32 = 0x37;
  static readonly CODESIZE: u32 = 0x38;
  static readonly CODECOPY: u32 = 0x39;
  static readonly GASPRICE: u32 = 0x3a;
  static readonly EXTCODESIZE: u32 = 0x3b;
  static readonly EXTCODECOPY: u32 = 0x3c;
  static readonly RETURNDATASIZE: u32 = 0x3d;
  static readonly RETURNDATACOPY: u32 = 0x3e;
  static readonly EXTCODEHASH: u32 = 0x3f;
  static readonly BLOCKHASH: u32 = 0x40;
  static readonly COINBASE: u32 = 0x41;
  static readonly TIMESTAMP: u32 = 0x42;
  static readonly NUMBER: u32 = 0x43;
  /** DIFFICULTY before Paris */
  static readonly PREVRANDAO: u32 = 0x44;
  static readonly GASLIMIT: u32 = 0x45;
  static readonly CHAINID: u32 = 0x46;
  static readonly SELFBALANCE: u32 = 0x47;
  static readonly BASEFEE: u32 = 0x48;
  static readonly BLOBHASH: u32 = 0x49;
  static readonly BLOBBASEFEE: u32 = 0x4a;
  static readonly POP: u32 = 0x50;
  static readonly MLOAD: u32 = 0x51;
  static readonly MSTORE: u32 = 0x52;
  static readonly MSTORE8: u32 = 0x53;
  static readonly SLOAD: u32 = 0x54;
  static readonly SSTORE: u32 = 0x55;
  static readonly JUMP: u32 = 0x56;
  static readonly JUMPI: u32 = 0x57;
  static readonly PC: u32 = 0x58;
  static readonly MSIZE: u32 = 0x59;
  static readonly GAS: u32 = 0x5a;
  static readonly JUMPDEST: u32 = 0x5b;
  static readonly TLOAD: u32 = 0x5c;
  static readonly TSTORE: u32 = 0x5d;
  static readonly MCOPY: u32 = 0x5e;
  static readonly PUSH0: u32 = 0x5f;
  static readonly PUSH1: u32 = 0x60;
  static readonly PUSH2: u32 = 0x61;
  static readonly PUSH3: u32 = 0x62;
  static readonly PUSH4: u32 = 0x63;
  static readonly PUSH5: u32 = 0x64;
  static readonly PUSH6: u32 = 0x65;
  static readonly PUSH7: u32 = 0x66;
  static readonly PUSH8: u32 = 0x67;
  static readonly PUSH9: u32 = 0x68;
  static readonly PUSH10: u32 = 0x69;
  static readonly PUSH11: u32 = 0x6a;
  static readonly PUSH12: u32 = 0x6b;
  static readonly PUSH13: u32 = 0x6c;
  static readonly PUSH14: u32 = 0x6d;
  static readonly PUSH15: u32 = 0x6e;
  static readonly PUSH16: u32 = 0x6f;
  static readonly PUSH17: u32 = 0x70;
  static readonly PUSH18: u32 = 0x71;
  static readonly PUSH19: u32 = 0x72;
  static readonly PUSH20: u32 = 0x73;
  static readonly PUSH21: u32 = 0x74;
  static readonly PUSH22: u32 = 0x75;
  static readonly PUSH23: u32 = 0x76;
  static readonly PUSH24: u32 = 0x77;
  static readonly PUSH25: u32 = 0x78;
  static readonly PUSH26: u32 = 0x79;
  static readonly PUSH27: u32 = 0x7a;
  static readonly PUSH28: u32 = 0x7b;
  static readonly PUSH29: u32 = 0x7c;
  static readonly PUSH30: u32 = 0x7d;
  static readonly PUSH31: u32 = 0x7e;
  static readonly PUSH32: u32 = 0x7f;
  static readonly DUP1: u32 = 0x80;
  static readonly DUP2: u32 = 0x81;
  static readonly DUP3: u32 = 0x82;
  static readonly DUP4: u32 = 0x83;
  static readonly DUP5: u32 = 0x84;
  static readonly DUP6: u32 = 0x85;
  static readonly DUP7: u32 = 0x86;
  static readonly DUP8: u32 = 0x87;
  static readonly DUP9: u32 = 0x88;
  static readonly DUP10: u32 = 0x89;
  static readonly DUP11: u32 = 0x8a;
  static readonly DUP12: u32 = 0x8b;
  static readonly DUP13: u32 = 0x8c;
  static readonly DUP14: u32 = 0x8d;
  static readonly DUP15: u32 = 0x8e;
  static readonly DUP16: u32 = 0x8f;
  static readonly SWAP1: u32 = 0x90;
  static readonly SWAP2: u32 = 0x91;
  static readonly SWAP3: u32 = 0x92;
  static readonly SWAP4: u32 = 0x93;
  static readonly SWAP5: u32 = 0x94;
  static readonly SWAP6: u32 = 0x95;
  static readonly SWAP7: u32 = 0x96;
  static readonly SWAP8: u32 = 0x97;
  static readonly SWAP9: u32 = 0x98;
  static readonly SWAP10: u32 = 0x99;
  static readonly SWAP11: u32 = 0x9a;
  static readonly SWAP12: u32 = 0x9b;
  static readonly SWAP13: u32 = 0x9c;
  static readonly SWAP14: u32 = 0x9d;
  static readonly SWAP15: u32 = 0x9e;
  static readonly SWAP16: u32 = 0x9f;
  static readonly LOG0: u32 = 0xa0;
  static readonly LOG1: u32 = 0xa1;
  static readonly LOG2: u32 = 0xa2;
  static readonly LOG3: u32 = 0xa3;
  static readonly LOG4: u32 = 0xa4;
  static readonly CREATE: u32 = 0xf0;
  static readonly CALL: u32 = 0xf1;
  static readonly CALLCODE: u32 = 0xf2;
  static readonly RETURN: u32 = 0xf3;
  static readonly DELEGATECALL: u32 = 0xf4;
  static readonly CREATE2: u32 = 0xf5;
  static readonly STATICCALL: u32 = 0xfa;
  static readonly REVERT: u32 = 0xfd;
  /** EIP-141: in no fork, now or later. */
  static readonly INVALID: u32 = 0xfe;
  static readonly SELFDESTRUCT: u32 = 0xff;
}

/** Words that an opcode needs on the stack. Asked on the way out of a frame that halts; the interpreter has its own checks. */
export function operandsOf(opcode: u32): u32 {
  if (opcode >= Op.PUSH0 && opcode <= Op.PUSH32) return 0;
  if (opcode >= Op.DUP1 && opcode <= Op.DUP16) return opcode - Op.DUP1 + 1;
  if (opcode >= Op.SWAP1 && opcode <= Op.SWAP16) return opcode - Op.SWAP1 + 2;
  if (opcode >= Op.LOG0 && opcode <= Op.LOG4) return opcode - Op.LOG0 + 2;
  switch (opcode) {
    case Op.ADD: case Op.MUL: case Op.SUB: case Op.DIV: case Op.SDIV: case Op.MOD: case Op.SMOD: case Op.EXP: case Op.SIGNEXTEND:
    case Op.LT: case Op.GT: case Op.SLT: case Op.SGT: case Op.EQ: case Op.AND: case Op.OR: case Op.XOR: case Op.BYTE:
    case Op.SHL: case Op.SHR: case Op.SAR: case Op.KECCAK256:
    case Op.MSTORE: case Op.MSTORE8: case Op.SSTORE: case Op.TSTORE: case Op.JUMPI: case Op.RETURN: case Op.REVERT:
      return 2;
    case Op.ISZERO: case Op.NOT: case Op.CLZ: case Op.BALANCE: case Op.CALLDATALOAD: case Op.EXTCODESIZE: case Op.EXTCODEHASH:
    case Op.BLOCKHASH: case Op.BLOBHASH: case Op.POP: case Op.MLOAD: case Op.SLOAD: case Op.TLOAD: case Op.JUMP: case Op.SELFDESTRUCT:
      return 1;
    case Op.ADDMOD: case Op.MULMOD: case Op.CALLDATACOPY: case Op.CODECOPY: case Op.RETURNDATACOPY: case Op.MCOPY: case Op.CREATE:
      return 3;
    case Op.EXTCODECOPY: case Op.CREATE2:
      return 4;
    case Op.DELEGATECALL: case Op.STATICCALL:
      return 6;
    case Op.CALL: case Op.CALLCODE:
      return 7;
    default:
      return 0;
  }
}
