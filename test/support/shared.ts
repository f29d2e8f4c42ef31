// Where the shared test data is: real blocks and vectors that lie beside the checkout and are never copied into it.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.env.PEVM_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Absolute path of the shared folder (`PEVM_SHARED`, else `../shared` beside the checkout), if it is there. */
export const sharedFolder: string | undefined = existsSync(folder) ? resolve(folder) : undefined;

if (sharedFolder === undefined && process.env.PEVM_REQUIRE_SHARED === '1') {
  throw new Error(`PEVM_REQUIRE_SHARED is set, but there is no folder ${folder}`);
}

let told = false;

/**
 * For `describe.skipIf(withoutShared())`: whether the tests that need shared data must be skipped. Says so once.
 *
 * @param part a folder or file below the shared folder, such as `mainnet`
 */
export function withoutShared(part = '.'): boolean {
  const missing = sharedFolder === undefined || !existsSync(resolve(sharedFolder, part));
  if (missing && process.env.PEVM_REQUIRE_SHARED === '1') throw new Error(`the shared folder has no ${part}`);
  if (missing && !told) {
    told = true;
    console.warn(`skipped: no shared test data at ${resolve(folder, part)} (PEVM_SHARED names another folder)`);
  }
  return missing;
}
