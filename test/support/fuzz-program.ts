// Random EVM programs that survive: a writer that knows the height of the stack, where it may jump, and what calls are worth.

import { type Hardfork, isAtLeast } from '../../src/chain/hardfork.ts';
import { opcodeNamed } from '../../src/chain/opcodes.ts';
import { type Item, isActive, widthOf } from './evm-program.ts';
import { precompileInput } from './fuzz-precompiles.ts';
import type { Random } from './fuzz-random.ts';

/** What a program may know of the world it will run in. */
export interface Surroundings {
  fork: Hardfork;
  /** Contracts worth calling: cheap ones, which call nobody in turn. */
  helpers: readonly bigint[];
  /** Everybody else: programs, accounts without code, absent ones, delegations. */
  others: readonly bigint[];
}

const all = (1n << 256n) - 1n;

/** Where arithmetic, memory and gas go wrong. */
const boundaries: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 31n, 32n, 33n, 63n, 64n, 127n, 128n, 255n, 256n, 257n, 0xffffn, 0x10000n],
  ...[32n, 63n, 64n, 128n, 160n, 192n, 255n].flatMap((bits) => [(1n << bits) - 1n, 1n << bits, (1n << bits) + 1n]),
  ...[all, all - 1n, all - 31n, all >> 1n, 1n << 255n, all ^ ((1n << 64n) - 1n), 10n ** 18n],
];

const slots: readonly bigint[] = [0n, 0n, 1n, 1n, 2n, 3n, 1n << 255n, all];

type Operand = bigint | (() => void);

const binary = 'ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR'.split(' ');
const nullary = (
  'ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP NUMBER PREVRANDAO ' +
  'GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBBASEFEE SLOTNUM PC MSIZE GAS'
).split(' ');

const known = new Map<string, readonly string[]>();
/** Those of the names that the fork knows. */
function activeOf(names: readonly string[], fork: Hardfork): readonly string[] {
  const key = `${fork} ${names[0]} ${names.length}`;
  let active = known.get(key);
  if (active === undefined) {
    active = names.filter((name) => isActive(opcodeNamed(name), fork));
    known.set(key, active);
  }
  return active;
}

const calls = ['CALL', 'CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'];
const shifts = ['BYTE', 'SHL', 'SHR', 'SAR', 'SIGNEXTEND', 'EXP'];

/** Writes one program. `depth` counts programs within programs. */
export class ProgramWriter {
  readonly #random: Random;
  readonly #world: Surroundings;
  readonly #depth: number;
  readonly #items: Item[] = [];
  readonly #data: Item[] = [];
  #height = 0;
  /** Words below this belong to a loop's counter or to code outside. */
  #floor = 0;
  #nesting = 0;
  #names = 0;

  private constructor(random: Random, world: Surroundings, depth: number) {
    this.#random = random;
    this.#world = world;
    this.#depth = depth;
  }

  /** A program of about `statements` statements. */
  static write(random: Random, world: Surroundings, statements: number): Item[] {
    return new ProgramWriter(random, world, 0).#write(statements);
  }

  /** Init code for a contract. */
  static writeInitCode(random: Random, world: Surroundings, depth = 0): Item[] {
    return new ProgramWriter(random, world, depth).#writeInitCode();
  }

