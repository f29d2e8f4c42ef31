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

const generator = joined(numberBytes(1n), numberBytes(2n));
const doubled =
  '030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd315ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4';

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
    expect(caller.call(7, joined(generator, numberBytes(2n)))).toBe(doubled);
    expect(caller.call(6, joined(generator, generator), 64)).toBe(doubled);
  });

  test('an invalid input is an answer, an empty output another', () => {
    expect(caller.call(6, bytesOf('01'))).toBe(-1);
    expect(caller.call(10, bytesOf('01'))).toBe(-1);
    expect(caller.call(15, bytesOf(''))).toBe(-1);
    expect(caller.call(256, bytesOf('01'))).toBe('');
    expect(caller.call(5, bytesOf(''))).toBe('');
  });

  test('no precompile of that number, or too little room, is a fault', () => {
    expect(() => caller.call(4, bytesOf(''))).toThrow('no precompile 4');
    expect(() => caller.call(6, generator, 63)).toThrow('room for 63');
  });

  test('the memory may have grown since', () => {
    caller.memory.grow(1);
    expect(caller.call(6, joined(generator, generator))).toBe(doubled);
  });

  test('every precompile of the host is there', () => {
    for (const id of Object.keys(scriptPrecompiles).map(Number))
      expect(() => caller.call(id, bytesOf('00'))).not.toThrow();
    expect(Object.keys(scriptPrecompiles).map(Number)).toEqual([5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 256]);
  });
});
