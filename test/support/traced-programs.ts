// Random programs that call, create and destroy each other, as the overrides of calls that are traced.

import type { Random } from './fuzz-random.ts';

const ACCOUNTS = Array.from({ length: 5 }, (_, i) => `0x${(0xaa00 + i).toString(16).padStart(40, '0')}`);
const SENDER = `0x${'c0'.padEnd(40, '0')}`;
const STRANGERS = [
  ...Array.from({ length: 10 }, (_, i) => `0x${(i + 1).toString(16).padStart(40, '0')}`),
  ...[`0x${'9'.repeat(40)}`, SENDER],
];
const SIZES = [0, 0, 1, 2, 4, 31, 32, 33, 64, 256, 1024, 5000, 65535];
const INIT_CODES = ['', '00', '60016000f3', '60ff60005360016000f3', '60ef60005360016000f3', 'fe', '5f5ffd', '30ff'];
const GIVING = ['30', '33', '32', '34', '36', '5a', '47', '59', '3d', '42', '43', '44', '45', '46', '48', '58'];
const BINARY = ['01', '02', '03', '04', '05', '06', '07', '0a', '0b', '10', '12', '14', '16', '18', '1a', '1b', '1d'];
const GAS = ['0x5dc0', '0xc350', '0x186a0', '0x7a120', '0xf4240'];

/** Makes calls of `debug_traceCall` and others with the code of five accounts overridden. */
export class TracedPrograms {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A call, and the state that it sees. */
  next(): { readonly call: object; readonly stateOverrides: Record<string, object> } {
    const stateOverrides: Record<string, object> = {};
    for (const account of ACCOUNTS) if (!this.#isOne(6)) stateOverrides[account] = this.#account();
    const target = this.#isOne(10) ? { input: this.#program() } : { to: ACCOUNTS[0]!, input: this.#input() };
    const from = this.#isOne(4) ? this.#random.pick(ACCOUNTS) : SENDER;
    const value = this.#isOne(3) ? { value: this.#random.pick(['0x1', '0x2']) } : {};
    return { call: { from, gas: this.#random.pick(GAS), ...target, ...value }, stateOverrides };
  }

  #account(): object {
    if (this.#isOne(8)) return { code: `0xef0100${this.#random.pick(ACCOUNTS).slice(2)}` };
    const slot = `0x${this.#random.below(4).toString(16).padStart(64, '0')}`;
    return {
      code: this.#program(),
      ...(this.#isOne(3) && { balance: `0x${this.#random.between(1, 1000).toString(16)}` }),
      ...(this.#isOne(3) && { stateDiff: { [slot]: `0x${'2'.padStart(64, '0')}` } }),
    };
  }

  #input(): string {
    return `0x${this.#random.word().toString(16).padStart(8, '0')}${'00'.repeat(this.#random.below(40))}`;
  }

  #program(): string {
    const body = Array.from({ length: this.#random.between(1, 12) }, () => this.#snippet());
    return `0x${body.join('')}${this.#ending()}`;
  }

  #ending(): string {
    const kinds = ['00', `${this.#size()}${this.#size()}f3`, `${this.#size()}${this.#size()}fd`, 'fe', '', '5b5f56'];
    return this.#random.pick([...kinds, `${push(BigInt(this.#target()))}ff`, '600456']);
  }

  #snippet(): string {
    const [a, b] = [this.#value(), this.#size()];
    const three = `${this.#size()}${this.#size()}${b}`;
    switch (this.#random.below(16)) {
      case 0:
        return a + this.#value() + this.#random.pick(BINARY);
      case 1:
        return `${a}${this.#random.pick(['15', '19'])}`;
      case 2:
        return `${a}${b}${this.#random.pick(['52', '53'])}`;
      case 3:
        return `${this.#size()}${b}20`;
      case 4:
        return `${a}${b}${this.#random.pick(['55', '5d'])}`;
      case 5:
        return b + this.#random.pick(['54', '5c', '35', '40', '49', '51']);
      case 6:
        return push(BigInt(this.#target())) + this.#random.pick(['31', '3b', '3f']);
      case 7:
        return `${three}${push(BigInt(this.#target()))}3c`;
      case 8:
        return three + this.#random.pick(['37', '39', '3e', '5e']);
      case 9:
        return a.repeat(4) + this.#size() + b + this.#random.pick(['a0', 'a1', 'a2', 'a3', 'a4']);
      case 10:
        return this.#random.pick(['50', '80', '82', '90']);
      case 11:
        return this.#creation();
      default:
        return this.#call();
    }
  }

  #call(): string {
    const opcode = this.#random.pick(['f1', 'f1', 'f1', 'fa', 'f4', 'f2']);
    const gas = this.#random.pick(['5a', push(BigInt(this.#random.below(100_000))), push(0n), push(1n << 64n)]);
    const value = opcode === 'f1' || opcode === 'f2' ? push(this.#random.pick([0n, 0n, 1n, 1n << 100n])) : '';
    const ranges = Array.from({ length: 4 }, () => this.#size()).join('');
    return ranges + value + push(BigInt(this.#target())) + gas + opcode;
  }

  #creation(): string {
    const code = this.#random.pick(INIT_CODES);
    const stored = code === '' ? '' : `7f${code.padEnd(64, '0')}5f52`;
    const isSalted = this.#isOne(2);
    const end = isSalted ? 'f5' : 'f0';
    return `${stored}${isSalted ? push(BigInt(this.#random.below(3))) : ''}${push(BigInt(code.length / 2))}5f${push(this.#random.pick([0n, 0n, 1n]))}${end}`;
  }

  #value(): string {
    const number = this.#random.pick([
      BigInt(this.#random.below(256)),
      (1n << 256n) - 1n,
      1n << 255n,
      BigInt(this.#random.word()),
    ]);
    return this.#isOne(2) ? push(number) : this.#random.pick(GIVING);
  }

  #size(): string {
    return push(BigInt(this.#random.pick(SIZES)));
  }

  #target(): string {
    return this.#isOne(3) ? this.#random.pick(STRANGERS) : this.#random.pick(ACCOUNTS);
  }

  #isOne(of: number): boolean {
    return this.#random.below(of) === 0;
  }
}

function push(value: bigint): string {
  const digits = value.toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  return value === 0n ? '6000' : (0x5f + hex.length / 2).toString(16) + hex;
}
