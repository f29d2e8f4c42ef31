// The host side of the core's import for precompiles, on noble, on mcl, and as the bundled module of the workers.

import precompileSource from 'virtual:pevm/precompiles';
import { beforeAll, describe, expect, test } from 'vitest';
import { createPrecompiles, preparePrecompiles } from '../../../src/precompiles/precompile-module.ts';
import { scriptPrecompiles } from '../../../src/precompiles/script-precompiles.ts';
import { bytesOf, hexOf, joined, numberBytes } from './precompile-comparison.ts';

const INPUT = 1000;
const OUTPUT = 60_000;

type Module = typeof import('../../../src/precompiles/precompile-module.ts');

/** Calls a precompile over a memory as the core has it: the output in hexadecimal digits, or -1. */
function callerOf({ createPrecompiles: create }: Pick<Module, 'createPrecompiles'>) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const host = create(memory);
  return {
    memory,
    call(id: number, input: Uint8Array, capacity = 256): string | number {
      new Uint8Array(memory.buffer).set(input, INPUT);
      const length = host(id, INPUT, input.length, OUTPUT, capacity);
      return length < 0 ? length : hexOf(new Uint8Array(memory.buffer).slice(OUTPUT, OUTPUT + length));
    },
  };
}

/** 3 ^ 2 modulo 5. */
const power = joined(numberBytes(1n), numberBytes(1n), numberBytes(1n), bytesOf('030205'));
/** Two points at infinity on BLS12-381, and their sum. */
const nothings = new Uint8Array(256);
const nothing = '00'.repeat(128);
/** What a pairing check says of no pairs: one. */
const one = '1'.padStart(64, '0');

const states: { name: string; load(): Promise<Pick<Module, 'createPrecompiles'>> }[] = [
  { name: 'before the library is loaded', load: async () => ({ createPrecompiles }) },
  {
    name: 'with the library',
    load: async () => {
      await Promise.all([preparePrecompiles(), preparePrecompiles()]);
      await preparePrecompiles();
      return { createPrecompiles };
    },
  },
  {
    name: 'as the bundled module',
    load: async () => {
      const url = `data:text/javascript;base64,${Buffer.from(precompileSource).toString('base64')}`;
      const module: Module = await import(/* @vite-ignore */ url);
      await module.preparePrecompiles();
      return module;
    },
  },
];

describe.each(states)('$name', ({ load }) => {
  let caller: ReturnType<typeof callerOf>;
  beforeAll(async () => {
    caller = callerOf(await load());
  });

  test('the output goes where the core wants it', () => {
    expect(caller.call(5, power)).toBe('04');
    expect(caller.call(8, bytesOf(''), 32)).toBe(one);
    expect(caller.call(11, nothings, 128)).toBe(nothing);
  });

  test('an invalid input is an answer, an empty output another', () => {
    expect(caller.call(8, bytesOf('01'))).toBe(-1);
    expect(caller.call(10, bytesOf('01'))).toBe(-1);
    expect(caller.call(15, bytesOf(''))).toBe(-1);
    expect(caller.call(256, bytesOf('01'))).toBe('');
    expect(caller.call(5, bytesOf(''))).toBe('');
  });

  test('no precompile of that number, or too little room, is a fault', () => {
    expect(() => caller.call(4, bytesOf(''))).toThrow('no precompile 4');
    expect(() => caller.call(6, bytesOf(''))).toThrow('no precompile 6');
    expect(() => caller.call(11, nothings, 127)).toThrow('room for 127');
  });

  test('the memory may have grown since', () => {
    caller.memory.grow(1);
    expect(caller.call(11, nothings)).toBe(nothing);
  });

  test('every precompile of the host is there', () => {
    for (const id of Object.keys(scriptPrecompiles).map(Number))
      expect(() => caller.call(id, bytesOf('00'))).not.toThrow();
    expect(Object.keys(scriptPrecompiles).map(Number)).toEqual([5, 8, 10, 11, 12, 13, 14, 15, 16, 17, 256]);
  });
});
