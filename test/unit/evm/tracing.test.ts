// The tracing seam: what the trace build tells, against what the library's own events tell; and that nothing is left of it
// in the module that ships.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { beforeAll, describe, expect, test } from 'vitest';
import { Next, TraceEvent } from '../../../assembly/layout.ts';
import { buildCore } from '../../../scripts/core.mjs';
import { root } from '../../../scripts/fingerprint.mjs';
import { type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import type { EvmTracer } from '../../../src/core/evm/tracer.ts';
import { eventsOf, Tracing } from '../../../src/core/evm/tracing.ts';
import { createMemory, openCore } from '../../../src/core/instance/abi.ts';
import { type BlockFile, readBlockFile } from '../../../src/file/block-file.ts';
import { planEvmBlock } from '../../../src/job/evm-block.ts';
import { count } from '../../support/effort.ts';
import {
  at,
  calling,
  creating,
  first,
  initCode,
  inMemory,
  plainly,
  scenario,
  second,
  third,
} from '../../support/evm-calls.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type EvmScenario, type ScenarioAccount } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';
import { TraceDuel } from '../../support/evm-traces.ts';
import { fuzzCase, toScenario } from '../../support/fuzz-case.ts';
import { transactionOf } from '../../support/real-block.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

let duel: TraceDuel;
beforeAll(async () => {
  duel = await TraceDuel.create(512);
});

const programs: Record<string, EvmScenario> = {
  'a plain transfer': scenario([], { to: second, value: 5n }),
  'nested calls with value': scenario([
    [first, `${calling('CALL', at(second), 7)} STOP`],
    [second, `${calling('CALL', at(third), 3)} ${calling('CALL', at(addressOf(0xdeadn)), 1)} STOP`],
    [third, '1 0 SSTORE 32 0 RETURN'],
  ]),
  'every kind of call': scenario([
    [
      first,
      `${calling('CALLCODE', at(second), 2)} ${plainly('DELEGATECALL', at(second))} ${plainly('STATICCALL', at(third))} STOP`,
    ],
    [second, `CALLVALUE CALLER ADDRESS ${plainly('DELEGATECALL', at(third))}`],
    [third, 'CALLER 0 MSTORE 32 0 RETURN'],
  ]),
  'creations, one of which reverts and one of which leaves bad code': scenario([
    [
      first,
      `${creating(initCode(3))} ${creating('0 0 REVERT', 4)} ${creating(initCode(1, 0xef))} ${creating('#', 5)} STOP`,
    ],
  ]),
  'a salted creation, twice at the same place': scenario([
    [
      first,
      `${[1, 2].map(() => `${inMemory(initCode(3)).write} 9 ${inMemory(initCode(3)).length} 0 1 CREATE2`).join(' ')} STOP`,
    ],
  ]),
  'a creation by the transaction itself': scenario([], { to: undefined, value: 3n, data: program(initCode(32, 1)) }),
  'a creation by the transaction that runs out of gas': scenario([], {
    to: undefined,
    gasLimit: 60_000n,
    data: program(initCode(30000)),
  }),
  'reverts with data in a deep call': scenario([
    [first, `${calling('CALL', at(second), 1)} RETURNDATASIZE 0 0 RETURNDATACOPY STOP`],
    [second, `1 1 SSTORE ${calling('CALL', at(third), 1)} 4 28 REVERT`],
    [third, '0xdeadbeef 0 MSTORE 4 28 REVERT'],
  ]),
  precompiles: scenario([
    [
      first,
      ['0x2', '0x3', '0x4', '0x1', '0x6', '0x8'].map((to) => calling('CALL', to, 0)).join(' ') +
        ` ${plainly('STATICCALL', '0x2', '10')} STOP`,
    ],
  ]),
  'a precompile that fails': scenario([[first, `213 0 MSTORE ${'32 0 31 0 0 0x8 50000 CALL'} STOP`]]),
  'the precompile of a transaction that fails': scenario([], { to: addressOf(9n), data: new Uint8Array(10) }),
  'a loop that runs out of gas': scenario([[first, 'more: @more JUMP']], { gasLimit: 60_000n }),
  'a callee that runs out of gas': scenario([
    [first, `${calling('CALL', at(second), 1, '3000')} STOP`],
    [second, 'more: @more JUMP'],
  ]),
  'SELFDESTRUCT in several ways': scenario([
    [
      first,
      `${calling('CALL', at(second), 1)} ${calling('CALL', at(third), 0)} ${creating('ADDRESS SELFDESTRUCT', 6)} STOP`,
    ],
    [second, `${at(third)} SELFDESTRUCT`],
    [third, 'ADDRESS SELFDESTRUCT'],
  ]),
  'writes in static calls': scenario([
    [first, `${plainly('STATICCALL', at(second), '50000')} ${plainly('STATICCALL', at(third), '50000')} STOP`],
    [second, '1 0 SSTORE'],
    [third, calling('CALL', at(first), 1)],
  ]),
  'calls that are not made': scenario([
    [first, `${calling('CALL', at(second), 10 ** 9)} ${creating('STOP', 10 ** 9)} STOP`],
  ]),
  'calls as deep as they go': scenario(
    [[first, `0 0 0 0 0 ADDRESS 100 GAS SUB CALL STOP`]],
    { gasLimit: 10_000_000_000n },
    'homestead',
  ),
  'a stack that overflows': scenario([[first, 'more: 1 @more JUMP']]),
  'a stack that underflows': scenario([[first, '1 ADD']]),
  'a bad jump': scenario([[first, '3 JUMP']]),
  'an opcode that is not there': scenario([[first, '#0c']]),
  'an opcode that is not there yet': scenario([[first, 'PUSH0']], {}, 'london'),
  'return data that is not there': scenario([[first, '1 0 0 RETURNDATACOPY']]),
  'code that just ends': scenario([[first, '1 2 ADD']]),
};
programs['calls as deep as they go']!.block.gasLimit = 10n ** 11n;
programs['calls as deep as they go']!.transactions[0]!.gasLimit = 3_000_000n;

describe('steps and frames are those of the library', () => {
  for (const [name, input] of Object.entries(programs)) {
    test(`for ${name}`, { timeout: 60_000 }, async () => {
      expect(await duel.difference(input)).toBeUndefined();
    });
  }

  test('for random programs', { timeout: 3_600_000 }, async () => {
    const cases = count('traced-programs', { ci: 12, long: 2_000 });
    for (let seed = 1; seed <= cases; seed++) {
      expect(await duel.difference(toScenario(fuzzCase(seed))), `seed ${seed}`).toBeUndefined();
    }
    expect(duel.seen.steps).toBeGreaterThan(cases * 1000);
    expect(duel.seen.halts.size).toBeGreaterThanOrEqual(8);
  });

  test.skipIf(withoutShared('mainnet'))('for real blocks', { timeout: 3_600_000 }, async () => {
    const blocks = ['2674998', '19934116', '1150000', '19426587', '4369999', '17034869', '25229957'];
    for (const name of blocks.slice(0, count('traced-blocks', { ci: 3, long: 7 }))) {
      const file = await readBlockFile(readFileSync(join(sharedFolder!, 'mainnet', `${name}.json.gz`)));
      expect(await duel.difference(scenarioOf(file)), `block ${name}`).toBeUndefined();
    }
    console.log(`${duel.seen.steps} steps and ${duel.seen.frames} frame events agree`);
  });
});

/** The transactions of a real block, without the steps of the protocol around them. */
function scenarioOf(file: BlockFile): EvmScenario {
  const { chainId, hardfork, block, state } = file;
  const blockHashes = new Map<bigint, Hex>([[BigInt(block.number) - 1n, block.parentHash], ...file.blockHashes]);
  const plan = planEvmBlock({ chainId, hardfork, block, blockHashes, senders: 'trust' });
  const accounts = new Map<string, ScenarioAccount>();
  for (const { address, nonce, balance, code = new Uint8Array(0), storage } of state.accounts.values()) {
    const slots = [...storage.values()].map(({ slot, value }) => [hexText(slot), BigInt(hexFromBytes(value))] as const);
    accounts.set(hexText(address), {
      nonce,
      balance,
      code,
      storage: new Map(slots.filter(([, value]) => value !== 0n)),
    });
  }
  return {
    block: plan.environment,
    excessBlobGas: BigInt(block.excessBlobGas ?? '0x0'),
    accounts,
    transactions: block.transactions.map(transactionOf),
  };
}

describe('a tracer', () => {
  const names = (input: EvmScenario, only?: (keyof EvmTracer)[]) => {
    const heard: string[] = [];
    const all: EvmTracer = {
      transactionBegan: ({ index, gasLimit, isSystem }) => heard.push(`began ${index} ${gasLimit} ${isSystem}`),
      transactionEnded: (result) => heard.push(`ended ${result?.status}`),
      frameBegan: ({ kind, depth, value }) => heard.push(`${kind} ${depth} ${value}`),
      frameEnded: ({ status, depth, halt }) => heard.push(`${status} ${depth} ${halt}`),
      transferred: ({ kind, depth, value }) => heard.push(`moved ${kind} ${depth} ${value}`),
      logged: ({ topics, data }) => heard.push(`logged ${topics.length} ${data.length / 2 - 1}`),
      selfDestructed: ({ depth, value, destroys }) => heard.push(`destroyed ${depth} ${value} ${destroys}`),
    };
    const tracer: EvmTracer = only === undefined ? all : Object.fromEntries(only.map((name) => [name, all[name]]));
    duel.traced.run(input, tracer);
    return heard;
  };

  test('hears everything in order', () => {
    const input = scenario(
      [
        [first, `${calling('CALL', at(second), 7)} 5 1 8 0 LOG2 STOP`],
        [second, `${at(third)} SELFDESTRUCT`],
      ],
      { value: 2n },
    );
    expect(names(input)).toEqual([
      'began 0 500000 false',
      'CALL 0 2',
      'moved call 0 2',
      'CALL 1 7',
      'moved call 1 7',
      'destroyed 1 1007 false',
      'moved selfdestruct 1 1007',
      'success 1 undefined',
      'logged 2 8',
      'success 0 undefined',
      'ended success',
    ]);
  });

  test('hears only what it has methods for', () => {
    expect(names(programs['nested calls with value']!, ['transferred'])).toEqual([
      'moved call 1 7',
      'moved call 2 3',
      'moved call 2 1',
    ]);
    expect(names(programs['nested calls with value']!, [])).toEqual([]);
  });

  test('hears of the steps of the opcodes that it names, of every kind', () => {
    const input = scenario([[first, '1 2 ADD POP 3 0 SSTORE 0 SLOAD CALLER POP POP 0 0 LOG0 0 0 RETURN']]);
    const heard = (...opcodes: number[]) => {
      const steps: number[] = [];
      duel.traced.run(input, { opcodes: new Set(opcodes), stepped: ({ opcode }) => steps.push(opcode) });
      return steps;
    };
    expect(heard(0x55, 0x54)).toEqual([0x55, 0x54]);
    expect(heard(0x01, 0x33, 0xa0, 0xf3)).toEqual([0x01, 0x33, 0xa0, 0xf3]);
    expect(heard()).toEqual([]);
  });

  test('hears of calls that are not made', () => {
    expect(names(programs['calls that are not made']!, ['frameBegan', 'frameEnded'])).toEqual([
      'CALL 0 0',
      'CALL 1 1000000000',
      'halted 1 insufficient balance',
      'CREATE 1 1000000000',
      'halted 1 insufficient balance',
      'success 0 undefined',
    ]);
    const deep = names(programs['calls as deep as they go']!, ['frameEnded']);
    expect([deep[0], deep.at(-1)]).toEqual(['halted 1025 call depth', 'success 0 undefined']);
  });
});

describe('a committed transaction can be run again', () => {
  /** The second sees what the first has left. */
  const block = scenario([
    [first, `0 SLOAD 1 ADD 0 SSTORE ${calling('CALL', at(second), 7)} STOP`],
    [second, 'STOP'],
  ]);
  block.transactions.push({ ...block.transactions[0]!, nonce: 2n }, { ...block.transactions[0]!, nonce: 3n });

  const told = (index: number) => {
    const heard: string[] = [];
    const { tracing } = duel.traced;
    const slot: Hex = `0x${'0'.repeat(64)}`;
    tracing.watch({
      transactionBegan: (event) =>
        heard.push(`began ${event.index}, slot ${BigInt(tracing.state.getStorage(at(first), slot))}`),
      transactionEnded: (result) =>
        heard.push(
          `${result?.status} ${result?.gasUsed}, slot ${BigInt(tracing.state.getStorage(at(first), slot))}, balance ${tracing.state.getBalance(at(second))}`,
        ),
    });
    tracing.replay(index);
    return heard;
  };

  test('on what it saw, in any order, as often as one likes', () => {
    const { results } = duel.traced.run(block, {});
    const once = [2, 0, 1, 2].map(told);
    expect(once.map(([began]) => began)).toEqual([
      'began 2, slot 2',
      'began 0, slot 0',
      'began 1, slot 1',
      'began 2, slot 2',
    ]);
    expect(once[1]![1]).toBe(`success ${results[0]!.gasUsed}, slot 1, balance 1007`);
    expect(once[0]![1]).toBe(`success ${results[2]!.gasUsed}, slot 3, balance 1021`);
    expect(once[3]).toEqual(once[0]);
  });

  test('and leaves the block as it was', () => {
    const { host } = duel.traced;
    const before = duel.traced.run(block, {});
    for (const index of [0, 2, 1]) told(index);
    expect(host.collect(3, Next.DONE)).toEqual(before);
  });
});

describe('the module that ships', () => {
  const hook = /^ *(if \(.*\) )?trace[A-Z]\w*\(.*\);\n/gm;

  test('neither imports nor exports anything for tracing', async () => {
    const release = new WebAssembly.Module((await buildCore('release')) as Uint8Array<ArrayBuffer>);
    const traced = new WebAssembly.Module((await buildCore('trace')) as Uint8Array<ArrayBuffer>);
    const imports = (module: WebAssembly.Module) => WebAssembly.Module.imports(module).map(({ name }) => name);
    const exports = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(imports(traced).filter((name) => !imports(release).includes(name))).toEqual(['trace']);
    expect(
      exports(traced)
        .filter((name) => !exports(release).includes(name))
        .sort(),
    ).toEqual(['observe', 'peek', 'peekRecord', 'replay']);
  });

  test('cannot be observed, and the trace build opens as it does', async () => {
    const memory = createMemory(2);
    expect(eventsOf({ stepped: () => {}, logged: () => {} })).toBe(TraceEvent.STEPPED | TraceEvent.LOGGED);
    const tracing = new Tracing(memory);
    const open = async (target: string) =>
      openCore(await WebAssembly.compile((await buildCore(target)) as Uint8Array<ArrayBuffer>), memory, {
        clockBase: 0,
        mayWait: false,
        trace: tracing.trace,
      });
    const release = await open('release');
    expect(() => tracing.connect(release)).toThrow('this build of the core cannot be traced');
    expect(() => tracing.state).toThrow('no instance is traced');
    const traced = await open('trace');
    expect(() => tracing.connect(traced)).not.toThrow();
  });

  test('is byte for byte what a source without the hooks compiles to', { timeout: 300_000 }, async () => {
    let removed = 0;
    let compiled: Uint8Array | undefined;
    const { error } = await asc.main(
      [
        'assembly/index.ts',
        '--baseDir',
        root,
        '--config',
        'asconfig.json',
        '--target',
        'release',
        '--outFile',
        'bare.wasm',
      ],
      {
        readFile(name, baseDir) {
          try {
            const text = readFileSync(join(baseDir, name), 'utf8');
            if (!name.includes('execute/evm/')) return text;
            return text
              .replace(hook, () => {
                removed++;
                return '';
              })
              .replace(' || !takeTracing()', '');
          } catch {
            return null;
          }
        },
        writeFile(name, content) {
          if (name.endsWith('.wasm')) compiled = content as Uint8Array;
        },
      },
    );
    expect(error).toBeNull();
    expect(removed).toBeGreaterThanOrEqual(15);
    expect(Buffer.compare(compiled!, await buildCore('release'))).toBe(0);
  });
});
