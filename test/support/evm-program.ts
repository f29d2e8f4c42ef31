// EVM programs as lists of items with labels: an assembler, its text form, a disassembler.
import { type Hardfork, isAtLeast } from '../../src/chain/hardfork.ts';
import { nameOfOpcode, type Opcode, opcodeNamed } from '../../src/chain/opcodes.ts';

/** Whether `fork` knows the opcode. */
export function isActive({ since }: Opcode, fork: Hardfork): boolean {
  return isAtLeast(fork, since);
}

const [PUSH0, PUSH1, PUSH32, JUMPDEST] = ['PUSH0', 'PUSH1', 'PUSH32', 'JUMPDEST'].map(
  (name) => opcodeNamed(name).number,
) as [number, number, number, number];

export type Item =
  | { kind: 'op'; code: number }
  /** PUSH0 for width 0. */
  | { kind: 'push'; value: bigint; width: number }
  /** A JUMPDEST that targets name. */
  | { kind: 'label'; name: string }
  /** PUSH2 of where a label or data begins. */
  | { kind: 'target'; name: string }
  /** PUSH2 of the length of data. */
  | { kind: 'size'; name: string }
  /** A program inside the program, such as init code. */
  | { kind: 'data'; name: string; program: Item[] }
  | { kind: 'bytes'; bytes: Uint8Array };

function sizeOf(item: Item): number {
  switch (item.kind) {
    case 'op':
    case 'label':
      return 1;
    case 'push':
      return 1 + item.width;
    case 'target':
    case 'size':
      return 3;
    case 'bytes':
      return item.bytes.length;
    case 'data':
      return lengthOf(item.program);
  }
}

function lengthOf(items: readonly Item[]): number {
  return items.reduce((length, item) => length + sizeOf(item), 0);
}

/** The code; targets that nobody defines are 0, so that any item may be left out. */
export function assemble(items: readonly Item[]): Uint8Array {
  const places = new Map<string, { at: number; size: number }>();
  let length = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (item.kind === 'label' || item.kind === 'data') places.set(item.name, { at: length, size });
    length += size;
  }
  const code = new Uint8Array(length);
  let at = 0;
  for (const item of items) {
    if (item.kind === 'op') code[at] = item.code;
    else if (item.kind === 'label') code[at] = JUMPDEST;
    else if (item.kind === 'push') putPush(code, at, item.value, item.width);
    else if (item.kind === 'target') putPush(code, at, BigInt(places.get(item.name)?.at ?? 0), 2);
    else if (item.kind === 'size') putPush(code, at, BigInt(places.get(item.name)?.size ?? 0), 2);
    else code.set(item.kind === 'bytes' ? item.bytes : assemble(item.program), at);
    at += sizeOf(item);
  }
  return code;
}

function putPush(code: Uint8Array, at: number, value: bigint, width: number): void {
  code[at] = PUSH0 + width;
  for (let byte = width; byte > 0; byte--, value >>= 8n) code[at + byte] = Number(value & 0xffn);
}

/** Bytes that a number needs, at least 1. */
export function widthOf(value: bigint): number {
  return value === 0n ? 1 : Math.ceil(value.toString(16).length / 2);
}

/**
 * A program out of words: opcode names, numbers (pushed at their shortest), `name:` for a jump destination, `@name` to
 * push where it is, `#00ff` for bytes as they are.
 */
export function program(source: string): Uint8Array {
  return assemble(
    source
      .trim()
      .split(/\s+/)
      .map((word): Item => {
        if (word.endsWith(':')) return { kind: 'label', name: word.slice(0, -1) };
        if (word.startsWith('@')) return { kind: 'target', name: word.slice(1) };
        if (word.startsWith('#')) return { kind: 'bytes', bytes: new Uint8Array(Buffer.from(word.slice(1), 'hex')) };
        if (/^\d/.test(word)) return { kind: 'push', value: BigInt(word), width: widthOf(BigInt(word)) };
        return { kind: 'op', code: opcodeNamed(word).number };
      }),
  );
}

/** The code as text, one line per jump destination. */
export function disassemble(code: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < code.length; at++) {
    const byte = code[at]!;
    const name = nameOfOpcode(byte) ?? `0x${byte.toString(16).padStart(2, '0')}?`;
    const width = byte >= PUSH1 && byte <= PUSH32 ? byte - PUSH0 : 0;
    if (byte === JUMPDEST) words.push('\n   ');
    if (width === 0) words.push(byte === JUMPDEST ? `${at}:` : name);
    else words.push(`${name} 0x${Buffer.from(code.subarray(at + 1, at + 1 + width)).toString('hex')}`);
    at += width;
  }
  return words.join(' ');
}
