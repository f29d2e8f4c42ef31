// Init code that its creator changes between two creations, by each instruction that writes memory, against the library.
import { beforeAll, expect, test } from 'vitest';
import { program } from '../../support/evm-program.ts';
import { addressOf, EvmDuel, scenarioOf } from '../../support/evm-scenario.ts';

const CREATOR = 0xca11n;
/** Its code is both versions, one behind the other. */
const LIBRARY = 0xec40n;
/** Answers with what it is called with. */
const ECHO = 0xec41n;
const IDENTITY = 4n;

/** Where the creator's memory has the init code, and where it has both versions. */
const [AT, VERSIONS] = [64, 256];
/** The byte in front of the destination. */
const FRONT = 6;
const VERSION_BYTES = 32;

/** Jumps over `front`, to byte 7: nothing, or a PUSH1 that makes the destination its data. */
const version = (front: '00' | '60'): string => `600756000000${front}5b600160015500`.padEnd(2 * VERSION_BYTES, '00');
const OPEN = version('00');
const SHUT = version('60');

/** Puts version `which` where the init code is. */
type Writer = (which: 0 | 1) => string;

const WRITERS: Readonly<Record<string, Writer>> = {
  MSTORE8: (which) => `${which === 0 ? '0x00' : '0x60'} ${AT + FRONT} MSTORE8`,
  MSTORE: (which) => `0x${which === 0 ? OPEN : SHUT} ${AT} MSTORE`,
  'MSTORE that begins before it': (which) => `${which === 0 ? 0 : 0x60} ${AT + FRONT - 31} MSTORE`,
  CALLDATACOPY: (which) => `32 ${which * VERSION_BYTES} ${AT} CALLDATACOPY`,
  CODECOPY: (which) => `32 ${which === 0 ? 64 : 32} CODESIZE SUB ${AT} CODECOPY`,
  EXTCODECOPY: (which) => `32 ${which * VERSION_BYTES} ${AT} ${LIBRARY} EXTCODECOPY`,
  RETURNDATACOPY: (which) =>
    `0 0 32 ${VERSIONS + which * VERSION_BYTES} 0 ${IDENTITY} GAS CALL POP 32 0 ${AT} RETURNDATACOPY`,
  'CALL of a precompile': (which) => `32 ${AT} 32 ${VERSIONS + which * VERSION_BYTES} 0 ${IDENTITY} GAS CALL POP`,
  'CALL of a contract': (which) => `32 ${AT} 32 ${VERSIONS + which * VERSION_BYTES} 0 ${ECHO} GAS CALL POP`,
  'DELEGATECALL of a contract': (which) =>
    `32 ${AT} 32 ${VERSIONS + which * VERSION_BYTES} ${ECHO} GAS DELEGATECALL POP`,
  'STATICCALL that writes one byte': (which) =>
    `1 ${AT + FRONT} 1 ${VERSIONS + which * VERSION_BYTES + FRONT} ${IDENTITY} GAS STATICCALL POP`,
};

let duel: EvmDuel;
beforeAll(async () => {
  duel = await EvmDuel.create();
});

test.each(
  Object.entries(WRITERS).flatMap(([name, writer]) =>
    (['byzantium', 'london'] as const).map((fork) => [name, fork, writer] as const),
  ),
)('%s into init code decides where its next creation may be entered, on %s', async (_, fork, writer) => {
  const create = (slot: number) => `${VERSION_BYTES + 8} ${AT} 0 CREATE ISZERO 2 ADD ${slot} SSTORE`;
  // What halts takes all gas but a 64th, so that no more than two may.
  const steps = [0, 1, 0, 1, 0].map((which, at) => `${writer(which as 0 | 1)} ${create(at)}`);
  const code = program(
    `32 0 ${AT} CALLDATACOPY 64 0 ${VERSIONS} CALLDATACOPY ${create(8)} ${steps.join(' ')} STOP #${OPEN}${SHUT}`,
  );
  const data = Buffer.from(OPEN + SHUT, 'hex');
  const scenario = scenarioOf({
    fork,
    contracts: new Map([
      [CREATOR, code],
      [LIBRARY, data],
      [ECHO, program('CALLDATASIZE 0 0 CALLDATACOPY CALLDATASIZE 0 RETURN')],
    ]),
    transactions: [{ to: addressOf(CREATOR), data, gasLimit: 900_000_000n }],
  });
  expect(await duel.difference(scenario)).toBeUndefined();
  expect(duel.seen.success).toBeGreaterThan(0);
});
