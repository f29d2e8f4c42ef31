// Creation code of the contracts in the traffic block: compiled from src/traffic/contracts.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** What we use of solc's standard JSON interface; the package brings no types. */
interface Solc {
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string;
}

interface SolcOutput {
  errors?: readonly { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { evm: { bytecode: { object: string } } }>>;
}

const sources = ['token', 'collectible', 'pair', 'pool', 'factory', 'router', 'provider', 'predeploys'];

/** Creation code by contract name, hex without `0x`. `folder` holds the Solidity sources. */
export function creationCodes(folder: string): Record<string, string> {
  const solc: Solc = require('solc');
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(
      sources.map((name) => [`${name}.sol`, { content: readFileSync(join(folder, `${name}.sol`), 'utf8') }]),
    ),
    settings: {
      evmVersion: 'prague',
      optimizer: { enabled: true, runs: 200 },
      viaIR: true,
      // no hash of sources and settings behind the code: the product depends on what the code does alone
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
    },
  };
  const output: SolcOutput = JSON.parse(solc.compile(JSON.stringify(input), { import: readPackageSource }));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));

  const codes: Record<string, string> = {};
  for (const contracts of Object.values(output.contracts)) {
    for (const [name, { evm }] of Object.entries(contracts)) {
      // Interfaces have none.
      if (evm.bytecode.object !== '') codes[name] = evm.bytecode.object;
    }
  }
  return codes;
}

function readPackageSource(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(require.resolve(path), 'utf8') };
  } catch (error) {
    return { error: String(error) };
  }
}