  #write(statements: number): Item[] {
    for (let done = 0; done < statements; done++) this.#statement();
    this.#end();
    return this.#finish();
  }

  #finish(): Item[] {
    const random = this.#random;
    if (this.#data.length > 0 || random.chance(3)) this.#op('INVALID');
    this.#items.push(...this.#data);
    if (random.chance(3)) this.#items.push({ kind: 'bytes', bytes: random.bytes(random.between(1, 40)) });
    // A PUSH that the end of the code cuts off
    if (random.chance(3)) this.#items.push({ kind: 'bytes', bytes: Uint8Array.of(random.between(0x60, 0x7f), 0x5b) });
    return this.#items;
  }

  // --- the smallest steps ---

  #op(name: string): void {
    if (name === 'INVALID') {
      this.#items.push({ kind: 'op', code: 0xfe });
      return;
    }
    const { number: code, operands, results } = opcodeNamed(name);
    this.#items.push({ kind: 'op', code });
    this.#height += results - operands;
  }

  #has(name: string): boolean {
    return isActive(opcodeNamed(name), this.#world.fork);
  }

  #active(names: readonly string[]): readonly string[] {
    return activeOf(names, this.#world.fork);
  }

  #push(value: bigint): void {
    const random = this.#random;
    const zero = value === 0n && this.#has('PUSH0') && random.chance(70);
    const least = widthOf(value);
    const width = zero ? 0 : random.chance(8) ? random.between(least, 32) : least;
    this.#items.push({ kind: 'push', value, width });
    this.#height++;
  }

  #target(kind: 'target' | 'size', name: string): void {
    this.#items.push({ kind, name });
    this.#height++;
  }

  #label(name: string): void {
    this.#items.push({ kind: 'label', name });
  }

  #name(): string {
    return `${this.#depth}.${this.#names++}`;
  }

  /** The opcode on operands, the topmost first. */
  #call(name: string, ...operands: Operand[]): void {
    for (const operand of operands.reverse()) {
      if (typeof operand === 'bigint') this.#push(operand);
      else operand();
    }
    this.#op(name);
  }

  #pop(height: number): void {
    while (this.#height > height) this.#op('POP');
  }

  // --- operands ---

  readonly #word = (): void => {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 40) this.#push(random.pick(boundaries));
    else if (choice < 60) this.#push(BigInt(random.below(300)));
    else if (choice < 78 && this.#height > 0) this.#op(`DUP${1 + random.below(Math.min(16, this.#height))}`);
    else if (choice < 88) this.#push(random.bits(random.pick([8, 32, 64, 128, 160, 255, 256])));
    else if (choice < 94) this.#call('CALLDATALOAD', BigInt(random.below(5) * 32));
    else this.#op(random.pick(this.#active(nullary)));
  };

  /** Where in memory, or in a source of bytes. */
  readonly #offset = (): void => {
    const random = this.#random;
    if (random.chance(99.4)) this.#push(BigInt(random.chance(70) ? random.below(5) * 32 : random.below(200)));
    else this.#push(random.pick([1n << 32n, (1n << 32n) - 32n, (1n << 64n) - 1n, 1n << 64n, 20_000n, 100_000n]));
  };

  readonly #length = (): void => {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 90) this.#push(BigInt(random.pick([0, 0, 1, 20, 31, 32, 32, 33, 64, 100, 136, 200])));
    else if (choice < 99 || random.chance(50)) this.#push(BigInt(random.below(2000)));
    else this.#push(random.pick([1n << 32n, (1n << 32n) - 1n, (1n << 64n) - 1n, 1n << 64n, all]));
  };

  readonly #slot = (): void => {
    if (this.#random.chance(88)) this.#push(this.#random.pick(slots));
    else this.#word();
  };

  readonly #address = (): void => {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 45) this.#push(random.pick(this.#world.helpers));
    else if (choice < 78) this.#push(random.pick(this.#world.others));
    else if (choice < 84) this.#push(BigInt(random.chance(90) ? random.below(0x13) : 0x100));
    else if (choice < 96) this.#op(random.pick(['ADDRESS', 'CALLER', 'ORIGIN', 'COINBASE']));
    else this.#word();
  };

  readonly #gas = (): void => {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 55) this.#op('GAS');
    else if (choice < 85) this.#push(BigInt(random.pick([0, 100, 2300, 2600, 3000, 10_000, 25_000, 50_000])));
    else this.#word();
  };

  readonly #value = (): void => {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 75) this.#push(0n);
    else if (choice < 95) this.#push(BigInt(random.below(3)));
    else if (choice < 98 && this.#has('SELFBALANCE')) this.#op('SELFBALANCE');
    else this.#word();
  };

  // --- statements ---

  #statement(): void {
    const nested = this.#nesting > 0;
    const choice = this.#random.below(1000);
    if (choice < 220) this.#arithmetic();
    else if (choice < 280) this.#environment();
    else if (choice < 390) this.#memory();
    else if (choice < 520) this.#storage();
    else if (choice < 590) this.#stack();
    else if (choice < 640) this.#account();
    else if (choice < 670) this.#blockInfo();
    else if (choice < 710) this.#log();
    else if (choice < 750) this.#returnData();
    else if (choice < (nested ? 770 : 840)) this.#message();
    else if (choice < (nested ? 850 : 870)) this.#arithmetic();
    else if (choice < (nested ? 854 : 892)) this.#precompile();
    else if (choice < 897) this.#creation();
    else if (choice < 930) this.#loop();
    else if (choice < 978) this.#condition();
    else if (choice < 997) this.#jump();
    else this.#hostile();
    if (this.#height > this.#floor + 12) this.#settle();
  }

  #environment(): void {
    this.#op(this.#random.pick(this.#random.chance(0.3) ? nullary : this.#active(nullary)));
  }

  #arithmetic(): void {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 60) this.#call(random.pick(this.#active(binary)), this.#word, this.#word);
    else if (choice < 72) this.#call(random.pick(['ADDMOD', 'MULMOD']), this.#word, this.#word, this.#word);
    else if (choice < 84)
      this.#call(random.pick(this.#has('CLZ') ? ['ISZERO', 'NOT', 'CLZ'] : ['ISZERO', 'NOT']), this.#word);
    else {
      const small = () => this.#push(BigInt(random.below(260)));
      this.#call(random.pick(this.#active(shifts)), small, this.#word);
    }
  }

  #memory(): void {
    const choice = this.#random.below(100);
    if (choice < 35) this.#call('MSTORE', this.#offset, this.#word);
    else if (choice < 45) this.#call('MSTORE8', this.#offset, this.#word);
    else if (choice < 60) this.#call('MLOAD', this.#offset);
    else if (choice < 70) this.#call('CALLDATACOPY', this.#offset, this.#offset, this.#length);
    else if (choice < 78) this.#call('CODECOPY', this.#offset, this.#offset, this.#length);
    else if (choice < 90 || !this.#has('MCOPY')) this.#call('KECCAK256', this.#offset, this.#length);
    else this.#call('MCOPY', this.#offset, this.#offset, this.#length);
  }

  #storage(): void {
    const random = this.#random;
    const choice = random.below(100);
    const small = () => this.#push(BigInt(random.pick([0, 0, 1, 2, 3])));
    if (choice < 30) this.#call('SLOAD', this.#slot);
    else if (choice < 45) this.#call('SSTORE', this.#slot, this.#word);
    else if (choice < 70) {
      // The refunds of a slot that changes again and again
      const slot = random.pick(slots);
      for (let times = random.between(1, 3); times > 0; times--) this.#call('SSTORE', slot, small);
    } else if (choice < 82) this.#call('SSTORE', this.#slot, small);
    else if (!this.#has('TSTORE')) this.#call('SLOAD', this.#slot);
    else if (choice < 91) this.#call('TSTORE', this.#slot, this.#word);
    else this.#call('TLOAD', this.#slot);
  }

  #stack(): void {
    const random = this.#random;
    const free = this.#height - this.#floor;
    if (this.#has('DUPN') && random.chance(10)) {
      this.#deep();
      return;
    }
    const choice = random.below(100);
    if (choice < 40 && this.#height > 0) this.#op(`DUP${1 + random.below(Math.min(16, this.#height))}`);
    else if (choice < 75 && free > 1) this.#op(`SWAP${1 + random.below(Math.min(16, free - 1))}`);
    else if (choice < 80 && free > 0) this.#op('POP');
    else this.#word();
  }

  /** The instructions that reach far down (EIP-8024), on a stack that is deep enough for most of their immediates. */
  #deep(): void {
    const random = this.#random;
    const height = this.#height;
    for (let word = 0; word < 22; word++) this.#push(BigInt(word));
    for (const name of ['DUPN', 'SWAPN', 'EXCHANGE']) {
      this.#op(name);
      // Of one place those from 17 to 22, 82 and 91 being the first and the last that are none.
      const near = name === 'EXCHANGE' ? random.pick([0x8e, 0x9d, 0x0f, 0x52, 0x51]) : random.between(128, 133);
      const immediate = random.chance(96) ? near : random.below(256);
      this.#items.push({ kind: 'bytes', bytes: Uint8Array.of(immediate) });
    }
    for (let word = 0; word < 6; word++) this.#op('XOR');
    this.#pop(height + 1);
  }

  #account(): void {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 30) this.#call('BALANCE', this.#address);
    else if (choice < 50) this.#call('EXTCODESIZE', this.#address);
    else if (choice < 70 && this.#has('EXTCODEHASH')) this.#call('EXTCODEHASH', this.#address);
    else this.#call('EXTCODECOPY', this.#address, this.#offset, this.#offset, this.#length);
  }

  #blockInfo(): void {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 40) {
      const back = BigInt(random.pick([0, 1, 2, 3, 255, 256, 257, 258]));
      this.#call('BLOCKHASH', () => this.#call('SUB', () => this.#op('NUMBER'), back));
    } else if (choice < 55) this.#call('BLOCKHASH', this.#word);
    else if (choice < 80 && this.#has('BLOBHASH')) {
      this.#call('BLOBHASH', () => (random.chance(80) ? this.#push(BigInt(random.below(8))) : this.#word()));
    } else this.#call('BALANCE', () => this.#op('COINBASE'));
  }

  #log(): void {
    const topics = this.#random.below(5);
    this.#call(`LOG${topics}`, this.#offset, this.#length, ...Array.from({ length: topics }, () => this.#word));
  }

  #returnData(): void {
    if (!this.#has('RETURNDATACOPY')) {
      this.#memory();
      return;
    }
    const random = this.#random;
    const choice = random.below(100);
    const size = () => this.#op('RETURNDATASIZE');
    if (choice < 40) size();
    else if (choice < 80) this.#call('RETURNDATACOPY', this.#offset, 0n, size);
    else if (choice < 98) {
      // Exactly to the end: from offset 1 where there is one
      const rest = () => this.#call('SUB', size, () => this.#call('GT', size, 0n));
      this.#call('RETURNDATACOPY', this.#offset, () => this.#call('GT', size, 0n), rest);
    } else if (choice < 99) this.#call('RETURNDATACOPY', this.#offset, 0n, BigInt(random.below(2)));
    else this.#call('RETURNDATACOPY', this.#offset, this.#offset, this.#length);
  }

  #message(): void {
    const random = this.#random;
    if (random.chance(50)) this.#call('MSTORE', this.#offset, this.#word);
    const choice = random.below(100);
    const name = random.pick(this.#active(calls));
    // Whoever calls in turn gets little: a few levels would take all the time there is.
    const little = () => this.#push(BigInt(random.chance(95) ? random.below(60_000) : 400_000));
    if (choice < 60) this.#callOf(name, random.pick(this.#world.helpers));
    else if (choice < 90) this.#callOf(name, random.pick(this.#world.others), little);
    else this.#callOf(name, this.#address, little);
    if (random.chance(40)) this.#returnData();
  }

  #callOf(name: string, address: Operand, gas: Operand = this.#gas, input?: [Operand, Operand]): void {
    const regions: Operand[] = [...(input ?? [this.#offset, this.#length]), this.#offset, this.#length];
    if (opcodeNamed(name).operands === 7) this.#call(name, gas, address, this.#value, ...regions);
    else this.#call(name, gas, address, ...regions);
  }

  #precompile(): void {
    const random = this.#random;
    const { number, input, gas } = precompileInput(random, this.#world.fork);
    const name = this.#name();
    this.#data.push({ kind: 'data', name, program: [{ kind: 'bytes', bytes: input }] });
    const size = () => this.#target('size', name);
    this.#call('CODECOPY', 0n, () => this.#target('target', name), size);
    const price: Operand = random.chance(60)
      ? () => this.#op('GAS')
      : BigInt(Math.max(0, gas + random.pick([-1, 0, 1, 5000])));
    this.#callOf(random.pick(this.#active(calls)), BigInt(number), price, [0n, size]);
    if (random.chance(70)) this.#returnData();
  }

  #creation(): void {
    const random = this.#random;
    if (this.#depth > 1) {
      this.#stack();
      return;
    }
    const name = this.#name();
    const init = random.chance(4) ? [] : ProgramWriter.writeInitCode(random, this.#world, this.#depth + 1);
    this.#data.push({ kind: 'data', name, program: init });
    const copied = () => this.#target('size', name);
    const at = random.chance(80) ? 0n : BigInt(random.below(100));
    this.#call('CODECOPY', at, () => this.#target('target', name), copied);
    // Rarely around the largest size
    const size = random.chance(98.5) ? copied : BigInt(this.#around(49_152, 131_072));
    const times = random.chance(15) ? 2 : 1; // CREATE2 twice is a collision, unless the first failed
    for (let time = 0; time < times; time++) {
      if (this.#has('CREATE2') && random.chance(50)) {
        const salt = random.chance(90) ? BigInt(random.below(2)) : this.#word;
        this.#call('CREATE2', this.#value, at, size, salt);
      } else this.#call('CREATE', this.#value, at, size);
      if (random.chance(50)) {
        const height = this.#height;
        this.#callOf(random.pick(this.#active(calls)), () => this.#op(`DUP${Math.min(16, this.#height - height + 1)}`));
      }
    }
    if (random.chance(30)) this.#returnData();
    if (random.chance(20)) this.#call(random.pick(['BALANCE', 'EXTCODESIZE']), () => this.#op('DUP1'));
  }

  /** A size near the largest: before Amsterdam, and since then. */
  #around(before: number, since: number): number {
    return this.#random.between(-1, 1) + (this.#has('SLOTNUM') ? since : before);
  }

  #loop(): void {
    const random = this.#random;
    if (this.#nesting > 1) {
      this.#arithmetic();
      return;
    }
    const name = this.#name();
    this.#push(BigInt(random.chance(95) ? random.between(1, 5) : random.between(6, 40)));
    this.#label(name);
    this.#body(random.between(1, 4));
    // counter - 1
    this.#push(1n);
    this.#op('SWAP1');
    this.#op('SUB');
    this.#op('DUP1');
    this.#target('target', name);
    this.#op('JUMPI');
    this.#op('POP');
  }

  #condition(): void {
    const random = this.#random;
    if (this.#nesting > 2) {
      this.#arithmetic();
      return;
    }
    const name = this.#name();
    this.#call('JUMPI', () => this.#target('target', name), this.#word);
    this.#body(random.between(1, 4));
    if (random.chance(12)) this.#leave();
    this.#label(name);
  }

  /** Statements that leave the stack as high as it was. */
  #body(statements: number): void {
    const floor = this.#floor;
    const height = this.#height;
    this.#floor = height;
    this.#nesting++;
    for (let done = 0; done < statements; done++) this.#statement();
    this.#pop(height);
    this.#nesting--;
    this.#floor = floor;
  }

  #jump(): void {
    const random = this.#random;
    const name = this.#name();
    if (random.chance(92)) {
      this.#target('target', name);
      this.#op('JUMP');
      if (random.chance(50)) this.#items.push({ kind: 'bytes', bytes: random.bytes(random.below(6)) });
      // What stands before a jump destination must not be a PUSH that swallows it.
      if (random.chance(85)) this.#items.push({ kind: 'bytes', bytes: new Uint8Array(32) });
      this.#label(name);
    } else this.#call('JUMP', this.#word);
  }

  /** A long way down, or far out. */
  #hostile(): void {
    const random = this.#random;
    const choice = random.below(4);
    if (choice === 0) this.#items.push({ kind: 'op', code: random.below(256) });
    else if (choice === 1) {
      // Calls itself until gas or depth end
      const size = BigInt(random.below(40));
      const regions: Operand[] = [0n, size, 0n, size];
      this.#call(
        'CALL',
        () => this.#op('GAS'),
        () => this.#op('ADDRESS'),
        0n,
        ...regions,
      );
    } else if (choice === 2) {
      // Up to the highest stack, and sometimes beyond
      const words = random.pick([1023, 1024, 1025]) - this.#height - random.below(2);
      const name = this.#name();
      this.#push(BigInt(words - 1));
      this.#label(name);
      for (const op of ['DUP1', 'DUP1']) this.#op(op);
      this.#push(1n);
      for (const op of ['SWAP1', 'SUB', 'DUP1']) this.#op(op);
      this.#target('target', name);
      this.#op('JUMPI');
      this.#op('STOP');
      this.#height = 0;
    } else this.#call('KECCAK256', this.#word, this.#word);
  }

  /** Puts what has piled up where it shows. */
  #settle(): void {
    const random = this.#random;
    while (this.#height > this.#floor + 4) {
      const choice = random.below(6);
      if (choice > 1) this.#op('POP');
      else {
        this.#push(BigInt(random.below(8) * (choice === 1 ? 32 : 1)));
        this.#op(choice === 1 ? 'MSTORE' : 'SSTORE');
      }
    }
  }

  #leave(): void {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 30) this.#call('RETURN', this.#offset, this.#length);
    else if (choice < 55 && this.#has('REVERT')) this.#call('REVERT', this.#offset, this.#length);
    else if (choice < 75) this.#op('STOP');
    else if (choice < 90) this.#call('SELFDESTRUCT', this.#address);
    else this.#op('INVALID');
  }

  #end(): void {
    const random = this.#random;
    const choice = random.below(100);
    // Everything that is left on the stack shows in the output.
    let at = 0n;
    while (this.#height > 0) {
      this.#push(at);
      this.#op('MSTORE');
      at += 32n;
    }
    if (choice < 60) this.#call('RETURN', 0n, at + BigInt(random.pick([0, 0, 32, 96])));
    else if (choice < 72) this.#op('STOP');
    else if (choice < 84) {
      if (this.#has('REVERT')) this.#call('REVERT', 0n, at);
    } else if (choice < 92) this.#call('SELFDESTRUCT', this.#address);
    else if (choice < 94) this.#op('INVALID');
    else if (choice < 96) this.#call('JUMP', this.#word);
    this.#height = 0;
  }

  #writeInitCode(): Item[] {
    const random = this.#random;
    for (let done = random.pick([0, 0, 1, 2, 4]); done > 0; done--) this.#statement();
    const choice = random.below(100);
    if (choice < 62) {
      const name = this.#name();
      const child = new ProgramWriter(random, this.#world, this.#depth + 1);
      this.#data.push({ kind: 'data', name, program: child.#writeRuntime() });
      const size = () => this.#target('size', name);
      this.#call('CODECOPY', 0n, () => this.#target('target', name), size);
      this.#call('RETURN', 0n, size);
    } else if (choice < 70) this.#call('RETURN', this.#offset, this.#length);
    else if (choice < 78) this.#call('SELFDESTRUCT', this.#address);
    else if (choice < 84) {
      // Code that begins with 0xef, or is too large
      if (random.chance(60)) {
        this.#call('MSTORE8', 0n, 0xefn);
        // Code that begins with 0xef00 could be stored before London, and is code like any other. The library takes it for
        // the object format that never came: EXTCODESIZE answers 2.
        if (!this.#has('BASEFEE')) this.#call('MSTORE8', 1n, 1n);
        this.#call('RETURN', 0n, BigInt(random.between(1, 23)));
      } else this.#call('RETURN', 0n, BigInt(random.pick([24_575, 24_576, 24_577, 49_152])));
    } else if (choice < 92 && this.#has('REVERT')) this.#call('REVERT', this.#offset, this.#length);
    else if (choice < 96) this.#op('STOP');
    else this.#op('INVALID');
    this.#height = 0;
    return this.#finish();
  }

  #writeRuntime(): Item[] {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 25) this.#call('SELFDESTRUCT', this.#address);
    else if (choice < 30) this.#items.push({ kind: 'bytes', bytes: random.bytes(random.below(40)) });
    else return this.#write(random.between(0, 4));
    return this.#items;
  }
}

/** A short program that calls nobody else's code in turn. */
export function writeHelper(random: Random, fork: Hardfork, friends: readonly bigint[]): Item[] {
  return ProgramWriter.write(random, { fork, helpers: friends, others: friends }, random.between(1, 7));
}

/** Whether `fork` is `first` or later. */
export function since(fork: Hardfork, first: Hardfork): boolean {
  return isAtLeast(fork, first);
}
