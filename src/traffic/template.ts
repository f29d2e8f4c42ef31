// Templates: state of contracts that were really deployed, written down so that copies can be made for other addresses.
import { hexToBytes } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';

/**
 * Bytes in which addresses are left open. Hex digits stand for themselves, `{role}` for the 20 bytes of an address, and
 * `[…]` for the keccak256 of what is between the brackets. A trailing `+n` adds n (decimal) to the number they make.
 * `[000000000000000000000000{holder}00…00]` is the slot of a balance in the mapping at slot 0.
 */
export type Template = string;

/** Addresses of the roles in a template, 40 hex digits without `0x`. */
export type Roles = Readonly<Record<string, string>>;

/** Fills a template: hex digits without `0x`. */
export function fillTemplate(template: Template, roles: Roles): string {
  const plus = template.lastIndexOf('+');
  if (plus !== -1) {
    const digits = fillTemplate(template.slice(0, plus), roles);
    const sum = BigInt(`0x${digits}`) + BigInt(template.slice(plus + 1));
    return BigInt.asUintN(digits.length * 4, sum)
      .toString(16)
      .padStart(digits.length, '0');
  }
  let text = template.replace(/\{(\w+)\}/g, (_, role: string) => {
    const address = roles[role];
    if (address === undefined) throw new TypeError(`template: no address for the role "${role}"`);
    return address;
  });
  // innermost brackets first: what is left between them is plain hex
  while (text.includes('[')) {
    text = text.replace(/\[([0-9a-f]*)\]/g, (_, digits: string) => hash(digits));
  }
  return text;
}

/** The roles that a template leaves open. */
export function rolesOf(template: Template): Set<string> {
  return new Set(Array.from(template.matchAll(/\{(\w+)\}/g), ([, role]) => role ?? ''));
}

function hash(digits: string): string {
  return Array.from(keccak_256(hexToBytes(`0x${digits}`)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
